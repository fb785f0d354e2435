//! What the published client gets wrong, one test each: the numbers are those of the list of its
//! defects.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Sort, TestServer};
use hyperstack_sdk::wire::FrameError;
use serde_json::{json, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn p01_the_last_reader_to_go_unsubscribes() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let (mut first, mut second) = (hs.watch::<Game>(), hs.watch::<Game>());
    assert_eq!(read(&mut first, 1).await, ["upsert a 1"]);
    assert_eq!(read(&mut second, 1).await, ["upsert a 1"]);
    drop(first);
    put(&server, "a", 2.0);
    assert_eq!(read(&mut second, 1).await, ["patch a 2"]);
    // Its answer follows whatever the client said before.
    soon(hs.list::<Other>()).await;
    assert_eq!(requests(&server, "Game/list"), ["subscribe"]);
    drop(second);
    soon(server.wait_for_message(|message| {
        message["type"] == "unsubscribe" && message["view"] == "Game/list"
    }))
    .await;
    soon(server.wait_for_subscriptions(|live| live.iter().all(|(view, _)| view != "Game/list")))
        .await;
    until(|| hs.stats().rows == 0).await;
    assert_eq!(requests(&server, "Game/list"), ["subscribe", "unsubscribe"]);
    // And a later reader starts anew.
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a"]);
    Ok(())
}

#[tokio::test]
async fn p01_two_windows_of_one_view_are_both_right() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let views = hs.views::<GameViews>();
    // One row of a view and three of the same view, at once.
    let mut front = views.front().watch();
    assert_eq!(read(&mut front, 1).await, ["upsert d 4"]);
    let mut top = views.top().watch();
    let mut rows = read(&mut top, 3).await;
    rows.sort_unstable();
    assert_eq!(rows, ["upsert b 2", "upsert c 3", "upsert d 4"]);
    assert_eq!(names(&soon(views.top().get()).await), ["d", "c", "b"]);
    assert_eq!(soon(views.front().get()).await.unwrap().name, "d");
    put(&server, "e", 5.0);
    assert_eq!(read(&mut top, 2).await, ["upsert e 5", "delete b"]);
    assert_eq!(read(&mut front, 2).await, ["upsert e 5", "delete d"]);
    Ok(())
}

#[tokio::test]
async fn p02_rows_come_in_the_order_that_the_server_declares() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.5), ("b", 9.25), ("c", 9.0), ("d", 10.0), ("e", 9.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let expected = |names: &[&str]| {
        let window = server.window("Game/top").unwrap();
        let keys: Vec<_> = window.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, names);
    };
    let mut updates = top.watch();
    assert_eq!(read(&mut updates, 3).await.len(), 3);
    assert_eq!(names(&soon(top.get()).await), ["d", "b", "c"]);
    expected(&["d", "b", "c"]);
    // Patches move rows, into the window and within it.
    server.patch("Game", "c", json!({"score": 9.75}));
    assert_eq!(read(&mut updates, 1).await, ["upsert c 9.75"]);
    assert_eq!(names(&soon(top.get()).await), ["d", "c", "b"]);
    expected(&["d", "c", "b"]);
    server.patch("Game", "a", json!({"score": 9.8}));
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["delete b", "upsert a 9.8"]);
    assert_eq!(names(&soon(top.get()).await), ["d", "a", "c"]);
    expected(&["d", "a", "c"]);
    Ok(())
}

#[tokio::test]
async fn p03_a_row_that_left_a_window_meanwhile_is_deleted() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let mut updates = top.watch();
    assert_eq!(read(&mut updates, 3).await.len(), 3);
    server.freeze();
    server.drop_connections();
    server.patch("Game", "b", json!({"note": "changed meanwhile"}));
    put(&server, "d", 4.0);
    server.thaw();
    // What the window still holds unchanged is not sent again.
    let mut changes = read(&mut updates, 3).await;
    changes.sort_unstable();
    assert_eq!(changes, ["delete a", "upsert b 2", "upsert d 4"]);
    assert_eq!(names(&soon(top.get()).await), ["d", "c", "b"]);
    put(&server, "c", 9.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert c 9"]);
    assert_eq!(server.connections_accepted(), 2);
    assert_eq!(hs.stats().reconnects, 1);
    Ok(())
}

#[tokio::test]
async fn p03_a_row_that_left_a_window_read_by_key_is_deleted_too() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let places = hs.views::<GameViews>().places();
    let mut updates = places.watch("a");
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.freeze();
    server.drop_connections();
    put(&server, "d", 4.0);
    server.thaw();
    assert_eq!(read(&mut updates, 1).await, ["delete a"]);
    assert_eq!(soon(places.get("a")).await, None);
    Ok(())
}

#[tokio::test]
async fn p03_a_list_takes_in_what_changed_meanwhile_and_only_that() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 2).await.len(), 2);
    server.freeze();
    server.drop_connections();
    put(&server, "b", 2.5);
    put(&server, "c", 3.0);
    server.thaw();
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["upsert b 2.5", "upsert c 3"]);
    put(&server, "a", 1.5);
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a", "c", "b"]);
    Ok(())
}

#[tokio::test]
async fn p04_a_patch_for_an_unknown_key_waits_until_the_row_is_whole() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    let mut rich = hs.watch_rich::<Game>();
    put(&server, "first", 0.0);
    assert_eq!(read(&mut updates, 1).await.len(), 1);
    assert_eq!(next(&mut rich).await.key(), "first");
    server.patch("Game", "a", json!({"score": 1.5}));
    put(&server, "b", 2.0);
    // `a` lacks its name: nobody sees it.
    assert_eq!(read(&mut updates, 1).await, ["patch b 2"]);
    assert_eq!(hs.stats().partial_rows, 1);
    assert_eq!(soon(hs.get::<Game>("a")).await, None);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["b", "first"]);
    // A patch that does not complete it is kept as well.
    server.patch("Game", "a", json!({"note": "kept"}));
    server.patch("Game", "a", json!({"name": "a"}));
    let whole = Game {
        name: "a".into(),
        score: 1.5,
        note: Some("kept".into()),
    };
    let (key, data) = ("a".to_owned(), whole.clone());
    assert_eq!(next(&mut updates).await, Update::Patch { key, data });
    assert_eq!(next(&mut rich).await.key(), "b");
    let (key, data) = ("a".to_owned(), whole.clone());
    assert_eq!(next(&mut rich).await, RichUpdate::Created { key, data });
    assert_eq!(soon(hs.get::<Game>("a")).await, Some(whole));
    assert_eq!(hs.stats().partial_rows, 0);
    settled(&server, &mut faults).await;
    Ok(())
}

#[tokio::test]
async fn p04_a_snapshot_row_that_lacks_a_field_waits_as_well() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.patch("Game", "a", json!({"score": 1.5}));
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert b 2"]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["b"]);
    assert_eq!(soon(hs.get::<Game>("a")).await, None);
    assert_eq!(hs.stats().partial_rows, 1);
    server.patch("Game", "a", json!({"name": "a"}));
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Default, Entity)]
struct Nullable {
    text: Option<Option<String>>,
    integer: Option<Option<i64>>,
    large: Option<Option<u64>>,
    float: Option<Option<f64>>,
    flag: Option<Option<bool>>,
    list: Option<Option<Vec<u8>>>,
    map: Option<Option<BTreeMap<String, u8>>>,
    section: Option<Option<Inner>>,
    leaf: Option<Option<Phase>>,
    deep: Deep,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
struct Inner {
    x: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
struct Deep {
    text: Option<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Leaf)]
enum Phase {
    Open,
}

#[tokio::test]
async fn p05_null_is_not_the_same_as_never_sent() -> anyhow::Result<()> {
    let server = TestServer::builder().entity("Nullable").start().await?;
    let values = json!({
        "text": "hello", "integer": -1, "large": "18446744073709551615", "float": 0.5,
        "flag": false, "list": [1], "map": {"k": 1}, "section": {"x": 1}, "leaf": "Open",
        "deep": {"text": "hello"},
    });
    let nulls = json!({
        "text": null, "integer": null, "large": null, "float": null,
        "flag": null, "list": null, "map": null, "section": null, "leaf": null,
        "deep": {"text": null},
    });
    let known = Nullable {
        text: Some(Some("hello".into())),
        integer: Some(Some(-1)),
        large: Some(Some(u64::MAX)),
        float: Some(Some(0.5)),
        flag: Some(Some(false)),
        list: Some(Some(vec![1])),
        map: Some(Some([("k".to_owned(), 1)].into())),
        section: Some(Some(Inner { x: Some(1) })),
        leaf: Some(Some(Phase::Open)),
        deep: Deep {
            text: Some(Some("hello".into())),
        },
    };
    let null = Nullable {
        text: Some(None),
        integer: Some(None),
        large: Some(None),
        float: Some(None),
        flag: Some(None),
        list: Some(None),
        map: Some(None),
        section: Some(None),
        leaf: Some(None),
        deep: Deep { text: Some(None) },
    };
    server.upsert("Nullable", "in the snapshot", nulls.clone());
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Nullable>();
    assert_eq!(next(&mut updates).await.into_data(), Some(null.clone()));
    server.upsert("Nullable", "a", json!({}));
    let never = Nullable::default();
    assert_eq!(next(&mut updates).await.into_data(), Some(never));
    for (patch, row) in [
        (&values, &known),
        (&nulls, &null),
        (&values, &known),
        (&nulls, &null),
    ] {
        server.patch("Nullable", "a", patch.clone());
        assert_eq!(next(&mut updates).await.data(), Some(row));
    }
    assert_eq!(soon(hs.get::<Nullable>("a")).await, Some(null));
    Ok(())
}

#[tokio::test]
async fn p06_an_empty_view_answers_in_a_round_trip() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let views = hs.views::<GameViews>();
    assert_eq!(soon(hs.list::<Game>()).await, []);
    assert_eq!(soon(views.list().try_get()).await, Ok(vec![]));
    assert_eq!(soon(views.top().try_get()).await, Ok(vec![]));
    assert_eq!(soon(views.best().try_get()).await, Ok(None));
    assert_eq!(soon(views.state().try_get("nobody")).await, Ok(None));
    assert_eq!(soon(hs.get::<Game>("nobody")).await, None);
    // With a stream open, too.
    let mut updates = views.top().watch();
    assert_eq!(soon(views.top().get()).await, []);
    assert_eq!(soon(views.best().get()).await, None);
    put(&server, "a", 1.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    Ok(())
}

#[tokio::test]
async fn p07_every_key_is_waited_for() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server)
        .initial_data_timeout(HOUR)
        .linger(HOUR)
        .connect()
        .await?;
    // One key of the view is known and stays so.
    assert_eq!(soon(hs.get::<Game>("a")).await.unwrap().score, 1.0);
    server.hold_replies();
    let b = tokio::spawn({
        let hs = hs.clone();
        async move { hs.get::<Game>("b").await }
    });
    soon(server.wait_for_message(|message| message["key"] == "b")).await;
    assert!(!b.is_finished());
    server.release_replies();
    assert_eq!(soon(b).await?.unwrap().score, 2.0);
    Ok(())
}

#[tokio::test]
async fn p08_a_late_reader_gets_the_rows_and_then_every_change() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut early = hs.watch::<Game>();
    assert_eq!(read(&mut early, 1).await, ["upsert a 1"]);
    put(&server, "b", 2.0);
    put(&server, "a", 1.5);
    assert_eq!(read(&mut early, 2).await, ["patch b 2", "patch a 1.5"]);

    let mut late = hs.watch::<Game>();
    let mut keyed = hs.watch_key::<Game>("a");
    let mut rich = hs.watch_rich::<Game>();
    assert_eq!(read(&mut late, 2).await, ["upsert a 1.5", "upsert b 2"]);
    assert_eq!(read(&mut keyed, 1).await, ["upsert a 1.5"]);
    assert!(next(&mut rich).await.is_created());
    assert!(next(&mut rich).await.is_created());

    put(&server, "b", 2.5);
    put(&server, "a", 1.75);
    for stream in [&mut early, &mut late] {
        assert_eq!(read(stream, 2).await, ["patch b 2.5", "patch a 1.75"]);
    }
    assert_eq!(read(&mut keyed, 1).await, ["patch a 1.75"]);
    let update = next(&mut rich).await;
    assert_eq!(update.before().map(|row| row.score), Some(2.0));
    assert_eq!(requests(&server, "Game/list"), ["subscribe"]);
    Ok(())
}

#[tokio::test]
async fn p09_a_reader_that_pauses_finds_the_last_state_of_every_key() -> anyhow::Result<()> {
    let server = games().start().await?;
    let key = |n: u32| format!("k{}", n % 10);
    for n in 0..10 {
        put(&server, &key(n), 0.0);
    }
    let hs = client(&server).connect().await?;
    let (mut paused, mut awake) = (hs.watch::<Game>(), hs.watch::<Game>());
    read(&mut paused, 10).await;
    read(&mut awake, 10).await;
    for n in 1..=5000 {
        server.patch("Game", &key(n), json!({"score": n}));
    }
    put(&server, "last", 0.0);
    while next(&mut awake).await.key() != "last" {}

    let conflated = paused.conflated();
    assert!(conflated > 0);
    let mut items = 0;
    let mut scores: HashMap<String, f64> = HashMap::new();
    loop {
        let update = next(&mut paused).await;
        items += 1;
        if update.key() == "last" {
            break;
        }
        let score = update.data().unwrap().score;
        let before = scores.insert(update.into_key(), score);
        assert!(before < Some(score), "{before:?} then {score}");
    }
    assert_eq!(items + conflated, 5001);
    for n in 4991..=5000 {
        assert_eq!(scores[&key(n)], f64::from(n));
    }
    // It has caught up: from here on it gets every change again.
    put(&server, "k1", 1.0);
    put(&server, "k1", 2.0);
    assert_eq!(read(&mut paused, 2).await, ["patch k1 1", "patch k1 2"]);
    Ok(())
}

#[tokio::test]
async fn p10_when_the_attempts_are_used_up_streams_end_and_say_why() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .max_reconnect_attempts(2)
        .initial_data_timeout(HOUR)
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    let mut errors = hs.views::<GameViews>().list().try_watch();
    let mut waiting = hs.watch_key::<Other>("nobody");
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    assert!(next(&mut errors).await.is_ok());
    server.stop().await;
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(soon(waiting.next()).await, None);
    let reason = updates.end_reason().cloned().unwrap();
    assert!(
        matches!(
            &reason,
            EndReason::AttemptsExhausted {
                attempts: 2,
                cause: ConnectError::Unreachable(_)
            }
        ),
        "{reason}"
    );
    assert_eq!(
        next(&mut errors).await,
        Err(StreamError::Ended(reason.clone()))
    );
    assert_eq!(soon(errors.next()).await, None);
    assert_eq!(waiting.end_reason(), Some(&reason));
    assert_eq!(hs.end_reason(), Some(reason.clone()));
    assert_eq!(hs.connection_state().await, ConnectionState::Error);
    // What comes too late is told as well, at once.
    let mut late = hs.watch::<Other>();
    assert_eq!(soon(late.next()).await, None);
    assert_eq!(late.end_reason(), Some(&reason));
    let read = hs.try_get::<Other>("a");
    assert_eq!(soon(read).await, Err(ReadError::Ended(reason)));
    Ok(())
}

/// The pings that came by a connection.
fn pings(server: &TestServer, connection: u64) -> usize {
    let messages = server.messages_of(connection);
    let pings = messages.iter().filter(|message| message["type"] == "ping");
    pings.count()
}

/// A relay in front of the server that, once told, swallows what the server says on connections that
/// were made before; what the client says still arrives.
async fn relay(server: &TestServer) -> std::io::Result<(String, Arc<AtomicU64>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}", listener.local_addr()?);
    let silenced = Arc::new(AtomicU64::new(0));
    let (address, told) = (server.address(), silenced.clone());
    tokio::spawn(async move {
        for number in 1.. {
            let (client, _) = listener.accept().await?;
            let (mut said, mut heard) = client.into_split();
            let (mut answers, mut requests) = TcpStream::connect(address).await?.into_split();
            let told = told.clone();
            tokio::spawn(async move { tokio::io::copy(&mut said, &mut requests).await });
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                loop {
                    let count = answers.read(&mut bytes).await?;
                    if count == 0 {
                        return std::io::Result::Ok(());
                    }
                    if told.load(Ordering::Relaxed) < number {
                        heard.write_all(&bytes[..count]).await?;
                    }
                }
            });
        }
        std::io::Result::Ok(())
    });
    Ok((url, silenced))
}

#[tokio::test]
async fn p11_a_silent_peer_is_noticed_within_two_ping_intervals() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let (url, silenced) = relay(&server).await?;
    let hs = client(&server)
        .url(url)
        .ping_interval(Duration::from_millis(50))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    soon(server.wait_for_message(|message| message["type"] == "ping")).await;
    put(&server, "a", 1.5);
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    let before = pings(&server, 1);
    // The socket stays open, and takes what is written: nothing but the silence can tell.
    silenced.store(1, Ordering::Relaxed);
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(server.connections_accepted(), 2);
    soon(server.wait_for_connections(1)).await;
    let missed = pings(&server, 1) - before;
    assert!(missed <= 2, "{missed} pings went unanswered");
    Ok(())
}

#[tokio::test]
async fn p11_a_peer_that_does_not_even_read_is_noticed() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .ping_interval(Duration::from_millis(50))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.freeze();
    put(&server, "a", 2.0);
    until(|| {
        let state = hs.connection_state().now_or_never();
        matches!(state, Some(ConnectionState::Reconnecting { .. }))
    })
    .await;
    server.thaw();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    Ok(())
}

#[tokio::test]
async fn p11_a_client_that_was_held_up_itself_asks_before_it_judges() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .ping_interval(Duration::from_secs(1))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    soon(server.wait_for_message(|message| message["type"] == "unsubscribe")).await;
    // As when a program blocks its runtime, or a laptop wakes up: the server had nothing to say, and
    // was not pinged meanwhile.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3)).await;
    tokio::time::resume();
    soon(server.wait_for_message(|message| message["type"] == "ping")).await;
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 2"]);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn p11_the_silence_is_a_fault_like_any_loss() -> anyhow::Result<()> {
    let server = games().start().await?;
    let interval = Duration::from_millis(50);
    let hs = client(&server).ping_interval(interval).connect().await?;
    let mut faults = hs.faults();
    server.freeze();
    let silent = interval * 2;
    assert_eq!(
        next(&mut faults).await,
        Fault::Connection(ConnectError::Silent { silent })
    );
    Ok(())
}

#[tokio::test]
async fn p11_a_quiet_peer_that_answers_is_left_alone() -> anyhow::Result<()> {
    let server = games().start().await?;
    let interval = Duration::from_millis(250);
    let hs = client(&server).ping_interval(interval).connect().await?;
    // Two missed answers would have ended it before the fourth ping.
    for _ in 0..4 {
        soon(server.wait_for_message(|message| message["type"] == "ping")).await;
    }
    assert_eq!(server.connections_accepted(), 1);
    assert_eq!(hs.connection_state().await, ConnectionState::Connected);
    assert_eq!(hs.stats().reconnects, 0);
    Ok(())
}

#[tokio::test]
async fn p11_a_client_that_the_server_removed_in_silence_comes_back() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .ping_interval(Duration::from_millis(50))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    // The client has nothing left to say but pings. Those of WebSocket are still answered; the next
    // text ends the connection.
    soon(server.wait_for_message(|message| message["type"] == "unsubscribe")).await;
    server.mute();
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert!(pings(&server, 1) >= 1);
    Ok(())
}

#[tokio::test]
async fn p12_a_list_is_ready_after_its_last_batch() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..150 {
        put(&server, &format!("k{n}"), f64::from(n));
    }
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    server.hold_replies();
    let rows = tokio::spawn({
        let hs = hs.clone();
        async move { hs.list::<Game>().await }
    });
    let mut updates = hs.watch::<Game>();
    // The confirmation and the first batch.
    server.release_next(2);
    read(&mut updates, 50).await;
    assert!(!rows.is_finished());
    server.release_replies();
    assert_eq!(soon(rows).await?.len(), 150);
    read(&mut updates, 100).await;
    Ok(())
}

#[tokio::test]
async fn p13_a_row_of_a_wrong_type_is_an_error_that_names_it() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    server.upsert("Game", "b", json!({"name": "b", "score": "high"}));
    put(&server, "c", 3.0);
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.views::<GameViews>().list().try_watch();
    let mut seen = (Vec::new(), None);
    for _ in 0..3 {
        match next(&mut updates).await {
            Ok(update) => seen.0.push(brief(&update)),
            Err(error) => seen.1 = Some(error),
        }
    }
    let (mut rows, error) = seen;
    rows.sort_unstable();
    assert_eq!(rows, ["upsert a 1", "upsert c 3"]);
    let Some(StreamError::Row(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!((&*error.view, &*error.key), ("Game/list", "b"));
    assert_eq!(error.path(), "score");
    let text = error.to_string();
    for part in ["Game/list", "\"b\"", "score", "high"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(next(&mut faults).await, Fault::Row(error));
    let mut names: Vec<_> = soon(hs.list::<Game>()).await;
    names.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(crate::support::names(&names), ["a", "c"]);
    let stats = hs.stats();
    assert_eq!((stats.row_errors, stats.frame_errors), (1, 0));
    Ok(())
}

#[tokio::test]
async fn p14_an_unknown_operation_is_an_error_and_changes_nothing() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.views::<GameViews>().list().try_watch();
    assert_eq!(
        next(&mut updates).await.as_ref().map(brief),
        Ok("upsert a 1".into())
    );
    server.send(json!({
        "mode": "list", "entity": "Game/list", "op": "truncate", "key": "a", "data": {},
    }));
    let error = FrameError::UnknownOperation {
        operation: "truncate".into(),
        view: Some("Game/list".into()),
        key: Some("a".into()),
    };
    assert_eq!(
        next(&mut updates).await,
        Err(StreamError::Frame(error.clone()))
    );
    assert_eq!(next(&mut faults).await, Fault::Frame(error));
    assert_eq!(hs.stats().frame_errors, 1);
    assert_eq!(soon(hs.get::<Game>("a")).await.unwrap().score, 1.0);
    put(&server, "a", 2.0);
    assert_eq!(
        next(&mut updates).await.as_ref().map(brief),
        Ok("patch a 2".into())
    );
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn p15_a_list_over_its_cap_loses_its_least_recent_row_as_a_delete() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).max_entries_per_view(3).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut rich = hs.watch_rich::<Game>();
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
        assert_eq!(next(&mut updates).await.key(), key);
        assert_eq!(next(&mut rich).await.key(), key);
    }
    put(&server, "a", 1.5);
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    assert!(next(&mut rich).await.is_updated());
    put(&server, "d", 4.0);
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["delete b", "patch d 4"]);
    let (first, second) = (next(&mut rich).await, next(&mut rich).await);
    let gone = [first, second].into_iter().find(RichUpdate::is_deleted);
    assert_eq!(gone.unwrap().before().unwrap().name, "b");
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["d", "a", "c"]);
    assert_eq!((hs.stats().evicted_rows, hs.stats().rows), (1, 3));
    Ok(())
}

#[tokio::test]
async fn p15_a_sorted_view_over_its_cap_loses_the_row_furthest_from_the_front() -> anyhow::Result<()>
{
    let server = games().start().await?;
    let hs = client(&server).max_entries_per_view(3).connect().await?;
    let view = hs.views::<GameViews>().ranked();
    let mut updates = view.watch();
    // Lets the subscription stand before the script begins.
    assert_eq!(soon(view.get()).await, []);
    let mut seen = BTreeSet::new();
    for (key, score) in [("a", 3.0), ("b", 1.0), ("c", 2.0)] {
        server.send(ranked("upsert", key, game(key, score)));
        seen.extend(read(&mut updates, 1).await);
    }
    assert_eq!(seen.len(), 3);
    server.send(ranked("upsert", "d", game("d", 4.0)));
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["delete b", "upsert d 4"]);
    assert_eq!(names(&soon(view.get()).await), ["d", "a", "c"]);
    Ok(())
}

#[tokio::test]
async fn p15_a_row_beyond_the_cap_is_never_heard_of() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).max_entries_per_view(2).connect().await?;
    let view = hs.views::<GameViews>().ranked();
    let (mut updates, mut rich) = (view.watch(), view.watch_rich());
    assert_eq!(soon(view.get()).await, []);
    for (key, score) in [("a", 3.0), ("b", 2.0)] {
        server.send(ranked("upsert", key, game(key, score)));
        read(&mut updates, 1).await;
        assert!(next(&mut rich).await.is_created());
    }
    // It would itself be the furthest: no reader had it, so none is to be told that it is gone.
    server.send(ranked("upsert", "c", game("c", 1.0)));
    server.send(ranked("upsert", "a", game("a", 4.0)));
    assert_eq!(read(&mut updates, 1).await, ["upsert a 4"]);
    assert_eq!(next(&mut rich).await.key(), "a");
    assert_eq!(names(&soon(view.get()).await), ["a", "b"]);
    assert_eq!(hs.stats().rows, 2);
    Ok(())
}

#[tokio::test]
async fn p16_disconnect_acts_at_once_while_it_waits_to_reconnect() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .reconnect_intervals(vec![HOUR * 1000])
        .connect()
        .await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    assert_eq!(
        hs.connection_state().await,
        ConnectionState::Reconnecting { attempt: 1 }
    );
    soon(hs.disconnect()).await;
    is_over(&hs, &mut updates).await;
    assert_eq!(soon(faults.next()).await, None);
    Ok(())
}

#[tokio::test]
async fn p16_disconnect_acts_at_once_while_it_dials() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect_timeout(HOUR).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    // The loss is answered by a dial, and the dial by nothing.
    server.freeze();
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    soon(hs.disconnect()).await;
    is_over(&hs, &mut updates).await;
    Ok(())
}

#[tokio::test]
async fn p16_disconnect_closes_the_socket_at_once() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    soon(hs.disconnect()).await;
    is_over(&hs, &mut updates).await;
    soon(server.wait_for_connections(0)).await;
    assert_eq!(server.connections_accepted(), 1);
    // Reads go on from the cache, and ask nobody.
    assert_eq!(soon(hs.list::<Other>()).await, []);
    Ok(())
}

async fn is_over(hs: &HyperStack, updates: &mut EntityStream<Game>) {
    assert_eq!(hs.connection_state().await, ConnectionState::Disconnected);
    assert_eq!(hs.end_reason(), Some(EndReason::Disconnected));
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(updates.end_reason(), Some(&EndReason::Disconnected));
}

#[tokio::test]
async fn p17_a_patch_of_the_field_that_sorts_moves_the_row() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let view = hs.views::<GameViews>().ranked();
    let mut updates = view.watch();
    assert_eq!(soon(view.get()).await, []);
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        server.send(ranked("patch", key, game(key, score)));
    }
    read(&mut updates, 3).await;
    assert_eq!(names(&soon(view.get()).await), ["c", "b", "a"]);
    for (key, score, order) in [
        ("a", 2.5, ["c", "a", "b"]),
        ("c", 0.5, ["a", "b", "c"]),
        ("c", 2.5, ["a", "c", "b"]),
        ("b", 1e300, ["b", "a", "c"]),
    ] {
        server.send(ranked("patch", key, json!({"score": score})));
        read(&mut updates, 1).await;
        assert_eq!(names(&soon(view.get()).await), order);
    }
    // Another field moves nothing.
    server.send(ranked("patch", "c", json!({"note": "x"})));
    read(&mut updates, 1).await;
    assert_eq!(names(&soon(view.get()).await), ["b", "a", "c"]);
    Ok(())
}

#[tokio::test]
async fn p18_a_confirmation_shaped_like_data_is_ignored_or_refused() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    let before = soon(hs.list::<Game>()).await;
    for data in [json!({}), json!({"name": "x", "score": 9.0}), Value::Null] {
        server.send(json!({
            "op": "subscribed", "view": "Game/list", "mode": "list",
            "entity": "Game/list", "key": "a", "data": data,
            "sort": {"field": ["score"], "order": "asc"},
        }));
        server.send(json!({
            "op": "subscribed", "mode": "list", "entity": "Game/list", "key": "a", "data": data,
        }));
    }
    put(&server, "b", 0.5);
    assert_eq!(read(&mut updates, 1).await, ["patch b 0.5"]);
    put(&server, "c", 0.75);
    assert_eq!(read(&mut updates, 1).await, ["patch c 0.75"]);
    let rows = soon(hs.list::<Game>()).await;
    // In the order that was announced when it was asked for.
    assert_eq!(names(&rows), ["c", "b", "a"]);
    assert_eq!(rows[2..], before[..]);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn p19_every_row_of_a_large_snapshot_reaches_the_stream() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..10_000 {
        put(&server, &format!("k{n}"), f64::from(n));
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut keys = BTreeSet::new();
    for _ in 0..10_000 {
        let update = next(&mut updates).await;
        assert!(matches!(update, Update::Upsert { .. }), "{update:?}");
        assert!(keys.insert(update.into_key()));
    }
    assert_eq!(updates.conflated(), 0);
    put(&server, "k0", 1.0);
    assert_eq!(read(&mut updates, 1).await, ["patch k0 1"]);
    Ok(())
}

#[tokio::test]
async fn p20_a_flood_leaves_the_last_state_right() -> anyhow::Result<()> {
    let server = games().start().await?;
    let key = |n: u32| format!("k{}", n % 100);
    for n in 0..100 {
        put(&server, &key(n), 0.0);
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 100).await;
    for n in 1..=20_000 {
        server.patch("Game", &key(n), json!({"score": n}));
    }
    put(&server, "last", 0.0);
    let mut scores: HashMap<String, f64> = HashMap::new();
    let mut items = 0;
    loop {
        let update = next(&mut updates).await;
        items += 1;
        if update.key() == "last" {
            break;
        }
        let score = update.data().unwrap().score;
        let before = scores.insert(update.into_key(), score);
        assert!(before < Some(score), "{before:?} then {score}");
    }
    assert_eq!(items + updates.conflated(), 20_001);
    for n in 19_901..=20_000 {
        assert_eq!(scores[&key(n)], f64::from(n));
    }
    Ok(())
}

#[tokio::test]
async fn p21_a_message_that_inflates_without_bound_is_an_error() -> anyhow::Result<()> {
    let server = games()
        .view_unlimited("Game/all", Sort::asc("score"))
        .start()
        .await?;
    put(&server, "a", 1.0);
    let limit = 64 << 10;
    let hs = client(&server).max_inflated_size(limit).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.send_gzip(json!({
        "mode": "list", "entity": "Game/list", "op": "snapshot", "complete": true,
        "data": [{"key": "a", "data": {"name": "a", "score": 9, "note": "x".repeat(4 << 20)}}],
    }));
    let Fault::Frame(FrameError::InflatesTooLarge { size, limit: told }) = next(&mut faults).await
    else {
        panic!("another fault");
    };
    assert!(size < limit, "{size} bytes were sent");
    assert_eq!(told, limit);
    assert_eq!(hs.stats().frame_errors, 1);
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch b 2"]);
    assert_eq!(soon(hs.get::<Game>("a")).await.unwrap().score, 1.0);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}
