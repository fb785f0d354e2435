//! Defects of the published v2 server that the client survives. The numbers are those of the list of its
//! defects. The test server has some of these defects; others are scripted message by message.

use std::time::Duration;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Mode, Refusal, Sort, TestServer};
use serde_json::{json, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::defects::HOUR;
use crate::defects_v2::{client, games};
use crate::support::*;

/// A message for the only subscription of a view.
fn send(server: &TestServer, view: &str, fields: Value) {
    let ids = server.subscription_ids(view);
    assert_eq!(ids.len(), 1, "{view}");
    let mut message = json!({
        "protocolVersion": 2, "subscriptionId": ids[0], "mode": "list", "entity": view,
    });
    for (name, value) in fields.as_object().unwrap() {
        message[name] = value.clone();
    }
    server.send(message);
}

/// A snapshot of `Game/ranked`, a scripted view.
fn send_ranked(server: &TestServer, rows: &[(&str, Value)]) {
    let row =
        |(key, score): &(&str, Value)| json!({"key": key, "data": {"name": key, "score": score}});
    let rows: Vec<_> = rows.iter().map(row).collect();
    send(
        server,
        "Game/ranked",
        json!({"op": "snapshot", "snapshotId": "1", "authoritative": true, "complete": true, "data": rows}),
    );
}

// S2
#[tokio::test]
async fn a_subscription_that_ended_without_a_message_is_resubscribed() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 1.0);
    let hs = client(&server)
        .stale_after(Duration::from_secs(60))
        .ping_interval(HOUR)
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    let mut top = hs.views::<GameViews>().top().watch();
    read(&mut updates, 2).await;
    read(&mut top, 2).await;
    server.set_max_snapshot_rows(Some(1));
    server.recover("Game/list");
    put(&server, "a", 2.0);
    assert_eq!(read(&mut top, 1).await, ["upsert a 2"]);
    settled(&server, hs.faults()).await;
    assert_eq!(now(&mut updates), [""; 0]);
    server.set_max_snapshot_rows(None);
    for _ in 0..5 {
        pass(Duration::from_secs(15)).await;
    }
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch b 2"]);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

/// Lets this much time pass, with room for the client's checks and the server's answers.
async fn wait(server: &TestServer, hs: &HyperStack, seconds: u64) {
    for _ in 0..seconds / 15 {
        pass(Duration::from_secs(15)).await;
        settled(server, hs.faults()).await;
    }
}

/// The positions after which the client looks for a missed row.
fn probes(server: &TestServer) -> Vec<Value> {
    let messages = server.messages().into_iter();
    let after = messages.map(|message| message["query"]["after"].clone());
    after.filter(|after| !after.is_null()).collect()
}

// S2
#[tokio::test]
async fn a_silent_subscription_is_probed_and_resubscribed_only_if_it_is_dead() -> anyhow::Result<()>
{
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 1.0);
    let hs = client(&server).ping_interval(HOUR).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 2).await;
    wait(&server, &hs, 700).await;
    assert_eq!(probes(&server).len(), 2);
    assert_eq!((now(&mut updates), hs.stats().resyncs), (vec![], 0));
    server.set_max_snapshot_rows(Some(1));
    server.recover("Game/list");
    put(&server, "a", 2.0);
    server.set_max_snapshot_rows(None);
    settled(&server, hs.faults()).await;
    assert_eq!(now(&mut updates), [""; 0]);
    wait(&server, &hs, 450).await;
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch b 2"]);
    assert_eq!((hs.stats().resyncs, server.connections_accepted()), (1, 1));
    Ok(())
}

// S2
#[tokio::test]
async fn a_window_stays_below_the_row_limit_in_a_recovery_too() -> anyhow::Result<()> {
    let server = games().max_snapshot_rows(2).start().await?;
    for key in ["a", "b"] {
        put(&server, key, 1.0);
    }
    let hs = client(&server).connect().await?;
    let list = hs.views::<GameViews>().list();
    let mut updates = list.take(1).watch();
    assert_eq!(read(&mut updates, 1).await, ["upsert b 1"]);
    for key in ["c", "d"] {
        put(&server, key, 1.0);
        read(&mut updates, 2).await;
    }
    // The window keeps the snapshot below the limit, whenever it comes.
    server.recover("Game/list");
    put(&server, "d", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch d 2"]);
    assert_eq!(hs.stats().resyncs, 1);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[entity(name = "Game")]
#[view(ranked)]
struct Ranked {
    name: String,
    score: Option<u64>,
}

fn ranks(rows: &[Ranked]) -> Vec<&str> {
    rows.iter().map(|row| row.name.as_str()).collect()
}

// S3
#[tokio::test]
async fn a_row_whose_sort_value_became_null_stays_a_member_and_goes_last() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let ranked = hs.views::<RankedViews>().ranked();
    let mut updates = ranked.clone().take(3).watch();
    assert!(updates.next().now_or_never().is_none());
    soon(server.wait_for_subscription("Game/ranked")).await;
    send_ranked(
        &server,
        &[("a", json!(3)), ("b", json!(2)), ("c", json!(1))],
    );
    for _ in 0..3 {
        next(&mut updates).await;
    }
    // The server still ranks `a` first, so that it removes no row.
    let data = json!({"score": null});
    send(
        &server,
        "Game/ranked",
        json!({"op": "patch", "key": "a", "data": data}),
    );
    assert_eq!(next(&mut updates).await.data().unwrap().score, None);
    assert_eq!(ranks(&ranked.take(3).get_sync()), ["b", "c", "a"]);
    Ok(())
}

// S4
#[tokio::test]
async fn neighbours_above_two_to_the_63_are_sorted_by_value() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let ranked = hs.views::<RankedViews>().ranked();
    let mut updates = ranked.watch();
    assert!(updates.next().now_or_never().is_none());
    soon(server.wait_for_subscription("Game/ranked")).await;
    // The server compares them as doubles, so that they tie and go by key.
    let max = u64::MAX;
    send_ranked(
        &server,
        &[
            ("a", json!((max - 2).to_string())),
            ("b", json!(max.to_string())),
            ("c", json!((max - 1).to_string())),
        ],
    );
    for _ in 0..3 {
        next(&mut updates).await;
    }
    assert_eq!(ranks(&ranked.get_sync()), ["b", "c", "a"]);
    Ok(())
}

// S5
#[tokio::test]
async fn a_window_above_the_views_limit_is_as_long_as_the_limit() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let top = hs.views::<GameViews>().top().take(50);
    assert_eq!(names(&soon(top.get()).await), ["d", "c", "b"]);
    let mut updates = top.watch();
    read(&mut updates, 3).await;
    put(&server, "e", 5.0);
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["delete b", "upsert e 5"]);
    server.delete("Game", "e");
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["delete e", "upsert b 2"]);
    assert_eq!(names(&top.get_sync()), ["d", "c", "b"]);
    Ok(())
}

// S6
#[tokio::test]
async fn rows_after_a_cursor_are_in_the_announced_order() -> anyhow::Result<()> {
    let server = games().start().await?;
    let Some(cursor) = server.upsert("Game", "old", game("old", 0.0)) else {
        panic!("rows have positions");
    };
    for key in ["a", "b", "c"] {
        put(&server, key, 1.0);
    }
    let hs = client(&server).connect().await?;
    let later = hs.views::<GameViews>().list().after(cursor);
    assert_eq!(names(&soon(later.get()).await), ["c", "b", "a"]);
    let mut updates = later.watch();
    assert_eq!(
        read(&mut updates, 3).await,
        ["upsert c 1", "upsert b 1", "upsert a 1"]
    );
    Ok(())
}

// S7
#[tokio::test]
async fn too_many_rows_are_an_error_of_that_reader() -> anyhow::Result<()> {
    let server = games().max_snapshot_rows(2).start().await?;
    for key in ["a", "b", "c"] {
        put(&server, key, 1.0);
    }
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let two = hs.views::<GameViews>().list().take(2);
    let mut updates = two.watch();
    read(&mut updates, 2).await;
    let Err(ReadError::Refused { view, issue }) = soon(hs.try_list::<Game>()).await else {
        panic!("over the row limit");
    };
    assert_eq!(view, "Game/list");
    assert_eq!(issue.code, "subscription-rejected");
    assert!(!issue.retryable);
    put(&server, "c", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch c 2"]);
    // A later reader asks again.
    server.set_max_snapshot_rows(None);
    assert_eq!(
        soon(hs.try_list::<Game>()).await.map(|rows| rows.len()),
        Ok(3)
    );
    Ok(())
}

// S8
#[tokio::test]
async fn a_fatal_lag_ends_one_subscription_and_not_the_connection() -> anyhow::Result<()> {
    for code in ["subscription-lagged", "subscription-rescoped"] {
        let server = games().start().await?;
        put(&server, "a", 1.0);
        let hs = client(&server).connect().await?;
        let mut list = hs.watch::<Game>();
        let mut top = hs.views::<GameViews>().top().watch();
        read(&mut list, 1).await;
        read(&mut top, 1).await;
        let before = server.subscription_ids("Game/list");
        server.end_subscriptions("Game/list", &Refusal::new(code));
        put(&server, "a", 2.0);
        assert_eq!(next(&mut list).await.data().unwrap().score, 2.0);
        assert_eq!(read(&mut top, 1).await, ["upsert a 2"]);
        assert_ne!(server.subscription_ids("Game/list"), before);
        put(&server, "a", 3.0);
        assert_eq!(read(&mut list, 1).await, ["patch a 3"]);
        assert_eq!(hs.stats().reconnects, 0);
    }
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[entity(key(id.round_id: u64))]
struct Round {
    id: Id,
    miners: i128,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Id {
    round_id: u64,
}

// S9
#[tokio::test]
async fn wide_integers_in_text_are_keys_and_filter_values() -> anyhow::Result<()> {
    let server = TestServer::builder()
        .protocol(Protocol::V2)
        .entity("Round")
        .start()
        .await?;
    for (id, miners, name) in [
        ("7", "-3", "7"),
        ("18446744073709551615", "5", "eight"),
        ("9", "1180591620717411303424", "nine"),
    ] {
        let row = json!({"id": {"round_id": id}, "miners": miners, "name": name});
        server.upsert("Round", id, row);
    }
    let hs = client(&server).connect().await?;
    let views = hs.views::<RoundViews>();
    let row = soon(views.state().get(u64::MAX)).await.unwrap();
    assert_eq!(row.key(), Some(&u64::MAX));
    assert_eq!((row.id.round_id, row.miners), (u64::MAX, 5));
    let rounds = |rows: Vec<Round>| {
        rows.into_iter()
            .map(|it| it.id.round_id)
            .collect::<Vec<_>>()
    };
    let list = views.list();
    let max = list.clone().filter("id.round_id", u64::MAX);
    assert_eq!(rounds(soon(max.get()).await), [u64::MAX]);
    let negative = list.clone().filter("miners", -3);
    assert_eq!(rounds(soon(negative.get()).await), [7]);
    // The value may be given as text too. The request has it in the field's type.
    let text = list.clone().filter("id.round_id", "18446744073709551615");
    assert_eq!(rounds(soon(text.get()).await), [u64::MAX]);
    let wider = list.clone().filter("miners", "1180591620717411303424");
    assert_eq!(rounds(soon(wider.get()).await), [9]);
    let name = list.filter("name", "7");
    assert_eq!(rounds(soon(name.get()).await), [7]);
    let asked: Vec<Value> = server
        .messages()
        .iter()
        .map(|message| message["query"]["filters"].clone())
        .filter(|filters| !filters.is_null())
        .collect();
    let expected = [
        json!({"id.round_id": u64::MAX}),
        json!({"miners": -3}),
        json!({"miners": "1180591620717411303424"}),
        json!({"name": "7"}),
    ];
    for filters in &asked {
        assert!(expected.contains(filters), "{filters}");
    }
    assert!(
        expected.iter().all(|filters| asked.contains(filters)),
        "{asked:?}"
    );
    Ok(())
}

// S10
#[tokio::test]
async fn a_close_without_a_code_is_a_loss_like_any_other() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.close_without_code();
    assert!(matches!(
        next(&mut faults).await,
        Fault::Connection(ConnectError::Lost { .. })
    ));
    put(&server, "a", 2.0);
    let change = read(&mut updates, 1).await;
    assert!(change[0].ends_with("a 2"), "{change:?}");
    assert_eq!(hs.end_reason(), None);
    Ok(())
}

// S10
#[tokio::test]
async fn a_refusal_without_a_length_ends_with_its_connection() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}", listener.local_addr()?);
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut request).await?;
        }
        let refusal =
            "HTTP/1.1 429 Too Many Requests\r\nX-Error-Code: connection-limit-exceeded\r\n\
            Retry-After: 7\r\n\r\n{\"code\":\"connection-limit-exceeded\",\"message\":\"too many\",\
            \"retry_after\":7}";
        stream.write_all(refusal.as_bytes()).await?;
        stream.shutdown().await
    });
    let builder = HyperStack::builder().url(url).protocol(Protocol::V2);
    let error = soon(builder.connect()).await.unwrap_err();
    soon(server).await??;
    let ConnectError::Rejected {
        status,
        code,
        message,
        retry_after,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((*status, message.as_str()), (429, "too many"));
    assert_eq!(
        code.as_ref().map(|code| code.as_str()),
        Some("connection-limit-exceeded")
    );
    assert_eq!(*retry_after, Some(Duration::from_secs(7)));
    Ok(())
}

// S11
#[tokio::test]
async fn frames_of_an_ended_subscription_do_not_reach_its_successor() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let mut other = hs.watch::<Other>();
    assert!(other.next().now_or_never().is_none());
    let mut updates = top.watch();
    read(&mut updates, 1).await;
    drop(updates);
    until(|| server.subscription_ids("Game/top").is_empty()).await;
    let mut updates = top.watch();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.delete("Game", "a");
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 2).await, ["upsert b 2", "delete a"]);
    put(&server, "a", 3.0);
    read(&mut updates, 1).await;
    // The late frame has another row of `a` than the stream.
    send(
        &server,
        "Game/top",
        json!({"op": "upsert", "key": "a", "data": {"name": "a", "score": 4}}),
    );
    assert_eq!(read(&mut updates, 1).await, ["upsert a 4"]);
    server.send_late_frames("Game/top", "a");
    put(&server, "b", 5.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert b 5"]);
    assert_eq!(soon(top.get()).await.len(), 2);
    assert_eq!(hs.stats().frame_errors, 0);
    Ok(())
}

// S12
#[tokio::test]
async fn a_list_that_lags_again_and_again_ends_up_right() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..20 {
        put(&server, &format!("k{n}"), 0.0);
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 20).await;
    for n in 0..200 {
        // Some changes are in a recovery snapshot only, and some rows leave with it.
        server.coalesce("Game/list");
        put(&server, &format!("k{}", n * 7 % 25), f64::from(n));
        server.delete("Game", &format!("k{}", n * 3 % 25));
        server.recover("Game/list");
        server.stop_coalescing("Game/list");
        put(&server, &format!("k{}", n * 11 % 25), f64::from(n) + 0.5);
    }
    settled(&server, hs.faults()).await;
    let expected: Vec<Game> = server
        .rows("Game")
        .into_iter()
        .map(|(key, row)| Game {
            name: key,
            score: row["score"].as_f64().unwrap(),
            note: None,
        })
        .collect();
    assert_eq!(hs.list_sync::<Game>(), expected);
    assert_eq!(hs.stats().resyncs, 200);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

// S13
#[tokio::test]
async fn a_row_deleted_from_an_append_view_goes_with_the_next_change() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 1.0);
    let hs = client(&server).connect().await?;
    let log = hs.raw("Game").collection("Game/append");
    let mut appended = log.watch();
    let mut list = hs.watch::<Game>();
    for _ in 0..2 {
        next(&mut appended).await;
    }
    read(&mut list, 2).await;
    server.delete("Game", "a");
    // Current state is in the list. The append view says nothing yet.
    assert_eq!(read(&mut list, 1).await, ["delete a"]);
    settled(&server, hs.faults()).await;
    assert_eq!(pending(&mut appended), []);
    put(&server, "b", 2.0);
    let changes = [next(&mut appended).await, next(&mut appended).await];
    assert!(changes.iter().any(|it| it.is_delete() && it.key() == "a"));
    assert!(changes.iter().any(|it| !it.is_delete() && it.key() == "b"));
    Ok(())
}

// S14
#[tokio::test]
async fn a_deletion_that_arrives_as_a_removal_deletes_the_row() -> anyhow::Result<()> {
    let server = TestServer::builder()
        .protocol(Protocol::V2)
        .entity("Game")
        .view("Game/best", Sort::desc("score"), 1)
        .scripted_view("Game/ranked", Mode::List, Some(Sort::desc("score")))
        .start()
        .await?;
    for (key, score) in [("a", 1.0), ("b", 2.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut rich = hs.watch_rich::<Game>();
    read(&mut updates, 2).await;
    for _ in 0..2 {
        next(&mut rich).await;
    }
    send(
        &server,
        "Game/list",
        json!({"op": "remove", "key": "a", "data": null, "seq": "300000002:000000000000"}),
    );
    assert_eq!(read(&mut updates, 1).await, ["delete a"]);
    let gone = next(&mut rich).await;
    assert_eq!(gone.before().map(|row| row.score), Some(1.0));
    assert_eq!(names(&hs.list_sync::<Game>()), ["b"]);
    // A `delete` of a row that has already left produces no update.
    send(
        &server,
        "Game/list",
        json!({"op": "delete", "key": "a", "data": null}),
    );
    put(&server, "b", 3.0);
    assert_eq!(read(&mut updates, 1).await, ["patch b 3"]);
    Ok(())
}
