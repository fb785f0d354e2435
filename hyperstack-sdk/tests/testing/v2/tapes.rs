//! Tapes: numbered records, cursors and refusals.

use hyperstack_sdk::testing::{ServerError, TestServer};
use serde_json::{json, Value};

use crate::client::Client;

/// A server with a tape that retains four records, and a client.
async fn tape() -> (TestServer, Client) {
    let server = TestServer::builder().tape("Log/append", 4);
    let server = server.start().await.unwrap();
    let client = Client::connect(&server).await;
    (server, client)
}

fn publish(server: &TestServer, numbers: std::ops::Range<u64>) {
    for n in numbers {
        server.upsert("Log", &format!("k{}", n % 2), json!({"n": n}));
    }
}

fn query(after: impl Into<Option<String>>) -> Value {
    json!({"view": "Log/append", "after": after.into()})
}

/// The offsets of records, `-` if a record has none.
fn offsets(frames: &[Value]) -> Vec<String> {
    let records = frames.iter().filter(|frame| frame["op"] == "patch");
    let offset = |record: &Value| record["offset"].as_u64();
    records
        .map(|record| offset(record).map_or("-".to_owned(), |offset| offset.to_string()))
        .collect()
}

#[tokio::test]
async fn a_tape_replays_its_records_and_then_sends_live_ones() {
    let (server, mut client) = tape().await;
    publish(&server, 0..2);
    let answer = client.open("t", query(None)).await;
    let epoch = server.cursor("Log/append").epoch().to_owned();
    assert_eq!(
        answer[0],
        json!({
            "protocolVersion": 2, "subscriptionId": "t", "op": "subscribed",
            "query": {"view": "Log/append"}, "mode": "append", "wholeEntities": true,
            "replayWindow": {"epoch": epoch, "earliest": 0, "next": 2}
        })
    );
    assert_eq!(offsets(&answer), ["0", "1"]);
    server.append("Log", "k0", json!({"lines": ["x"]}), &["lines"]);
    server.delete("Log", "k0");
    server.patch("Log", "k0", json!({"n": 9}));
    server.upsert("Log", "k0", json!({"n": 3}));
    let records = super::values(client.drain_v2().await);
    assert_eq!(offsets(&records), ["2", "3"]);
    assert_eq!(records[0]["append"], json!(["lines"]));
    assert_eq!(records[0]["mode"], "append");
    assert_eq!(records[1]["op"], "patch");
    assert_eq!(server.retained("Log/append"), 0..4);
    publish(&server, 4..5);
    assert_eq!(server.retained("Log/append"), 1..5);
    assert_eq!(server.cursor("Log/append").offset(), Some(4));
}

#[tokio::test]
async fn keys_and_filters_leave_records_out() {
    let (server, mut client) = tape().await;
    publish(&server, 0..3);
    for (id, option, found) in [
        ("key", json!({"key": "k0"}), ["0", "2"].as_slice()),
        ("filter", json!({"filters": {"n": 1}}), &["1"]),
        ("float", json!({"filters": {"n": 1.0}}), &[]),
        ("wide", json!({"filters": {"wide": "7"}}), &[]),
    ] {
        let mut query = query(None);
        for (name, value) in option.as_object().unwrap() {
            query[name] = value.clone();
        }
        assert_eq!(offsets(&client.open(id, query).await), found, "{id}");
    }
    // The published record is compared, and not the row.
    server.patch("Log", "k1", json!({"wide": "7"}));
    let frames = super::values(client.drain_v2().await);
    let ids: Vec<_> = frames.iter().map(|it| &it["subscriptionId"]).collect();
    assert_eq!(ids, ["wide"]);
}

#[tokio::test]
async fn a_large_retained_record_is_compressed_and_a_live_one_is_not() {
    let (server, mut client) = tape().await;
    server.upsert("Log", "a", json!({"text": "x".repeat(2_000)}));
    client.ask("t", query(None)).await;
    let got = client.drain_v2().await;
    assert_eq!(
        got.iter().map(|it| it.gzip).collect::<Vec<_>>(),
        [false, true]
    );
    server.upsert("Log", "a", json!({"text": "x".repeat(2_000)}));
    assert!(!client.drain_v2().await[0].gzip);
}

#[tokio::test]
async fn a_cursor_that_cannot_be_resumed_is_refused_with_the_window() {
    let (server, mut client) = tape().await;
    publish(&server, 0..7);
    server.mark_gap();
    publish(&server, 7..9);
    let epoch = server.cursor("Log/append").epoch().to_owned();
    let window = json!({"epoch": epoch, "earliest": 5, "next": 9, "gapAfter": 6});
    for (cursor, code) in [
        (format!("{epoch}:3"), "cursor-expired"),
        (format!("{epoch}:9"), "cursor-unknown"),
        (format!("{epoch}:6"), "replay-gap"),
        ("other:8".to_owned(), "cursor-epoch-changed"),
        ("312000001:000000000000".to_owned(), "cursor-epoch-changed"),
        (format!("{epoch}:start"), "invalid-cursor"),
        ("nonsense".to_owned(), "invalid-cursor"),
    ] {
        client.ask("t", query(cursor.clone())).await;
        let error = client.next().await.unwrap();
        assert!(error.text, "{cursor}");
        let error = error.value;
        assert_eq!(error["code"], code, "{cursor}");
        assert_eq!(
            (&error["fatal"], &error["retryable"]),
            (&json!(false), &json!(false))
        );
        let has_window = code != "invalid-cursor";
        assert_eq!(error["replayWindow"] == window, has_window, "{error}");
        assert_eq!(error["suggestedAction"].is_string(), has_window);
    }
    for (name, value) in [("take", 1), ("skip", 0), ("snapshotLimit", 1)] {
        let mut query = query(None);
        query[name] = json!(value);
        assert_eq!(
            client.open("t", query).await[0]["code"],
            "invalid-subscription"
        );
    }
    // A refusal frees the id, and the acknowledgement has the hole.
    let answer = client.open("t", query(format!("{epoch}:7"))).await;
    assert_eq!(answer[0]["replayWindow"], window);
    assert_eq!(offsets(&answer), ["8"]);
}

#[tokio::test]
async fn an_empty_tape_accepts_an_old_cursor_and_hides_records() {
    let (server, mut client) = tape().await;
    publish(&server, 0..3);
    let cursor = server.cursor("Log/append");
    server.restart().await.unwrap();
    assert_ne!(server.cursor("Log/append").epoch(), cursor.epoch());
    client = {
        drop(client);
        Client::connect(&server).await
    };
    let answer = client.open("t", query(cursor.to_string())).await;
    assert_eq!(answer[0]["replayWindow"]["next"], 0);
    publish(&server, 0..4);
    let records = super::values(client.drain_v2().await);
    assert_eq!(offsets(&records), ["3"]);
    let answer = client.open("u", query(cursor.to_string())).await;
    assert_eq!(answer[0]["code"], "cursor-epoch-changed");
}

#[tokio::test]
async fn a_tape_that_lags_stops_and_says_where_to_resume() {
    let (server, mut client) = tape().await;
    client.open("t", query(None)).await;
    for before in [0, 2] {
        publish(&server, 0..before);
        let read = offsets(&super::values(client.drain_v2().await));
        server.lag("Log/append", 6);
        publish(&server, 0..1);
        let got = client.drain_v2().await;
        assert_eq!((got.len(), got[0].text), (1, false));
        let error = &got[0].value;
        assert_eq!(
            (&error["code"], &error["fatal"]),
            (&json!("replay-lagged"), &json!(false))
        );
        let epoch = server.cursor("Log/append").epoch().to_owned();
        let cursor = read.last().map(|offset| format!("{epoch}:{offset}"));
        assert_eq!(error["recoverFrom"], json!(cursor));
        let answer = client.open("t", query(None)).await;
        assert_eq!(answer[0]["code"], "duplicate-subscription-id");
        client.unsubscribe("t").await;
        client.frame().await;
        client.open("t", query(cursor)).await;
    }
}

#[tokio::test]
async fn a_restart_with_rows_keeps_the_records_and_ends_the_seal() {
    let (server, mut client) = tape().await;
    client.open("t", query(None)).await;
    publish(&server, 0..2);
    server.seal_tapes();
    publish(&server, 2..3);
    let records = super::values(client.drain_v2().await);
    assert_eq!(offsets(&records), ["0", "1", "-"]);
    let cursor = server.cursor("Log/append");
    server.restart_with_rows();
    publish(&server, 3..4);
    let mut client = Client::connect(&server).await;
    let answer = client.open("t", query(cursor.to_string())).await;
    assert_eq!(offsets(&answer), ["2"]);
    assert_eq!(server.cursor("Log/append").epoch(), cursor.epoch());
}

#[tokio::test]
async fn only_an_append_view_can_be_a_tape() {
    for id in ["Log/list", "Log", "/append"] {
        let started = TestServer::builder().tape(id, 4).start().await;
        assert!(matches!(started, Err(ServerError::TapeId(_))), "{id}");
    }
}
