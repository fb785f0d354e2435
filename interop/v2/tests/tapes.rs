//! Tapes: append views with a journal (protocol-v2.md, section 6).

use hyperstack_interop_socket::Encoding;
use hyperstack_interop_v2::Server;
use serde_json::{json, Value};

use crate::support::*;

fn tape(after: Value) -> Value {
    json!({"view": "Player/append", "after": after})
}

/// Subscribes to the tape; returns the acknowledgement's window.
async fn open(client: &mut Client, id: &str, after: Value) -> Value {
    client.subscribe(id, tape(after)).await;
    client.expect(id, "subscribed").await["replayWindow"].clone()
}

/// Reads this many records; returns their offsets.
async fn offsets(client: &mut Client, id: &str, count: usize) -> Vec<u64> {
    let mut offsets = Vec::new();
    for _ in 0..count {
        let record = client.expect(id, "patch").await;
        offsets.push(record["offset"].as_u64().expect("an offset"));
    }
    offsets
}

async fn recorded(server: &Server, count: i64) {
    server
        .apply((0..count).map(|n| player(&format!("p{n}"), n)))
        .await;
}

#[tokio::test]
async fn a_tape_has_no_snapshot_and_replays_its_records_before_the_live_ones() {
    let server = players().tapes(100).start();
    recorded(&server, 3).await;
    let mut client = Client::connect(&server).await;
    let window = open(&mut client, "t", Value::Null).await;
    assert_eq!(
        (&window["earliest"], &window["next"]),
        (&json!(0), &json!(3))
    );
    assert!(window["epoch"].is_string());
    assert_eq!(offsets(&mut client, "t", 3).await, [0, 1, 2]);
    server.apply([change("p0", json!({"score": 9}))]).await;
    let record = client.expect("t", "patch").await;
    assert_eq!(
        (&record["offset"], &record["mode"]),
        (&json!(3), &json!("append"))
    );
    assert_eq!(record["data"]["name"], Value::Null);
}

#[tokio::test]
async fn a_tape_without_records_sends_an_acknowledgement_only() {
    let server = players().tapes(100).start();
    let mut client = Client::connect(&server).await;
    client
        .subscribe("t", json!({"view": "Player/append"}))
        .await;
    let ack = client.expect("t", "subscribed").await;
    assert_eq!(ack["replayWindow"]["earliest"], ack["replayWindow"]["next"]);
    assert_eq!(ack["wholeEntities"], true);
    client.open_view("a", "Player/list").await;
}

#[tokio::test]
async fn a_cursor_resumes_a_tape_behind_it() {
    let server = players().tapes(100).start();
    recorded(&server, 5).await;
    let mut client = Client::connect(&server).await;
    let window = open(&mut client, "a", Value::Null).await;
    offsets(&mut client, "a", 5).await;
    let epoch = window["epoch"].as_str().expect("an epoch");
    assert_eq!(server.cursor("Player/append").await, format!("{epoch}:4"));
    open(&mut client, "b", json!(format!("{epoch}:2"))).await;
    assert_eq!(offsets(&mut client, "b", 2).await, [3, 4]);
}

#[tokio::test]
async fn creations_and_deletions_are_not_visible_on_a_tape() {
    let server = players().tapes(100).start();
    let mut client = Client::connect(&server).await;
    open(&mut client, "t", Value::Null).await;
    server
        .apply([player("x", 1).created(), delete("x"), player("y", 1)])
        .await;
    let record = client.expect("t", "patch").await;
    assert_eq!(
        (&record["key"], &record["offset"]),
        (&json!("x"), &json!(0))
    );
    let record = client.expect("t", "patch").await;
    assert_eq!(
        (&record["key"], &record["offset"]),
        (&json!("y"), &json!(1))
    );
}

#[tokio::test]
async fn keys_and_filters_skip_offsets() {
    let server = players().tapes(100).start();
    server
        .apply([
            change("a", json!({"score": 1, "total": 3})),
            change("b", json!({"score": 2, "total": 3})),
            change("a", json!({"score": 2, "total": 4})),
        ])
        .await;
    let mut client = Client::connect(&server).await;
    for (id, option, found) in [
        ("key", json!({"key": "a"}), vec![0, 2]),
        ("filter", json!({"filters": {"score": 2}}), vec![1, 2]),
        // A tape compares the record as sent: a wide integer is text.
        ("wide", json!({"filters": {"total": "3"}}), vec![0, 1]),
    ] {
        let mut query = json!({"view": "Player/append"});
        for (name, value) in option.as_object().expect("an option") {
            query[name] = value.clone();
        }
        client.subscribe(id, query).await;
        client.expect(id, "subscribed").await;
        assert_eq!(offsets(&mut client, id, 2).await, found, "{id}");
        client.unsubscribe(id).await;
        client.expect(id, "unsubscribed").await;
    }
}

#[tokio::test]
async fn a_window_on_a_tape_is_invalid() {
    let server = players().tapes(100).start();
    let mut client = Client::connect(&server).await;
    for (name, value) in [("take", 1), ("skip", 0), ("snapshotLimit", 1)] {
        let mut query = json!({"view": "Player/append"});
        query[name] = json!(value);
        client.subscribe("t", query).await;
        client.error("invalid-subscription").await;
    }
}

#[tokio::test]
async fn a_cursor_that_cannot_be_resumed_is_refused_with_a_code() {
    let server = players().tapes(3).start();
    recorded(&server, 10).await;
    let mut client = Client::connect(&server).await;
    let window = open(&mut client, "t", Value::Null).await;
    assert_eq!(
        (&window["earliest"], &window["next"]),
        (&json!(7), &json!(10))
    );
    assert_eq!(offsets(&mut client, "t", 3).await, [7, 8, 9]);
    let epoch = window["epoch"].as_str().expect("an epoch").to_owned();
    for (cursor, code) in [
        (format!("{epoch}:5"), "cursor-expired"),
        (format!("{epoch}:10"), "cursor-unknown"),
        ("other:8".to_owned(), "cursor-epoch-changed"),
        ("312000001:000000000000".to_owned(), "cursor-epoch-changed"),
        ("nonsense".to_owned(), "invalid-cursor"),
    ] {
        client.subscribe("refused", tape(json!(cursor))).await;
        let error = client.error(code).await;
        assert_eq!(
            (&error["subscriptionId"], &error["fatal"]),
            (&json!("refused"), &json!(false))
        );
        // The codes that speak of the tape's window carry it.
        let window = &error["replayWindow"];
        assert_eq!(window.is_null(), code == "invalid-cursor", "{error}");
    }
    // The cursor before the first record is valid, and a refusal frees the id.
    open(&mut client, "refused", json!(format!("{epoch}:6"))).await;
    assert_eq!(offsets(&mut client, "refused", 3).await, [7, 8, 9]);
}

#[tokio::test]
async fn a_cursor_before_missed_events_is_refused_with_the_gap() {
    let server = players().tapes(100).start();
    recorded(&server, 3).await;
    server.mark_gap().await;
    recorded(&server, 2).await;
    let mut client = Client::connect(&server).await;
    let window = open(&mut client, "t", Value::Null).await;
    assert_eq!(window["gapAfter"], 2);
    assert_eq!(offsets(&mut client, "t", 5).await, [0, 1, 2, 3, 4]);
    let epoch = window["epoch"].as_str().expect("an epoch").to_owned();
    for offset in [0, 2] {
        let cursor = format!("{epoch}:{offset}");
        client.subscribe("refused", tape(json!(cursor))).await;
        let error = client.error("replay-gap").await;
        assert_eq!(error["fatal"], false);
        assert_eq!(error["replayWindow"]["gapAfter"], 2);
    }
    open(&mut client, "after", json!(format!("{epoch}:3"))).await;
    assert_eq!(offsets(&mut client, "after", 1).await, [4]);
}

#[tokio::test]
async fn a_tape_that_falls_behind_stops_and_says_where_to_resume() {
    // Without any record read there is nothing to resume from: the error has no `recoverFrom`.
    for before in [0, 3] {
        let server = players().tapes(1_000).bus(16).start();
        let mut client = Client::connect(&server).await;
        let window = open(&mut client, "t", Value::Null).await;
        recorded(&server, before).await;
        let mut read = offsets(&mut client, "t", before as usize).await;
        let stall = server.stall();
        recorded(&server, 200).await;
        drop(stall);
        let error = loop {
            let (message, encoding) = client.socket.encoded_message().await;
            assert_eq!(message["subscriptionId"], "t");
            match message["offset"].as_u64() {
                Some(offset) => read.push(offset),
                None => {
                    assert_eq!(encoding, Encoding::Binary);
                    break message;
                }
            }
        };
        assert_eq!(error["code"], "replay-lagged");
        assert_eq!(error["fatal"], false);
        let cursor = read.last().map(|offset| {
            let epoch = window["epoch"].as_str().expect("an epoch");
            json!(format!("{epoch}:{offset}"))
        });
        assert_eq!(error["recoverFrom"], cursor.unwrap_or_default());
        // Delivery has stopped, and the id is taken until the client unsubscribes.
        client.subscribe("t", tape(Value::Null)).await;
        client.error("duplicate-subscription-id").await;
        client.unsubscribe("t").await;
        client.expect("t", "unsubscribed").await;
        open(&mut client, "t", error["recoverFrom"].clone()).await;
        let all = before as u64 + 200;
        let rest = all as usize - read.len();
        read.extend(offsets(&mut client, "t", rest).await);
        assert_eq!(read, (0..all).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_planned_restart_with_stored_state_keeps_the_epoch_and_the_cursors() {
    let mut server = players().tapes(100).start();
    recorded(&server, 4).await;
    let cursor = server.cursor("Player/append").await;
    server.restart_with_state().await;
    recorded(&server, 2).await;
    let mut client = Client::connect(&server).await;
    let window = open(&mut client, "t", json!(cursor)).await;
    assert_eq!(
        Some(window["epoch"].as_str().expect("an epoch")),
        cursor.split(':').next()
    );
    assert_eq!(offsets(&mut client, "t", 2).await, [4, 5]);
}

#[tokio::test]
async fn a_record_of_a_stopping_server_has_no_offset() {
    let server = players().tapes(100).start();
    recorded(&server, 1).await;
    let mut client = Client::connect(&server).await;
    open(&mut client, "t", Value::Null).await;
    offsets(&mut client, "t", 1).await;
    server.store().await;
    server.apply([player("late", 1)]).await;
    let record = client.expect("t", "patch").await;
    assert_eq!(
        (&record["key"], &record["offset"]),
        (&json!("late"), &Value::Null)
    );
}

#[tokio::test]
async fn a_restart_without_stored_state_makes_a_new_epoch() {
    let mut server = players().tapes(100).start();
    recorded(&server, 4).await;
    let cursor = server.cursor("Player/append").await;
    server.restart().await;
    recorded(&server, 8).await;
    let mut client = Client::connect(&server).await;
    client.subscribe("t", tape(json!(cursor))).await;
    client.error("cursor-epoch-changed").await;
}

/// A defect of the server: while the new tape is empty, it accepts a cursor of the old one, and then
/// withholds the records up to that offset.
#[tokio::test]
async fn an_old_cursor_on_a_new_empty_tape_is_accepted_and_hides_records() {
    let mut server = players().tapes(100).start();
    recorded(&server, 5).await;
    let cursor = server.cursor("Player/append").await;
    server.restart().await;
    let mut client = Client::connect(&server).await;
    let window = open(&mut client, "t", json!(cursor)).await;
    assert_ne!(
        Some(window["epoch"].as_str().expect("an epoch")),
        cursor.split(':').next()
    );
    assert_eq!(window["next"], 0);
    recorded(&server, 8).await;
    assert_eq!(offsets(&mut client, "t", 3).await, [5, 6, 7]);
}
