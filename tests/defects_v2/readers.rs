//! Readers that come, go and repeat each other.

use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Pace, Recording};
use serde_json::json;

use super::{client, games};
use crate::defects::HOUR;
use crate::support::*;

// A1
#[tokio::test]
async fn a_dropped_stream_leaves_the_others_alive() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut list = hs.watch::<Game>();
    let mut top = hs.views::<GameViews>().top().watch();
    read(&mut list, 1).await;
    read(&mut top, 1).await;
    drop(top);
    soon(server.wait_for_message(|message| message["type"] == "unsubscribe")).await;
    until(|| server.subscription_ids("Game/top").is_empty()).await;
    server.send_late_frames("Game/top", "a");
    put(&server, "a", 2.0);
    assert_eq!(read(&mut list, 1).await, ["patch a 2"]);
    assert_eq!(hs.stats().frame_errors, 0);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

// A1
#[tokio::test]
async fn reading_a_changing_view_again_and_again_leaves_the_streams_alive() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 0.0);
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let mut list = hs.watch::<Game>();
    read(&mut list, 1).await;
    for n in 1..=50 {
        // Changes are under way while the read subscribes and unsubscribes.
        put(&server, "a", f64::from(n));
        let rows = soon(top.get());
        let change = read(&mut list, 1);
        let (rows, change) = tokio::join!(rows, change);
        // The subscription of the read before may still stand, and then its rows are read.
        assert!(rows[0].score >= f64::from(n - 1), "{rows:?}");
        assert_eq!(change, [format!("patch a {n}")]);
        server.send_late_frames("Game/top", "a");
    }
    assert_eq!(hs.stats().frame_errors, 0);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

// A3
#[tokio::test]
async fn streams_end_and_reads_fail_once_the_client_gives_up() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .max_reconnect_attempts(2)
        .initial_data_timeout(HOUR)
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    let mut one = hs.watch_key::<Other>("none");
    read(&mut updates, 1).await;
    server.stop().await;
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(soon(one.next()).await, None);
    let reason = hs.end_reason().unwrap();
    assert!(
        matches!(reason, CloseReason::AttemptsExhausted { attempts: 2, .. }),
        "{reason}"
    );
    assert_eq!(
        updates.end_reason(),
        Some(&EndReason::Closed(reason.clone()))
    );
    // Reads of cached rows report this too, and `get` does not wait.
    let rows = soon(hs.try_list::<Other>()).await;
    assert_eq!(rows, Err(ReadError::Closed(reason)));
    assert_eq!(soon(hs.get::<Other>("none")).await, None);
    Ok(())
}

// A6
#[tokio::test]
async fn a_second_equal_reader_gets_the_rows_and_every_change() -> anyhow::Result<()> {
    let server = games().start().await?;
    for key in ["a", "b", "c"] {
        put(&server, key, 1.0);
    }
    let hs = client(&server).connect().await?;
    let mut first = hs.watch::<Game>();
    read(&mut first, 3).await;
    let mut second = hs.watch::<Game>();
    let mut rows = hs.listen::<Game>();
    let mut rich = hs.watch_rich::<Game>();
    assert_eq!(
        read(&mut second, 3).await,
        ["upsert c 1", "upsert b 1", "upsert a 1"]
    );
    for key in ["c", "b", "a"] {
        assert_eq!(next(&mut rows).await.name, key);
        assert!(next(&mut rich).await.is_created());
    }
    put(&server, "b", 2.0);
    assert_eq!(read(&mut first, 1).await, ["patch b 2"]);
    assert_eq!(read(&mut second, 1).await, ["patch b 2"]);
    assert_eq!(next(&mut rows).await.score, 2.0);
    let update = next(&mut rich).await;
    assert_eq!(update.before().map(|row| row.score), Some(1.0));
    assert_eq!(server.subscription_ids("Game/list").len(), 1);
    Ok(())
}

// A11
#[tokio::test]
async fn an_unknown_view_is_reported_at_once_to_its_readers_only() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let mut list = hs.watch::<Game>();
    read(&mut list, 1).await;
    let nowhere = hs.views::<GameViews>().nowhere();
    let view = "Game/nowhere".to_owned();
    assert_eq!(
        soon(nowhere.try_get()).await,
        Err(ReadError::UnknownView { view: view.clone() })
    );
    assert_eq!(soon(nowhere.get()).await, []);
    let mut updates = nowhere.watch();
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(updates.end_reason(), Some(&EndReason::UnknownView { view }));
    put(&server, "a", 2.0);
    assert_eq!(read(&mut list, 1).await, ["patch a 2"]);
    Ok(())
}

/// A recorded tape of one record.
const TAPE: [(&str, &str); 3] = [
    (
        "client",
        r#"{"type":"subscribe","protocolVersion":2,"subscriptionId":"t","query":{"view":"Game/append"}}"#,
    ),
    (
        "server",
        r#"{"protocolVersion":2,"subscriptionId":"t","op":"subscribed","query":{"view":"Game/append"},"mode":"append","replayWindow":{"epoch":"df9b6710","earliest":0,"next":1},"wholeEntities":true}"#,
    ),
    (
        "server",
        r#"{"protocolVersion":2,"subscriptionId":"t","mode":"append","entity":"Game/append","op":"patch","key":"a","data":{"name":"a","score":1},"offset":0}"#,
    ),
];

// A15
#[tokio::test]
async fn reading_the_rows_of_a_tape_ends_with_the_reason() -> anyhow::Result<()> {
    let line = |(from, text): &(&str, &str)| {
        let kind = if *from == "client" { "text" } else { "binary" };
        json!({"ms": 0, "from": from, "kind": kind, "gzip": false, "text": text}).to_string()
    };
    let lines: Vec<_> = TAPE.iter().map(line).collect();
    let recording = Recording::parse(&lines.join("\n"))?;
    let server = games().replay(recording, Pace::Instant).start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let mut list = hs.watch::<Game>();
    read(&mut list, 1).await;
    let view = "Game/append".to_owned();
    let tape = hs.raw("Game").collection(&view);
    assert_eq!(
        soon(tape.try_get()).await,
        Err(ReadError::Tape { view: view.clone() })
    );
    let mut rows = tape.watch();
    assert_eq!(soon(rows.next()).await, None);
    assert_eq!(rows.end_reason(), Some(&EndReason::Tape { view }));
    put(&server, "a", 2.0);
    assert_eq!(read(&mut list, 1).await, ["patch a 2"]);
    Ok(())
}

// A16
#[tokio::test]
async fn a_readers_cursor_is_not_a_filter_and_is_used_once() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "old", 1.0);
    let Some(cursor) = server.upsert("Game", "a", game("a", 2.0)) else {
        panic!("rows have positions");
    };
    put(&server, "b", 3.0);
    put(&server, "c", 4.0);
    let hs = client(&server).connect().await?;
    let list = hs.views::<GameViews>().list();
    let mut updates = list.after(cursor).watch();
    assert_eq!(read(&mut updates, 2).await, ["upsert c 4", "upsert b 3"]);
    server.delete("Game", "b");
    assert_eq!(read(&mut updates, 1).await, ["delete b"]);
    server.freeze();
    server.drop_connections();
    server.delete("Game", "c");
    server.thaw();
    assert_eq!(read(&mut updates, 1).await, ["delete c"]);
    put(&server, "old", 1.5);
    assert_eq!(read(&mut updates, 1).await, ["patch old 1.5"]);
    let asked = server.messages();
    let cursors = asked.iter().filter(|it| !it["query"]["after"].is_null());
    assert_eq!(cursors.count(), 0);
    Ok(())
}

// A17
#[tokio::test]
async fn unchanged_rows_are_silent_after_a_reconnect() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    let hs = client(&server)
        .linger(Duration::from_secs(5))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    let mut rich = hs.watch_rich::<Game>();
    let mut one = hs.watch_key::<Game>("a");
    let mut top = hs.views::<GameViews>().top().watch();
    read(&mut updates, 3).await;
    read(&mut top, 3).await;
    read(&mut one, 1).await;
    for _ in 0..3 {
        assert!(next(&mut rich).await.is_created());
    }
    server.freeze();
    server.drop_connections();
    put(&server, "b", 2.5);
    server.thaw();
    assert_eq!(read(&mut updates, 1).await, ["upsert b 2.5"]);
    assert_eq!(read(&mut top, 1).await, ["upsert b 2.5"]);
    let update = next(&mut rich).await;
    assert_eq!(update.before().map(|row| row.score), Some(2.0));
    assert_eq!(update.data().map(|row| row.score), Some(2.5));
    // The next change comes after all updates of the reconnect.
    put(&server, "a", 1.5);
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    assert_eq!(read(&mut one, 1).await, ["patch a 1.5"]);
    assert_eq!(next(&mut rich).await.key(), "a");
    assert_eq!(read(&mut top, 1).await.len(), 1);
    assert_eq!(server.connections_accepted(), 2);
    Ok(())
}
