//! Every combination of rows, item and manner.

use std::sync::Arc;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::{ErasedStream, RemovalCause, SharedEntityStream, WindowRows, WindowStream};
use serde_json::json;

use crate::support::*;

/// Four games, the last one with the highest score.
async fn four(protocol: Protocol) -> anyhow::Result<(TestServer, HyperStack)> {
    let server = games().protocol(protocol).start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    Ok((server, hs))
}

fn window_names(rows: &[Arc<Game>]) -> String {
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    names.concat()
}

/// Reads windows until one has these names, in this order.
async fn becomes(windows: &mut WindowStream<Game>, names: &str) {
    while window_names(&next(windows).await) != names {}
}

#[tokio::test]
async fn every_item_and_manner_can_be_chosen_on_a_stream() -> anyhow::Result<()> {
    let (_server, hs) = four(Protocol::V2).await?;
    let keys = vec!["a".to_owned()];
    let watch = || hs.watch_keys::<Game>(&keys);

    let update: Update<Arc<Game>> = next(&mut watch().shared()).await;
    assert_eq!(update.key(), "a");
    let rich: RichUpdate<Game> = next(&mut watch().rich()).await;
    assert!(rich.is_created());
    let rich: RichUpdate<Arc<Game>> = next(&mut watch().shared().rich()).await;
    assert!(rich.is_created());
    let rich: RichUpdate<Arc<Game>> = next(&mut watch().rich().shared()).await;
    assert!(rich.is_created());
    let row: Game = next(&mut watch().rows()).await;
    assert_eq!(row.name, "a");
    let row: Arc<Game> = next(&mut watch().rich().shared().rows()).await;
    assert_eq!(row.name, "a");
    let change: RowChange<Arc<Game>> = next(&mut watch().changes().shared()).await;
    assert_eq!(change.data().map(|row| row.score), Some(1.0));
    let window: WindowRows<Game> = next(&mut watch().windows()).await;
    assert_eq!(window.len(), 1);

    // Errors stay, whatever the item.
    let rich: Result<RichUpdate<Game>, StreamError> = next(&mut watch().rich().with_errors()).await;
    assert!(rich.is_ok());
    let change: Result<RowChange<Arc<Game>>, StreamError> =
        next(&mut watch().with_errors().shared().changes()).await;
    assert!(change.is_ok());
    let window: Result<WindowRows<Game>, StreamError> =
        next(&mut watch().with_errors().windows().drop_oldest(5)).await;
    assert!(window.is_ok());

    // And back.
    let update: Update<Game> = next(&mut hs.listen::<Game>().updates()).await;
    assert!(update.has_data());
    Ok(())
}

#[tokio::test]
async fn a_stream_can_yield_other_items_after_the_first_poll() -> anyhow::Result<()> {
    let (server, hs) = four(Protocol::V2).await?;
    let mut updates = hs.watch_key::<Game>("a");
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    // The same queue serves rows in `Arc`s, so the stream goes on.
    let mut shared = updates.shared();
    put(&server, "a", 2.0);
    assert_eq!(
        next(&mut shared).await.data().map(|row| row.score),
        Some(2.0)
    );
    // It starts again if it needs another queue.
    let mut rich = shared.rich();
    assert!(next(&mut rich).await.is_created());
    put(&server, "a", 3.0);
    let before = next(&mut rich).await.before().map(|row| row.score);
    assert_eq!(before, Some(2.0));
    let mut windows = rich.windows();
    assert_eq!(next(&mut windows).await[0].score, 3.0);
    let mut updates = windows.updates();
    assert!(next(&mut updates).await.has_data());
    Ok(())
}

#[tokio::test]
async fn a_change_says_what_changed_and_why_a_row_is_gone() -> anyhow::Result<()> {
    let (server, hs) = four(Protocol::V2).await?;
    let mut changes = hs.watch_key::<Game>("a").changes();
    let RowChange::Added { row: first, .. } = next(&mut changes).await else {
        panic!("the row is not new");
    };
    server.patch("Game", "a", json!({"score": 9.0}));
    match next(&mut changes).await {
        RowChange::Changed {
            key,
            before,
            after,
            patch,
        } => {
            assert_eq!((&*key, after.score), ("a", 9.0));
            assert_eq!(before, first);
            assert_eq!(serde_json::to_value(&patch)?, json!({"score": 9.0}));
        }
        other => panic!("{other:?}"),
    }
    server.delete("Game", "a");
    match next(&mut changes).await {
        RowChange::Removed { key, last, cause } => {
            assert_eq!((&*key, last.score), ("a", 9.0));
            assert_eq!(cause, RemovalCause::Deleted);
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[tokio::test]
async fn a_row_that_leaves_a_window_is_not_reported_as_deleted() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = four(protocol).await?;
        let view = hs.views::<GameViews>().top().take(1);
        let mut changes = view.watch().changes();
        assert_eq!(next(&mut changes).await.key(), "d");
        put(&server, "a", 10.0);
        assert_eq!(next(&mut changes).await.key(), "a");
        match next(&mut changes).await {
            RowChange::Removed { key, cause, .. } => {
                assert_eq!((&*key, cause), ("d", RemovalCause::NotInResult));
            }
            other => panic!("{other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_whole_window_comes_in_order_after_each_change() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = four(protocol).await?;
        let mut windows = hs.views::<GameViews>().top().take(2).watch_window();
        // The first window is complete.
        assert_eq!(window_names(&next(&mut windows).await), "dc");
        put(&server, "a", 5.0);
        becomes(&mut windows, "ad").await;
        // The rows are the same, in another order.
        server.patch("Game", "d", json!({"score": 6.0}));
        becomes(&mut windows, "da").await;
        server.delete("Game", "d");
        becomes(&mut windows, "ac").await;
    }
    Ok(())
}

#[tokio::test]
async fn a_window_of_an_entity_follows_its_order() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = four(protocol).await?;
        let mut windows = hs.watch::<Game>().windows();
        assert_eq!(window_names(&next(&mut windows).await), "dcba");
        // No field of the row changes, but the row becomes the most recent one.
        put(&server, "b", 2.0);
        becomes(&mut windows, "bdca").await;
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_window_is_a_window() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = games().protocol(protocol).start().await?;
        let hs = client(&server).connect().await?;
        let views = hs.views::<GameViews>();
        assert_eq!(next(&mut views.top().watch_window()).await.len(), 0);
        assert_eq!(next(&mut views.best().watch_window()).await.len(), 0);
        let mut none = views.list().filter("name", "missing").watch_window();
        assert_eq!(next(&mut none).await.len(), 0);
        let mut keys = hs.watch_keys::<Game>(&["z", "y"]).windows();
        assert_eq!(next(&mut keys).await.len(), 0);
        put(&server, "y", 1.0);
        assert_eq!(window_names(&next(&mut keys).await), "y");
        put(&server, "z", 1.0);
        // In the order of the keys.
        assert_eq!(window_names(&next(&mut keys).await), "zy");
    }
    Ok(())
}

#[tokio::test]
async fn a_window_that_a_reconnect_does_not_change_comes_once() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = four(protocol).await?;
        let view = hs.views::<GameViews>().top();
        let (mut windows, mut updates) = (view.watch_window(), view.try_watch());
        assert_eq!(window_names(&next(&mut windows).await), "dcb");
        for _ in 0..3 {
            assert!(next(&mut updates).await.is_ok());
        }
        server.drop_connections();
        assert_eq!(next(&mut updates).await, Err(StreamError::Resynced));
        assert!(pending(&mut windows).is_empty());
        put(&server, "a", 9.0);
        becomes(&mut windows, "adc").await;
    }
    Ok(())
}

#[tokio::test]
async fn the_first_row_of_a_part_is_a_handle() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = four(protocol).await?;
        let top = hs.views::<GameViews>().top().first();
        assert_eq!(top.get().await.map(|row| row.name), Some("d".into()));
        let other = hs.views::<GameViews>().list().filter("name", "b").first();
        assert_eq!(other.get().await.map(|row| row.score), Some(2.0));
        put(&server, "a", 9.0);
        let best = soon(top.wait_for(|row| row.name == "a")).await?;
        assert_eq!(best.score, 9.0);
    }
    Ok(())
}

#[tokio::test]
async fn rows_can_be_filtered_with_a_closure_before_a_window() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = four(protocol).await?;
        let view = hs.views::<GameViews>().list();
        let even = view.filter_rows(|row| row.score % 2.0 == 0.0);
        assert_eq!(names(&even.get().await), ["d", "b"]);
        let limit = 1_usize;
        let first = even.clone().filter("name", "b").take(limit);
        assert_eq!(names(&first.get().await), ["b"]);
        let mut updates = even.watch();
        assert_eq!(read(&mut updates, 2).await, ["upsert d 4", "upsert b 2"]);
        put(&server, "b", 3.0);
        assert_eq!(read(&mut updates, 1).await, ["delete b"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_with_operators_has_a_short_type_after_erasure() -> anyhow::Result<()> {
    let (_server, hs) = four(Protocol::V2).await?;
    let mut names: ErasedStream<String> = hs
        .listen::<Game>()
        .filter(|row| row.score > 2.0)
        .map(|row| row.name)
        .erased();
    assert_eq!(next(&mut names).await, "d");
    hs.disconnect().await;
    while soon(names.next()).await.is_some() {}
    let closed = EndReason::Closed(CloseReason::Disconnected);
    assert_eq!(names.end_reason(), Some(&closed));
    Ok(())
}

#[tokio::test]
async fn a_stream_keeps_the_client_alive_if_asked_to() -> anyhow::Result<()> {
    let (server, hs) = four(Protocol::V2).await?;
    let mut updates: SharedEntityStream<Game> = hs.watch_key::<Game>("a").shared().keep_alive();
    drop(hs);
    assert_eq!(next(&mut updates).await.key(), "a");
    put(&server, "a", 2.0);
    assert_eq!(
        next(&mut updates).await.data().map(|row| row.score),
        Some(2.0)
    );
    drop(updates);
    soon(server.wait_for_connections(0)).await;
    Ok(())
}

#[tokio::test]
async fn a_row_can_be_waited_for() -> anyhow::Result<()> {
    let (server, hs) = four(Protocol::V2).await?;
    let games = hs.views::<GameViews>().state();
    let scored = games.wait_for("new", |row| row.score > 5.0);
    let (row, ()) = soon(async {
        tokio::join!(scored, async {
            put(&server, "new", 1.0);
            server.patch("Game", "new", json!({"score": 6.0}));
        })
    })
    .await;
    assert_eq!(row?.score, 6.0);
    // A row that is there already counts.
    let row = soon(
        hs.views::<GameViews>()
            .list()
            .wait_for(|row| row.name == "b"),
    )
    .await?;
    assert_eq!(row.score, 2.0);

    let never = games.wait_for("a", |_| false);
    let (ended, ()) = tokio::join!(soon(never), hs.disconnect());
    assert_eq!(ended, Err(EndReason::Closed(CloseReason::Disconnected)));
    Ok(())
}

#[tokio::test]
async fn a_connection_can_be_waited_for() -> anyhow::Result<()> {
    let (server, hs) = four(Protocol::V2).await?;
    assert!(hs.is_connected());
    hs.wait_connected().await?;
    assert_eq!(hs.connection_state().await.to_string(), "connected");
    server.drop_connections();
    let mut states = hs.connection_states();
    while next(&mut states).await.state.is_connected() {}
    soon(hs.wait_connected()).await?;
    assert!(hs.is_connected());
    hs.disconnect().await;
    assert_eq!(
        soon(hs.wait_connected()).await,
        Err(CloseReason::Disconnected)
    );
    let attempt = ConnectionState::Reconnecting { attempt: 3 };
    assert_eq!(attempt.to_string(), "reconnecting (attempt 3)");
    Ok(())
}
