//! A stack bundles a server's URL and the views of its entities. Rows have typed keys.

use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Sort, TestServer};
use serde_json::json;

use crate::support::*;

#[derive(Stack)]
#[stack(
    name = "ore",
    url = "ws://127.0.0.1:1",
    entities(OreRound, OreTreasury)
)]
struct OreStack;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[entity(key(id.round_id: u64))]
#[view(latest, single)]
struct OreRound {
    id: RoundId,
    motherlode: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct RoundId {
    round_id: u64,
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[entity(key = "address")]
struct OreTreasury {
    address: String,
    balance: Option<u64>,
}

async fn ore() -> anyhow::Result<TestServer> {
    let server = TestServer::builder()
        .entity("OreRound")
        .entity("OreTreasury")
        .view("OreRound/latest", Sort::desc("id.round_id"), 1)
        .start()
        .await?;
    for id in [41, 42] {
        let round = json!({"id": {"round_id": id}, "motherlode": 1.5});
        server.upsert("OreRound", &id.to_string(), round);
    }
    let treasury = json!({"address": "So1", "balance": "7"});
    server.upsert("OreTreasury", "So1", treasury);
    Ok(server)
}

#[tokio::test]
async fn a_stack_connects_and_has_the_views_of_its_entities() -> anyhow::Result<()> {
    let server = ore().await?;
    let ore = OreStack::connect_to(server.url()).await?;
    let latest = soon(ore.ore_round.latest().get()).await;
    assert_eq!(latest.map(|round| round.id.round_id), Some(42));
    let treasuries = soon(ore.ore_treasury.list().get()).await;
    assert_eq!(treasuries.len(), 1);
    assert_eq!(treasuries[0].balance, Some(7));
    assert_eq!(soon(ore.hyperstack().list::<OreRound>()).await.len(), 2);
    assert_eq!((OreStack::NAME, OreStack::URL), ("ore", "ws://127.0.0.1:1"));
    Ok(())
}

#[tokio::test]
async fn the_stacks_own_url_is_the_default() {
    let error = OreStack::connect().await.map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[derive(Stack)]
#[stack(entities(OreTreasury))]
struct Elsewhere;

#[tokio::test]
async fn a_stack_without_a_url_needs_one() -> anyhow::Result<()> {
    let server = ore().await?;
    let ore = Elsewhere::connect_to(server.url()).await?;
    assert_eq!(soon(ore.ore_treasury.list().get()).await.len(), 1);
    let error = Elsewhere::builder().connect().await.map(drop).unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Config(hyperstack_sdk::ConfigError::MissingUrl)
        ),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn a_stack_takes_all_settings() -> anyhow::Result<()> {
    let server = ore().await?;
    let builder = OreStack::builder().linger(Duration::ZERO);
    let ore = OreStackClient::new(builder.url(server.url()).connect().await?);
    let mut rounds = ore.ore_round.latest().watch();
    assert_eq!(
        soon(rounds.next()).await.map(|u| u.key().to_owned()),
        Some("42".to_owned())
    );
    Ok(())
}

/// The connection lives as long as any handle of the client.
#[tokio::test]
async fn views_keep_the_connection_open() -> anyhow::Result<()> {
    let server = ore().await?;
    let OreStackClient { ore_round, .. } = OreStack::connect_to(server.url()).await?;
    assert!(soon(ore_round.latest().get()).await.is_some());
    Ok(())
}

#[tokio::test]
async fn a_row_is_read_by_its_key_in_any_form() -> anyhow::Result<()> {
    let server = ore().await?;
    let ore = OreStack::connect_to(server.url()).await?;
    let rounds = ore.ore_round.state();
    let round = soon(rounds.get(42)).await.expect("a round");
    let (key, text) = (*round.key().unwrap(), "42".to_owned());
    assert_eq!(key, 42_u64);
    assert_eq!(soon(rounds.get(key)).await.as_ref(), Some(&round));
    assert_eq!(soon(rounds.get("42")).await.as_ref(), Some(&round));
    assert_eq!(soon(rounds.get(&text)).await.as_ref(), Some(&round));
    assert_eq!(
        soon(rounds.get(41))
            .await
            .and_then(|round| round.key().copied()),
        Some(41)
    );
    let treasury = soon(ore.ore_treasury.state().get("So1"))
        .await
        .expect("one");
    let again = soon(ore.ore_treasury.state().get(treasury.key().unwrap())).await;
    assert_eq!(again.as_ref(), Some(&treasury));
    Ok(())
}
