//! A test server takes rows as values of a struct, and refuses JSON with names that the struct lacks.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{catch_unwind, AssertUnwindSafe};

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::{json, Value};

use crate::support::{next, soon};

#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(key(id.number: u64))]
struct Round {
    id: RoundId,
    prize: Option<f64>,
    closed_at: Option<Option<i64>>,
    winners: Vec<String>,
    bets: BTreeMap<String, Bet>,
    phase: Phase,
    big: u64,
    note: Value,
}

#[derive(Debug, Clone, PartialEq, Section)]
#[section(rename_all = "camelCase")]
struct RoundId {
    number: u64,
    round_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Bet {
    amount: u64,
}

#[derive(Debug, Clone, PartialEq, Leaf)]
struct Phase {
    names: BTreeMap<String, u32>,
}

/// Another struct of the same entity.
#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Round")]
struct Prize {
    prize: Option<f64>,
    currency: Option<String>,
}

fn phase(name: &str) -> Phase {
    Phase {
        names: [(name.to_owned(), 1)].into(),
    }
}

fn round() -> Round {
    let bet = |amount| Bet { amount };
    Round {
        id: RoundId {
            number: 7,
            round_name: None,
        },
        prize: Some(0.1),
        closed_at: Some(None),
        winners: vec!["ann".to_owned(), "bob".to_owned()],
        bets: [("ann", 1), ("bob", 2)]
            .map(|(name, amount)| (name.to_owned(), bet(amount)))
            .into(),
        phase: phase("open"),
        big: u64::MAX,
        note: json!({"any": [1, null]}),
    }
}

async fn server(protocol: Protocol) -> anyhow::Result<TestServer> {
    let builder = TestServer::builder().protocol(protocol).entity("Round");
    Ok(builder.start().await?)
}

async fn a_typed_row_arrives_as_it_is(protocol: Protocol) -> anyhow::Result<()> {
    let server = server(protocol).await?;
    let first = round();
    assert!(server.put("Round", &first).is_some());
    let builder = HyperStack::builder().url(server.url()).protocol(protocol);
    let hs = builder.clone().connect().await?;
    let mut rounds = hs.watch::<Round>();
    let update = next(&mut rounds).await;
    assert_eq!((update.key(), update.data()), ("7", Some(&first)));

    let mut second = round();
    second.prize = None;
    second.winners.pop();
    second.bets.remove("ann");
    second.phase = phase("closed");
    server.put("Round", &second);
    assert_eq!(next(&mut rounds).await.data(), Some(&second));
    // A later client gets the same row.
    let late = builder.connect().await?;
    assert_eq!(soon(late.get::<Round>("7")).await, Some(second));
    let row = server.row("Round", "7").unwrap();
    assert_eq!(row["bets"], json!({"bob": {"amount": 2}}));
    Ok(())
}

#[tokio::test]
async fn a_typed_row_arrives_as_it_is_in_v1() -> anyhow::Result<()> {
    a_typed_row_arrives_as_it_is(Protocol::V1).await
}

#[tokio::test]
async fn a_typed_row_arrives_as_it_is_in_v2() -> anyhow::Result<()> {
    a_typed_row_arrives_as_it_is(Protocol::V2).await
}

/// Returns the message of the panic of a call.
fn panic_of<T: Debug>(call: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).expect_err("no panic");
    *panic.downcast::<String>().expect("a message")
}

#[tokio::test]
async fn json_with_an_unknown_name_is_refused_after_a_typed_row() -> anyhow::Result<()> {
    let server = server(Protocol::V2).await?;
    // Nothing is known about the entity yet.
    server.upsert("Round", "1", json!({"anything": 1}));
    server.put("Round", &round());
    let refused = |json: Value, expected: &str| {
        for call in [
            panic_of(|| server.upsert("Round", "7", json.clone())),
            panic_of(|| server.patch("Round", "7", json.clone())),
            panic_of(|| server.append("Round", "7", json.clone(), &["winners"])),
        ] {
            assert_eq!(
                call,
                format!("invalid JSON for the row \"7\" of `Round`: {expected}")
            );
        }
    };
    refused(
        json!({"prise": 1}),
        "Round.prise: no such field, did you mean `prize`?",
    );
    refused(
        json!({"id": {"round_name": "x"}}),
        "Round.id.round_name: no such field, did you mean `roundName`?",
    );
    refused(
        json!({"bets": {"ann": {"amuont": 1}}}),
        "Round.bets.*.amuont: no such field, did you mean `amount`?",
    );
    refused(json!({"currency": "SOL"}), "Round.currency: no such field");
    assert_eq!(server.row("Round", "7").unwrap()["prize"], json!(0.1));

    // Values that do not fit, and the names of raw JSON and of the protocol, are accepted.
    server.patch(
        "Round",
        "7",
        json!({"prize": "much", "note": {"what": 1}, "_seq": "1:1"}),
    );
    // Names of another struct of the entity are known once it has rows, too.
    let prize = Prize {
        prize: None,
        currency: None,
    };
    server.put_at("Round", "8", &prize);
    server.patch("Round", "8", json!({"currency": "SOL", "winners": []}));
    refused(
        json!({"curency": "SOL"}),
        "Round.curency: no such field, did you mean `currency`?",
    );
    Ok(())
}

#[tokio::test]
async fn a_typed_entity_refuses_unknown_names_from_the_start() -> anyhow::Result<()> {
    let server = TestServer::builder()
        .typed_entity::<Prize>()
        .start()
        .await?;
    let panic = panic_of(|| server.upsert("Round", "7", json!({"prices": 1})));
    assert!(
        panic.ends_with("Round.prices: no such field, did you mean `prize`?"),
        "{panic}"
    );
    assert_eq!(server.rows("Round"), []);
    server.upsert("Round", "7", json!({"prize": 1.0}));
    let hs = HyperStack::connect(server.url()).await?;
    assert_eq!(soon(hs.list::<Prize>()).await.len(), 1);
    Ok(())
}
