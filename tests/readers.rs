//! Readers share subscriptions and the connection, which end with them.

use std::time::Duration;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::json;

use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Returns the number of live tasks, those of the server included.
fn tasks() -> usize {
    let handle = tokio::runtime::Handle::current();
    handle.metrics().num_alive_tasks()
}

#[tokio::test]
async fn the_last_handle_closes_the_socket_and_ends_the_task() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let before = tasks();
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    let mut errors = hs.views::<GameViews>().list().try_watch();
    assert!(next(&mut errors).await.is_ok());
    // Clones and views are handles too; streams are not.
    let (clone, view) = (hs.clone(), hs.views::<GameViews>().top());
    drop(hs);
    drop(clone);
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 2"]);
    assert_eq!(
        next(&mut errors).await.as_ref().map(brief),
        Ok("patch a 2".into())
    );
    drop(view);
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(
        updates.end_reason(),
        Some(&EndReason::Closed(CloseReason::Dropped))
    );
    let end = StreamError::Ended(EndReason::Closed(CloseReason::Dropped));
    assert_eq!(soon(errors.next()).await, Some(Err(end)));
    assert_eq!(soon(errors.next()).await, None);
    assert_eq!(soon(faults.next()).await, None);
    soon(server.wait_for_connections(0)).await;
    until(|| tasks() == before).await;
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn the_last_handle_ends_the_task_while_it_waits_to_reconnect() -> anyhow::Result<()> {
    let server = games().start().await?;
    let before = tasks();
    let hs = client(&server)
        .reconnect_intervals(vec![HOUR * 1000])
        .connect()
        .await?;
    let mut faults = hs.faults();
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    drop(hs);
    until(|| tasks() == before).await;
    Ok(())
}

#[tokio::test]
async fn the_last_handle_ends_the_task_while_it_dials() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect_timeout(HOUR).connect().await?;
    let mut faults = hs.faults();
    server.freeze();
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    drop(hs);
    server.stop().await;
    until(|| tasks() == 0).await;
    Ok(())
}

#[tokio::test]
async fn a_cancelled_connect_leaves_no_task() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.freeze();
    let mut connecting = Box::pin(client(&server).connect_timeout(HOUR).connect());
    for _ in 0..100 {
        assert!((&mut connecting).now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    drop(connecting);
    server.stop().await;
    until(|| tasks() == 0).await;
    Ok(())
}

#[tokio::test]
async fn a_stream_that_is_not_polled_requests_nothing() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let lazy = hs.watch::<Game>();
    soon(hs.list::<Other>()).await;
    assert!(requests(&server, "Game/list").is_empty());
    drop(lazy);
    soon(hs.list::<Other>()).await;
    assert!(requests(&server, "Game/list").is_empty());
    Ok(())
}

#[tokio::test]
async fn readers_share_a_subscription() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    // All readers join before the first answer, but there is only one request.
    server.hold_replies();
    let (mut first, mut second) = (hs.watch::<Game>(), hs.watch::<Game>());
    let (view, other) = (hs.views::<GameViews>().list(), hs.clone());
    let reads = tokio::spawn(async move {
        tokio::join!(
            first.next(),
            second.next(),
            view.get(),
            other.list::<Game>()
        )
    });
    soon(server.wait_for_message(|message| message["view"] == "Game/list")).await;
    server.release_replies();
    let (first, second, rows, same) = soon(reads).await?;
    assert_eq!(first.as_ref().map(brief).as_deref(), Some("upsert a 1"));
    assert_eq!(second, first);
    assert_eq!((rows.len(), same.len()), (1, 1));
    soon(hs.list::<Other>()).await;
    let subscribes = requests(&server, "Game/list").into_iter();
    assert_eq!(subscribes.filter(|kind| kind == "subscribe").count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_row_is_served_from_the_list_that_is_being_read() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut list = hs.watch::<Game>();
    assert_eq!(read(&mut list, 1).await, ["upsert a 1"]);
    let mut row = hs.watch_key::<Game>("a");
    assert_eq!(read(&mut row, 1).await, ["upsert a 1"]);
    assert_eq!(soon(hs.get::<Game>("a")).await.unwrap().score, 1.0);
    assert_eq!(soon(hs.get::<Game>("nobody")).await, None);
    put(&server, "a", 2.0);
    // The row comes once, not twice.
    put(&server, "a", 3.0);
    assert_eq!(read(&mut row, 2).await, ["patch a 2", "patch a 3"]);
    assert_eq!(read(&mut list, 2).await, ["patch a 2", "patch a 3"]);
    assert_eq!(requests(&server, "Game/list"), ["subscribe"]);
    // The reader of the list leaves; the reader of the row stays.
    drop(list);
    soon(server.wait_for_subscriptions(|live| {
        live.contains(&("Game/list".into(), Some("a".into())))
            && !live.contains(&("Game/list".into(), None))
    }))
    .await;
    put(&server, "b", 1.0);
    put(&server, "a", 4.0);
    assert_eq!(read(&mut row, 1).await, ["patch a 4"]);
    Ok(())
}

#[tokio::test]
async fn a_derived_view_is_read_by_key() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let places = hs.views::<GameViews>().places();
    let mut b = places.watch("b");
    assert_eq!(read(&mut b, 1).await, ["upsert b 2"]);
    assert_eq!(soon(places.get("c")).await.unwrap().score, 3.0);
    assert_eq!(soon(places.try_get("a")).await, Ok(None));
    assert_eq!(soon(places.try_get("nobody")).await, Ok(None));
    put(&server, "b", 2.5);
    assert_eq!(read(&mut b, 1).await, ["upsert b 2.5"]);
    // Another row takes its place.
    put(&server, "a", 5.0);
    assert_eq!(read(&mut b, 1).await, ["delete b"]);
    assert_eq!(soon(places.try_get("b")).await, Ok(None));
    assert_eq!(soon(places.get("a")).await.unwrap().score, 5.0);
    Ok(())
}

#[tokio::test]
async fn a_list_takes_over_from_a_row_without_a_gap() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let mut row = hs.watch_key::<Game>("a");
    assert_eq!(read(&mut row, 1).await, ["upsert a 1"]);
    let mut list = hs.watch::<Game>();
    let mut rows = read(&mut list, 2).await;
    rows.sort_unstable();
    assert_eq!(rows, ["upsert a 1", "upsert b 2"]);
    put(&server, "a", 3.0);
    assert_eq!(read(&mut row, 1).await, ["patch a 3"]);
    assert_eq!(read(&mut list, 1).await, ["patch a 3"]);
    let live = server.subscriptions();
    assert!(!live.contains(&("Game/list".into(), Some("a".into()))));
    Ok(())
}

#[tokio::test]
async fn only_watched_keys_are_requested() -> anyhow::Result<()> {
    let server = games().start().await?;
    for key in ["a", "b", "c"] {
        put(&server, key, 1.0);
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch_keys::<Game>(&["a", "c", "a"]);
    let mut rows = read(&mut updates, 2).await;
    rows.sort_unstable();
    assert_eq!(rows, ["upsert a 1", "upsert c 1"]);
    put(&server, "b", 2.0);
    put(&server, "c", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch c 2"]);
    assert_eq!(hs.stats().rows, 2);
    drop(updates);
    soon(server.wait_for_subscriptions(|live| live.is_empty())).await;
    until(|| hs.stats().views == 0).await;
    Ok(())
}

#[tokio::test]
async fn a_view_lingers_for_the_next_reader() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .protocol(Protocol::V1)
        .linger(HOUR)
        .connect()
        .await?;
    assert_eq!(soon(hs.list::<Game>()).await.len(), 1);
    // The view is still subscribed, although it has no reader.
    put(&server, "b", 2.0);
    until(|| hs.stats().rows == 2).await;
    server.hold_replies();
    assert_eq!(soon(hs.list::<Game>()).await.len(), 2);
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 2).await.len(), 2);
    assert_eq!(requests(&server, "Game/list"), ["subscribe"]);
    Ok(())
}

#[tokio::test]
async fn a_single_is_never_empty_while_its_row_changes() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let best = hs.views::<GameViews>().best();
    let mut updates = best.watch();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    // Lets the client send everything, and get all the answers.
    settled(&server, hs.faults()).await;
    soon(server.wait_for_message(|message| message["type"] == "unsubscribe")).await;
    server.hold_replies();
    put(&server, "b", 2.0);
    let before = hs.stats().frames;
    // The clock stands still. Otherwise the delete would count as one without a successor.
    tokio::time::pause();
    server.release_next(1);
    while hs.stats().frames == before {
        tokio::task::yield_now().await;
    }
    // So far, the client has only the delete of `a`.
    let row = best.get().await;
    tokio::time::resume();
    assert_eq!(row.unwrap().name, "a");
    server.release_replies();
    assert_eq!(read(&mut updates, 2).await, ["upsert b 2", "delete a"]);
    assert_eq!(soon(best.get()).await.unwrap().name, "b");
    Ok(())
}

#[tokio::test]
async fn an_unknown_view_and_an_empty_view_are_distinct() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let views = hs.views::<GameViews>();
    let view = || "Game/nowhere".to_owned();
    let unknown = ReadError::UnknownView { view: view() };
    let reason = EndReason::UnknownView { view: view() };
    let mut updates = views.nowhere().watch();
    let mut rich = views.nowhere().watch_rich();
    let mut errors = views.nowhere().try_watch();
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(updates.end_reason(), Some(&reason));
    assert_eq!(soon(rich.next()).await, None);
    assert_eq!(rich.end_reason(), Some(&reason));
    let end = StreamError::Ended(reason.clone());
    assert_eq!(soon(errors.next()).await, Some(Err(end)));
    assert_eq!(soon(errors.next()).await, None);
    assert_eq!(soon(views.nowhere().try_get()).await, Err(unknown.clone()));
    assert_eq!(soon(views.nowhere().get()).await, []);
    // The connection is not affected: other readers continue, and an empty view is still empty.
    assert_eq!(hs.end_reason(), None);
    assert_eq!(soon(views.top().try_get()).await, Ok(vec![]));
    assert_eq!(soon(views.nowhere().try_get()).await, Err(unknown));
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity)]
struct Misspelt {
    n: Option<u32>,
}

#[tokio::test]
async fn an_unknown_entity_is_an_unknown_view_as_well() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let mut games = hs.watch::<Game>();
    put(&server, "a", 1.0);
    assert_eq!(read(&mut games, 1).await.len(), 1);
    // The server does not answer at all, so its answer for a known view must suffice.
    let read = hs.try_get::<Misspelt>("a");
    let view = "Misspelt/list".to_owned();
    assert_eq!(soon(read).await, Err(ReadError::UnknownView { view }));
    Ok(())
}

/// The same entity with fewer fields.
#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Game")]
struct Slim {
    score: f64,
}

/// The same entity with a wrong type.
#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Game")]
struct Wrong {
    name: Option<u32>,
}

#[tokio::test]
async fn two_types_of_one_view_at_once() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let mut full = hs.watch::<Game>();
    assert_eq!(read(&mut full, 2).await, ["upsert b 2", "upsert a 1"]);
    let mut slim = hs.watch::<Slim>();
    for (key, score) in [("b", 2.0), ("a", 1.0)] {
        let (key, data) = (key.to_owned(), Slim { score });
        assert_eq!(next(&mut slim).await, Update::Upsert { key, data });
    }
    assert_eq!(
        soon(hs.list::<Slim>()).await,
        [Slim { score: 2.0 }, Slim { score: 1.0 }]
    );
    // A change of a field that only one type has is not an update for the other.
    server.patch("Game", "a", json!({"note": "x"}));
    server.patch("Game", "a", json!({"score": 3.0}));
    assert_eq!(read(&mut full, 2).await, ["patch a 1", "patch a 3"]);
    let (key, data) = ("a".to_owned(), Slim { score: 3.0 });
    assert_eq!(next(&mut slim).await, Update::Patch { key, data });
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a", "b"]);
    let live = server.subscriptions();
    let of_view = live
        .iter()
        .filter(|(view, key)| view == "Game/list" && key.is_none());
    assert_eq!(of_view.count(), 1);
    // The readers leave one by one.
    drop(full);
    put(&server, "b", 5.0);
    let (key, data) = ("b".to_owned(), Slim { score: 5.0 });
    assert_eq!(next(&mut slim).await, Update::Patch { key, data });
    Ok(())
}

#[tokio::test]
async fn a_type_that_fails_to_decode_does_not_affect_others() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut full = hs.watch::<Game>();
    assert_eq!(read(&mut full, 1).await.len(), 1);
    let mut faults = hs.faults();
    // There is no last good value yet.
    assert_eq!(soon(hs.list::<Wrong>()).await, [Wrong { name: None }]);
    let fault = next(&mut faults).await;
    assert!(
        matches!(&fault, Fault::Row(error) if error.path() == "name"),
        "{fault}"
    );
    put(&server, "a", 2.0);
    assert_eq!(read(&mut full, 1).await, ["patch a 2"]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a"]);
    Ok(())
}

#[tokio::test]
async fn a_row_that_is_bad_for_one_type_is_good_for_another() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let mut full = hs.try_watch::<Game>();
    let mut slim = hs.try_watch::<Slim>();
    for _ in 0..2 {
        assert!(next(&mut full).await.is_ok());
    }
    for _ in 0..2 {
        assert!(next(&mut slim).await.is_ok());
    }
    // The second type caused the rows to be sent again.
    assert_eq!(next(&mut full).await, Err(StreamError::Resynced));
    // A name of a wrong type affects only the type with names.
    server.patch("Game", "a", json!({"name": 7, "score": 1.5}));
    let error = next(&mut full).await.unwrap_err();
    let StreamError::Row(error) = error else {
        panic!("{error}");
    };
    assert_eq!((error.key.as_str(), error.path()), ("a", "name"));
    let (key, data) = ("a".to_owned(), Slim { score: 1.5 });
    assert_eq!(next(&mut slim).await, Ok(Update::Patch { key, data }));
    // The bad field keeps its last good value, and the rest applies.
    let game = hs.get_sync::<Game>("a").unwrap();
    assert_eq!((game.name.as_str(), game.score), ("a", 1.5));
    assert_eq!(next(&mut full).await?.data(), Some(&game));
    assert_eq!(hs.get_sync::<Slim>("a"), Some(Slim { score: 1.5 }));
    assert_eq!(hs.stats().row_errors, 1);
    put(&server, "b", 3.0);
    let (key, data) = ("b".to_owned(), Slim { score: 3.0 });
    assert_eq!(next(&mut slim).await, Ok(Update::Patch { key, data }));
    assert_eq!(next(&mut full).await?.data().unwrap().score, 3.0);
    // A score of a wrong type affects both types.
    server.patch("Game", "b", json!({"score": "x"}));
    assert!(matches!(next(&mut full).await, Err(StreamError::Row(_))));
    assert!(matches!(next(&mut slim).await, Err(StreamError::Row(_))));
    assert_eq!(hs.stats().row_errors, 3);
    Ok(())
}

/// The score counts a row's changes, so an unconflated reader shows a missing or repeated change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_may_join_at_any_moment() -> anyhow::Result<()> {
    const LAST: u32 = 2000;
    let server = games().start().await?;
    put(&server, "a", 0.0);
    let hs = client(&server).linger(HOUR).connect().await?;
    let mut first = hs.watch::<Game>();
    read(&mut first, 1).await;
    let list = hs.views::<GameViews>().list();
    let mut readers = Vec::new();
    for n in 1..=LAST {
        server.patch("Game", "a", json!({"score": n}));
        if n % 20 == 0 {
            let updates = match n / 20 % 4 {
                0 => hs.watch::<Game>(),
                1 => hs.watch_key::<Game>("a"),
                2 => list.clone().filter("name", "a").watch(),
                _ => list.clone().take(1).watch(),
            };
            let mut updates = updates.unbounded();
            readers.push(tokio::spawn(async move {
                let mut known: Option<f64> = None;
                while known != Some(f64::from(LAST)) {
                    let update = next(&mut updates).await;
                    assert_eq!(known.is_none(), matches!(update, Update::Upsert { .. }));
                    let score = update.data().map(|row| row.score);
                    assert!(known.is_none() || score == known.map(|known| known + 1.0));
                    known = score;
                }
                assert_eq!(now(&mut updates), [""; 0]);
            }));
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(readers.len(), 100);
    for reader in readers {
        soon(reader).await?;
    }
    assert_eq!(requests(&server, "Game/list"), ["subscribe"]);
    Ok(())
}

#[tokio::test]
async fn a_row_that_is_sent_again_unchanged_is_not_an_update() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let views = hs.views::<GameViews>();
    let (mut list, mut top) = (views.list().watch(), views.top().watch());
    let (mut rich, mut row) = (views.top().watch_rich(), views.state().watch("a"));
    read(&mut list, 2).await;
    read(&mut top, 2).await;
    read(&mut row, 1).await;
    assert!(next(&mut rich).await.is_created());
    assert!(next(&mut rich).await.is_created());
    // The list gets the same patch again, the window gets all of its rows, and both get a new snapshot.
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    server.drop_connections();
    soon(server.wait_for_accepted(2)).await;
    soon(server.wait_for_subscription("Game/list")).await;
    soon(server.wait_for_subscription("Game/top")).await;
    put(&server, "a", 1.0);
    put(&server, "a", 9.0);
    assert_eq!(read(&mut list, 1).await, ["patch a 9"]);
    assert_eq!(read(&mut row, 1).await, ["patch a 9"]);
    assert_eq!(read(&mut top, 1).await, ["upsert a 9"]);
    let update = next(&mut rich).await;
    assert_eq!(update.patch(), Some(&json!({"score": 9.0})));
    Ok(())
}

#[tokio::test]
async fn readers_survive_a_killed_server() -> anyhow::Result<()> {
    let server: TestServer = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.views::<GameViews>().top().watch();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.restart().await?;
    put(&server, "b", 2.0);
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["delete a", "upsert b 2"]);
    Ok(())
}
