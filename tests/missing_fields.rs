//! A field that the server never sends is reported by its name, with the similar name that the server does send.

use std::collections::BTreeMap;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::{Feed, MissingField};
use serde_json::{json, Value};

use crate::support::*;

/// A server of these rows of the entity `Token`, and a client.
async fn scene(
    protocol: Protocol,
    rows: impl IntoIterator<Item = Value>,
) -> anyhow::Result<(TestServer, HyperStack, Feed<Fault>)> {
    let server = TestServer::builder().protocol(protocol).entity("Token");
    let server = server.start().await?;
    for (n, row) in rows.into_iter().enumerate() {
        server.upsert("Token", &n.to_string(), row);
    }
    let hs = client(&server).connect().await?;
    let faults = hs.faults();
    Ok((server, hs, faults))
}

/// Reads the rows as `T`. Returns the faults as text.
async fn faults<T>(protocol: Protocol, rows: impl IntoIterator<Item = Value>) -> Vec<String>
where
    T: Record + Entity<Data = T>,
{
    let (server, hs, mut faults) = scene(protocol, rows).await.unwrap();
    soon(hs.list::<T>()).await;
    let mut found = Vec::new();
    let mark = hyperstack_sdk::testing::Refusal::new("end");
    server.send_issue(&mark, false);
    loop {
        match next(&mut faults).await {
            Fault::Issue(issue) if issue.code == "end" => return found,
            fault => found.push(fault.to_string()),
        }
    }
}

/// Reads the rows as `T` under both protocols, and expects these faults.
async fn expect<T>(rows: &[Value], expected: &[&str])
where
    T: Record + Entity<Data = T>,
{
    for protocol in [Protocol::V1, Protocol::V2] {
        let found = faults::<T>(protocol, rows.iter().cloned()).await;
        assert_eq!(found, expected, "{protocol}");
    }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Token")]
struct Required {
    mint: Option<String>,
    last_price: f64,
}

#[tokio::test]
async fn a_list_of_partial_rows_is_an_error() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let rows = (0..48).map(|n| json!({"mint": format!("m{n}"), "lastPrice": n}));
        let (server, hs, mut faults) = scene(protocol, rows).await?;
        let error = soon(hs.try_list::<Required>()).await.unwrap_err();
        let ReadError::Partial {
            rows: 48,
            error: patch,
            sent: Some(sent),
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!((patch.path(), &sent[..]), ("last_price", "lastPrice"));
        let text = error.to_string();
        let start = "Token/list: 48 rows arrived, but none is complete: Token.last_price: missing";
        assert!(text.starts_with(start), "{text}");
        assert!(text.ends_with("; the server sends `lastPrice`"), "{text}");
        assert_eq!(soon(hs.list::<Required>()).await, []);

        let fault = next(&mut faults).await;
        let text =
            "Token/list: Token.last_price: missing in 48 of 48 rows; the server sends `lastPrice`";
        assert_eq!(fault.to_string(), text);
        let Fault::MissingField(MissingField { field, rows, .. }) = fault else {
            panic!("{fault}");
        };
        assert_eq!((&field[..], rows), ("Token.last_price", 48));

        // A row that is complete is shown, and the other rows no longer make the list an error.
        server.upsert("Token", "7", json!({"mint": "m7", "last_price": 7}));
        let mut updates = hs.watch::<Required>();
        assert_eq!(next(&mut updates).await.key(), "7");
        assert_eq!(soon(hs.try_list::<Required>()).await?.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_row_that_is_partial_is_an_error_of_its_read() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let rows = [json!({"mint": "a", "lastPrice": 1})];
        let (_server, hs, mut faults) = scene(protocol, rows).await?;
        let error = soon(hs.try_get::<Required>("0")).await.unwrap_err();
        assert!(
            matches!(&error, ReadError::Partial { rows: 1, sent: Some(sent), .. } if sent == "lastPrice"),
            "{error}"
        );
        assert_eq!(soon(hs.get::<Required>("0")).await, None);
        assert_eq!(soon(hs.try_get::<Required>("1")).await?, None);
        let text = next(&mut faults).await.to_string();
        let end = "Token.last_price: missing in 1 of 1 rows; the server sends `lastPrice`";
        assert!(text.ends_with(end), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_missing_field_is_reported_once() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs, mut faults) = scene(protocol, [json!({"lastPrice": 1})]).await?;
        let mut updates = hs.watch::<Optional>();
        next(&mut updates).await;
        let fault = next(&mut faults).await;
        assert!(matches!(fault, Fault::MissingField(_)), "{fault}");
        server.upsert("Token", "1", json!({"lastPrice": 2}));
        next(&mut updates).await;
        server.drop_connections();
        let fault = next(&mut faults).await;
        assert!(matches!(fault, Fault::Connection(_)), "{fault}");
        server.upsert("Token", "2", json!({"lastPrice": 3}));
        next(&mut updates).await;
        settled(&server, &mut faults).await;
    }
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Token")]
struct Optional {
    last_price: Option<f64>,
    #[field(alias = "vol")]
    volume: Option<u64>,
}

#[tokio::test]
async fn an_optional_field_with_another_name_is_reported() {
    let rows = [
        json!({"lastPrice": 1}),
        json!({"lastPrice": 2, "volume": 1}),
    ];
    let text = "Token/list: Token.last_price: missing in 2 of 2 rows; the server sends `lastPrice`";
    expect::<Optional>(&rows, &[text]).await;
}

#[tokio::test]
async fn a_field_that_a_row_has_is_not_reported() {
    // In one row, under its alias, or as null.
    let rows = [json!({"lastPrice": 1, "vol": 1}), json!({"last_price": 2})];
    expect::<Optional>(&rows, &[]).await;
    let rows = [json!({"lastPrice": 1, "last_price": null, "volume": null, "volumes": 1})];
    expect::<Optional>(&rows, &[]).await;
}

#[tokio::test]
async fn an_optional_field_without_a_similar_name_is_not_reported() {
    expect::<Optional>(&[json!({"mint": "a"}), json!({})], &[]).await;
    expect::<Optional>(&[], &[]).await;
}

#[tokio::test]
async fn a_field_that_does_not_decode_is_not_missing() {
    let rows = [json!({"last_price": "high", "lastPrice": 1, "volume": 1})];
    for protocol in [Protocol::V1, Protocol::V2] {
        let found = faults::<Optional>(protocol, rows.clone()).await;
        assert!(!found.is_empty());
        for fault in found {
            assert!(fault.contains("invalid value: string \"high\""), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_required_field_that_is_never_sent_is_reported_without_a_similar_name() {
    let rows = [json!({"mint": "a"}), json!({"mint": "b"})];
    expect::<Required>(
        &rows,
        &["Token/list: Token.last_price: missing in 2 of 2 rows"],
    )
    .await;
    // The field may still come if another row has it.
    let rows = [json!({"mint": "a"}), json!({"mint": "b", "last_price": 2})];
    expect::<Required>(&rows, &[]).await;
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Token")]
struct Nested {
    state: State,
    extra: Option<State>,
    pools: BTreeMap<String, State>,
    bets: Vec<Bet>,
    config: Option<Bet>,
    #[field(rename = "roundState")]
    round: Option<State>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct State {
    last_price: Option<f64>,
    market: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Leaf)]
struct Bet {
    open_price: Option<f64>,
}

#[tokio::test]
async fn a_nested_field_with_another_name_is_reported_by_its_path() {
    let state = json!({"lastPrice": 1, "market": "m"});
    let good = json!({"last_price": 1, "market": "m"});
    let all = json!({
        "state": state,
        "extra": state,
        "pools": {"a": state, "b": state},
        "bets": [{"openPrice": 1}],
        "config": {"openPrice": 1},
        "round_state": good,
    });
    // Until a row has a section, an entry or an element, nothing is known of its fields.
    let first = json!({"state": {}, "extra": null, "pools": {}, "bets": [], "config": null});
    let reports = [
        "Token.roundState: missing in 2 of 2 rows; the server sends `round_state`",
        "Token.bets.open_price: missing in 2 of 2 rows; the server sends `openPrice`",
        "Token.config.open_price: missing in 2 of 2 rows; the server sends `openPrice`",
        "Token.extra.last_price: missing in 2 of 2 rows; the server sends `lastPrice`",
        "Token.pools.*.last_price: missing in 2 of 2 rows; the server sends `lastPrice`",
        "Token.state.last_price: missing in 2 of 2 rows; the server sends `lastPrice`",
    ];
    for protocol in [Protocol::V1, Protocol::V2] {
        let found = faults::<Nested>(protocol, [first.clone(), all.clone()]).await;
        let found: Vec<_> = found
            .iter()
            .map(|text| text.strip_prefix("Token/list: ").unwrap())
            .collect();
        assert_eq!(found, reports, "{protocol}");
    }
    // What one entry or one section has is known.
    let mut good_pools = all.clone();
    good_pools["pools"]["b"] = good.clone();
    good_pools["extra"] = good.clone();
    for protocol in [Protocol::V1, Protocol::V2] {
        let found = faults::<Nested>(protocol, [good_pools.clone()]).await;
        assert_eq!(found.len(), 4, "{found:?}");
    }
}

#[tokio::test]
async fn a_required_field_of_a_section_with_another_name_is_reported_at_the_section() {
    #[derive(Debug, Clone, PartialEq, Entity)]
    #[entity(name = "Token")]
    struct Outer {
        inner: Inner,
    }

    #[derive(Debug, Clone, PartialEq, Section)]
    struct Inner {
        price: f64,
    }

    let text = "Token/list: Token.inner: missing in 1 of 1 rows; the server sends `Inner`";
    expect::<Outer>(&[json!({"Inner": {"price": 1}})], &[text]).await;
    let text = "Token/list: Token.inner.price: missing in 1 of 1 rows; the server sends `Price`";
    expect::<Outer>(&[json!({"inner": {"Price": 1}})], &[text]).await;
}
