//! A field that the server never sends is reported by its name, with the similar name that the server does send.

use std::collections::BTreeMap;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::{Feed, Lack, MissingField, PartialRows};
use serde_json::{json, Value};

use crate::support::*;

/// Starts a server with these rows of `Token`, and connects a client.
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
        let text = "the view \"Token/list\" has no complete row (48 partial): Token.last_price is required, \
                    but missing; the server sends `lastPrice`";
        assert!(error.to_string().starts_with(text), "{error}");
        let ReadError::Partial(PartialRows { rows: 48, .. }) = error else {
            panic!("{error}");
        };
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
async fn reading_a_partial_row_is_an_error() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let rows = [json!({"mint": "a", "lastPrice": 1})];
        let (_server, hs, mut faults) = scene(protocol, rows).await?;
        let error = soon(hs.try_get::<Required>("0")).await.unwrap_err();
        let ReadError::Partial(PartialRows { rows, lack, .. }) = error else {
            panic!("{error}");
        };
        let sent = Some("lastPrice".to_owned());
        assert_eq!((rows, lack), (1, Lack::Missing { sent }));
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
async fn a_misnamed_optional_field_is_reported() {
    let rows = [
        json!({"lastPrice": 1}),
        json!({"lastPrice": 2, "volume": 1}),
    ];
    let text = "Token/list: Token.last_price: missing in 2 of 2 rows; the server sends `lastPrice`";
    expect::<Optional>(&rows, &[text]).await;
}

#[tokio::test]
async fn a_field_that_one_row_has_is_not_reported() {
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
    // Another row has the field, so it may still come.
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
async fn a_misnamed_nested_field_is_reported_by_its_path() {
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
    // An empty section, map or list says nothing about the fields inside it.
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
    // A field is found if one entry has it.
    let mut good_pools = all.clone();
    good_pools["pools"]["b"] = good.clone();
    good_pools["extra"] = good.clone();
    for protocol in [Protocol::V1, Protocol::V2] {
        let found = faults::<Nested>(protocol, [good_pools.clone()]).await;
        assert_eq!(found.len(), 4, "{found:?}");
    }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Token")]
struct Outer {
    inner: Inner,
    pools: BTreeMap<String, Inner>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Inner {
    price: f64,
}

#[tokio::test]
async fn a_misnamed_section_is_reported_instead_of_its_fields() {
    let text = "Token/list: Token.inner: missing in 1 of 1 rows; the server sends `Inner`";
    expect::<Outer>(&[json!({"Inner": {"price": 1}, "pools": {}})], &[text]).await;
}

#[tokio::test]
async fn a_misnamed_required_field_of_a_section_is_reported() {
    let text = "Token/list: Token.inner.price: missing in 1 of 1 rows; the server sends `Price`";
    expect::<Outer>(&[json!({"inner": {"Price": 1}})], &[text]).await;
}

#[tokio::test]
async fn a_required_field_of_map_values_is_reported() -> anyhow::Result<()> {
    let row = |name: &str| json!({"inner": {"price": 1}, "pools": {"SOL": {name: 1}}});
    let text = "Token/list: Token.pools.*.price: missing in 1 of 1 rows";
    expect::<Outer>(&[row("x")], &[text]).await;
    for protocol in [Protocol::V1, Protocol::V2] {
        let (_server, hs, _) = scene(protocol, [row("Price")]).await?;
        let error = soon(hs.try_list::<Outer>()).await.unwrap_err().to_string();
        let text = "Token.pools.SOL.price is required, but missing; the server sends `Price`";
        assert!(error.contains(text), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_list_of_rows_with_bad_values_is_an_error_about_the_value() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (_server, hs, _) = scene(protocol, [json!({"last_price": "high"})]).await?;
        let error = soon(hs.try_list::<Required>()).await.unwrap_err();
        let ReadError::Partial(PartialRows { field, lack, .. }) = error else {
            panic!("{error}");
        };
        assert_eq!((&field[..], lack), ("Token.last_price", Lack::BadValue));
    }
    Ok(())
}

#[tokio::test]
async fn a_required_field_of_one_of_several_rows_is_reported() {
    #[derive(Debug, Clone, PartialEq, Entity)]
    #[entity(name = "Token")]
    struct Two {
        mint: String,
        last_price: f64,
    }

    let text = "Token/list: Token.last_price: missing in 2 of 2 rows";
    expect::<Two>(&[json!({"x": 1}), json!({"mint": "b"})], &[text]).await;
}

#[tokio::test]
async fn elements_of_different_types_are_surveyed_together() {
    #[derive(Debug, Clone, PartialEq, Entity)]
    #[entity(name = "Token")]
    struct Pairs {
        pairs: Vec<(Bet, State2)>,
    }

    #[derive(Debug, Clone, PartialEq, Leaf)]
    struct State2 {
        last_price: Option<f64>,
        market: Option<String>,
    }

    let good = json!([[{"open_price": 1}, {"last_price": 1, "market": "m"}]]);
    expect::<Pairs>(&[json!({"pairs": good})], &[]).await;
    let bad = json!([[{"open_price": 1}, {"lastPrice": 1, "market": "m"}]]);
    let text =
        "Token/list: Token.pairs.last_price: missing in 1 of 1 rows; the server sends `lastPrice`";
    expect::<Pairs>(&[json!({"pairs": bad})], &[text]).await;
}

#[tokio::test]
async fn every_element_of_a_list_is_surveyed() {
    #[derive(Debug, Clone, PartialEq, Entity)]
    #[entity(name = "Token")]
    struct Bets {
        bets: Vec<Numbered>,
    }

    #[derive(Debug, Clone, PartialEq, Leaf)]
    struct Numbered {
        id: u64,
        volume: Option<u64>,
    }

    let bets = json!([{"id": 1, "Volume": 1}, {"id": 2}, {"id": 3, "volume": 4}]);
    expect::<Bets>(&[json!({"bets": bets})], &[]).await;
}

#[tokio::test]
async fn the_first_rows_of_an_empty_view_are_surveyed() -> anyhow::Result<()> {
    let (server, hs, mut faults) = scene(Protocol::V2, []).await?;
    let mut updates = hs.watch::<Required>();
    assert!(pending(&mut updates).is_empty());
    assert_eq!(soon(hs.try_list::<Required>()).await?, []);
    server.upsert("Token", "a", json!({"lastPrice": 1}));
    server.upsert("Token", "b", json!({"lastPrice": 1}));
    let text = next(&mut faults).await.to_string();
    let end = "Token.last_price: missing in 1 of 1 rows; the server sends `lastPrice`";
    assert!(text.ends_with(end), "{text}");
    server.upsert("Token", "c", json!({"last_price": 1}));
    assert_eq!(next(&mut updates).await.key(), "c");
    settled(&server, &mut faults).await;
    Ok(())
}

#[tokio::test]
async fn rows_of_a_snapshot_that_was_cut_off_are_not_counted() -> anyhow::Result<()> {
    let server = TestServer::builder().entity("Token").start().await?;
    for n in 0..200 {
        server.upsert("Token", &n.to_string(), json!({"lastPrice": 1}));
    }
    let hs = client(&server).protocol(Protocol::V2).connect().await?;
    let mut faults = hs.faults();
    server.hold_replies();
    let rows = tokio::spawn({
        let hs = hs.clone();
        async move { hs.list::<Optional>().await.len() }
    });
    // The acknowledgement and the first batch.
    server.release_next(2);
    until(|| hs.stats().rows > 0).await;
    server.drop_connections();
    server.release_replies();
    assert_eq!(soon(rows).await?, 200);
    loop {
        if let Fault::MissingField(missing) = next(&mut faults).await {
            assert_eq!(missing.rows, 200);
            return Ok(());
        }
    }
}
