//! Resuming after a lost connection: what the client requests, and what readers get.

use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Offline, SeqSource, TestServer};
use hyperstack_sdk::Seq;
use serde_json::{json, Value};

use crate::support::*;

/// Drops the connection, changes rows meanwhile, and waits until the client has reconnected.
async fn meanwhile(server: &TestServer, change: impl FnOnce()) {
    let accepted = server.connections_accepted();
    server.freeze();
    server.drop_connections();
    change();
    server.thaw();
    soon(server.wait_for_accepted(accepted + 1)).await;
    soon(server.wait_for_subscription("Game/list")).await;
}

/// Returns the cursor of each subscription to the list; `null` means a full snapshot.
fn cursors(server: &TestServer) -> Vec<Value> {
    let asked = asked(server, "Game/list").into_iter();
    asked.map(|mut message| message["after"].take()).collect()
}

#[tokio::test]
async fn a_list_resumes_from_a_minute_before_the_last_change() -> anyhow::Result<()> {
    let server = games().seq(SeqSource::FromSlot(1000)).start().await?;
    put(&server, "old", 1.0);
    for _ in 0..200 {
        put(&server, "new", 2.0);
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut seen = hs.try_watch::<Game>();
    assert_eq!(
        read(&mut updates, 2).await,
        ["upsert new 2", "upsert old 1"]
    );
    assert_eq!(pending(&mut seen).len(), 2);
    meanwhile(&server, || put(&server, "new", 3.0)).await;
    assert_eq!(read(&mut updates, 1).await, ["upsert new 3"]);
    assert_eq!(cursors(&server), [Value::Null, json!("1050:000000000000")]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["new", "old"]);
    // Nothing has changed, so nothing is sent, and the list is still complete.
    meanwhile(&server, || ()).await;
    assert_eq!(soon(hs.try_list::<Game>()).await?.len(), 2);
    assert_eq!(now(&mut updates), [""; 0]);
    assert_eq!(hs.stats().resyncs, 2);
    let seen = pending(&mut seen);
    let resyncs = seen
        .iter()
        .filter(|item| **item == Err(StreamError::Resynced));
    assert_eq!((seen.len(), resyncs.count()), (3, 2));
    Ok(())
}

#[tokio::test]
async fn unreliable_positions_cause_a_full_snapshot() -> anyhow::Result<()> {
    // Without positions.
    let server = games().seq(SeqSource::Off).start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    meanwhile(&server, || put(&server, "a", 2.0)).await;
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(cursors(&server), [Value::Null, Value::Null]);
    drop(hs);

    // With positions that went back by more than a minute.
    let server = games().seq(SeqSource::FromSlot(1000)).start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.set_seq(SeqSource::FromSlot(800));
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 2"]);
    meanwhile(&server, || put(&server, "a", 3.0)).await;
    assert_eq!(read(&mut updates, 1).await, ["upsert a 3"]);
    assert_eq!(cursors(&server), [Value::Null, Value::Null]);
    Ok(())
}

#[tokio::test]
async fn resume_false_always_requests_a_full_snapshot() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).resume(false).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    meanwhile(&server, || {
        server.set_seq(SeqSource::FromSlot(1));
        put(&server, "a", 2.0);
    })
    .await;
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(cursors(&server), [Value::Null, Value::Null]);
    Ok(())
}

#[tokio::test]
async fn rows_that_failed_to_decode_are_requested_again() -> anyhow::Result<()> {
    let server = games().seq(SeqSource::FromSlot(1000)).start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut faults = hs.faults();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.patch("Game", "a", json!({"score": "much", "note": "kept"}));
    assert!(matches!(next(&mut faults).await, Fault::Row(_)));
    assert_eq!(read(&mut updates, 1).await, ["patch a 1"]);
    meanwhile(&server, || put(&server, "a", 2.0)).await;
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(cursors(&server), [Value::Null, Value::Null]);
    Ok(())
}

#[tokio::test]
async fn an_incomplete_list_is_requested_again_whole() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..60 {
        put(&server, &format!("{n:02}"), 1.0);
    }
    let hs = client(&server).protocol(Protocol::V1).connect().await?;
    let mut updates = hs.watch::<Game>();
    server.hold_replies();
    soon(async {
        assert!(futures_util::FutureExt::now_or_never(updates.next()).is_none());
        server.wait_for_subscription("Game/list").await;
    })
    .await;
    // The acknowledgement, and the first fifty rows.
    server.release_next(2);
    assert_eq!(read(&mut updates, 50).await.len(), 50);
    meanwhile(&server, || server.release_replies()).await;
    assert_eq!(read(&mut updates, 10).await.len(), 10);
    assert_eq!(cursors(&server), [Value::Null, Value::Null]);
    Ok(())
}

/// Base views do not report deletions. A row that a restarted server lacks may only be forgotten.
#[tokio::test]
async fn rows_that_a_restarted_server_lacks_stay() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 2).await.len(), 2);
    server.restart().await?;
    soon(server.wait_for_subscription("Game/list")).await;
    // The server starts without rows, so it has only a part of the row.
    server.patch("Game", "b", json!({"score": 3}));
    assert_eq!(read(&mut updates, 1).await, ["patch b 3"]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["b", "a"]);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Log {
    lines: Vec<u32>,
    #[field(default)]
    inner: Inner,
    level: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
struct Inner {
    more: Vec<u32>,
}

/// Returns a client in the middle of a snapshot with one row at this position.
fn logs(seq: Seq, row: Value) -> (Offline, EntityStream<Log>) {
    let offline = Offline::new(HyperStack::builder().protocol(Protocol::V1));
    let mut updates = offline.client().watch::<Log>();
    assert_eq!(pending(&mut updates), []);
    let subscribed = r#"{"op":"subscribed","view":"Log/list","mode":"list","sort":{"field":["_seq"],"order":"desc"}}"#;
    offline.receive(subscribed);
    let mut row = row;
    row["_seq"] = json!(seq.to_string());
    let rows = json!([{"key": "a", "data": row}]);
    let snapshot = json!({"op": "snapshot", "entity": "Log/list", "data": rows});
    offline.receive(snapshot.to_string());
    assert_eq!(pending(&mut updates).len(), 1);
    (offline, updates)
}

fn append(offline: &Offline, seq: Seq, data: Value, paths: &[&str]) {
    let patch = json!({
        "op": "patch", "entity": "Log/list", "key": "a", "data": data, "append": paths,
        "seq": seq.to_string(),
    });
    offline.receive(patch.to_string());
}

fn lines(offline: &Offline) -> Vec<u32> {
    offline.client().get_sync::<Log>("a").unwrap().lines
}

#[test]
fn elements_in_the_snapshot_are_not_appended_again() {
    let row = json!({"lines": [1, 2, 3], "level": 7});
    let (offline, mut updates) = logs(Seq::new(9, 5), row);
    // Earlier positions than the row's, and the row's own.
    append(&offline, Seq::new(8, 9), json!({"lines": [2]}), &["lines"]);
    append(
        &offline,
        Seq::new(9, 2),
        json!({"lines": [2, 3]}),
        &["lines"],
    );
    append(
        &offline,
        Seq::new(9, 5),
        json!({"lines": [3], "level": 7}),
        &["lines"],
    );
    append(&offline, Seq::new(9, 5), json!({"lines": [3]}), &["lines"]);
    assert_eq!(lines(&offline), [1, 2, 3]);
    assert_eq!(pending(&mut updates), []);
    // Positions are not in order, and changes of one event share one. Elements that the list lacks are new.
    append(&offline, Seq::new(9, 5), json!({"lines": [4]}), &["lines"]);
    append(
        &offline,
        Seq::new(8, 5),
        json!({"lines": [1, 3], "level": 8}),
        &["lines"],
    );
    assert_eq!(lines(&offline), [1, 2, 3, 4, 1, 3]);
    assert_eq!(pending(&mut updates).len(), 2);
}

#[test]
fn every_change_after_the_first_new_one_is_new() {
    let (offline, _updates) = logs(Seq::new(9, 5), json!({"lines": [1]}));
    append(&offline, Seq::new(10, 0), json!({"lines": [1]}), &["lines"]);
    append(&offline, Seq::new(10, 0), json!({"lines": [1]}), &["lines"]);
    // Positions are not in order.
    append(&offline, Seq::new(8, 0), json!({"lines": [1]}), &["lines"]);
    assert_eq!(lines(&offline), [1, 1, 1, 1]);
}

#[test]
fn a_repeated_append_is_skipped_for_the_list_that_has_it() {
    let row = json!({"lines": [1], "inner": {"more": [5]}});
    let (offline, _updates) = logs(Seq::new(9, 5), row);
    let data = json!({"lines": [2], "inner": {"more": [5]}});
    append(&offline, Seq::new(9, 5), data, &["lines", "inner.more"]);
    let row = offline.client().get_sync::<Log>("a").unwrap();
    assert_eq!((row.lines, row.inner.more), (vec![1, 2], vec![5]));
}

#[tokio::test]
async fn a_subscription_that_died_silently_is_resubscribed() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .stale_after(Duration::from_secs(60))
        .ping_interval(Duration::from_secs(3600))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    let mut one = hs.watch_key::<Other>("1");
    assert_eq!(pending(&mut one), []);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    settled(&server, hs.faults()).await;
    server.kill_subscriptions();
    put(&server, "a", 2.0);
    server.upsert("Other", "1", json!({"n": 1}));
    settled(&server, hs.faults()).await;
    assert_eq!(now(&mut updates), [""; 0]);
    // The limit is checked four times a minute.
    for _ in 0..3 {
        pass(Duration::from_secs(15)).await;
        assert_eq!(requests(&server, "Game/list"), ["subscribe"]);
    }
    pass(Duration::from_secs(15)).await;
    pass(Duration::from_secs(15)).await;
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(next(&mut one).await.data(), Some(&Other { n: 1 }));
    assert_eq!(
        requests(&server, "Game/list"),
        ["subscribe", "unsubscribe", "subscribe"]
    );
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn a_subscription_over_the_limit_is_refused_with_both_numbers() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).max_subscriptions(3).connect().await?;
    let mut three = hs.watch_keys::<Game>(&["a", "b", "c"]);
    assert_eq!(read(&mut three, 1).await, ["upsert a 1"]);
    // The snapshot has only rows that are held already.
    let mut two = hs.watch_keys::<Game>(&["a", "c"]);
    assert_eq!(read(&mut two, 1).await, ["upsert a 1"]);
    let mut many = hs.watch_keys::<Game>(&["c", "d", "e"]);
    assert_eq!(soon(many.next()).await, None);
    let reason = hyperstack_sdk::TooManySubscriptions {
        wanted: 5,
        limit: 3,
    };
    assert_eq!(many.end_reason(), Some(&reason.into()));
    assert_eq!(reason.to_string(), "5 subscriptions exceed the limit of 3");
    let read_one = hs.try_get::<Other>("1");
    assert!(matches!(
        soon(read_one).await,
        Err(ReadError::TooManySubscriptions(
            hyperstack_sdk::TooManySubscriptions {
                wanted: 4,
                limit: 3
            }
        ))
    ));
    Ok(())
}
