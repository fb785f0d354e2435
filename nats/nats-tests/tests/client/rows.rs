//! Rows: reads, streams, windows, filters, and the ends of streams.

use std::collections::BTreeMap;
use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::ReadError;
use nats_tests::NatsServer;
use serde_json::json;

use crate::support::{connect, next, player, row, rows, soon, Hand, Player, PlayerViews};

const LIST: &str = "Player/list";
const BUCKET: &str = "game_Player_list";

/// A client of `Player/list` with two rows.
async fn session() -> (NatsServer, Hand, HyperStack) {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    hand.put("ada", 7).await;
    hand.put("bob", 9).await;
    let hs = connect(&nats).await;
    (nats, hand, hs)
}

fn upsert(key: &str, score: i64) -> Update<Player> {
    Update::Upsert {
        key: key.into(),
        data: player(score),
    }
}

#[tokio::test]
async fn rows_are_sorted_and_follow_changes() {
    let (_nats, hand, hs) = session().await;
    assert_eq!(hs.list::<Player>().await, [player(9), player(7)]);
    let mut updates = hs.watch::<Player>();
    assert_eq!(next(&mut updates).await, upsert("bob", 9));
    assert_eq!(next(&mut updates).await, upsert("ada", 7));
    hand.put("ada", 10).await;
    assert_eq!(next(&mut updates).await, upsert("ada", 10));
    assert_eq!(hs.list_sync::<Player>(), [player(10), player(9)]);
    hand.delete("bob").await;
    assert_eq!(
        next(&mut updates).await,
        Update::Delete { key: "bob".into() }
    );
    hand.put("bob", 1).await;
    assert_eq!(next(&mut updates).await, upsert("bob", 1));
    assert_eq!(hs.list_sync::<Player>(), [player(10), player(1)]);
}

#[tokio::test]
async fn one_row_is_read_by_its_key() {
    let (_nats, hand, hs) = session().await;
    assert_eq!(hs.get::<Player>("ada").await, Some(player(7)));
    assert_eq!(hs.try_get::<Player>("cleo").await, Ok(None));
    let mut updates = hs.watch_key::<Player>("cleo");
    let mut ada = hs.watch_key::<Player>("ada");
    assert_eq!(next(&mut ada).await, upsert("ada", 7));
    hand.put("bob", 3).await;
    hand.put("cleo", 4).await;
    assert_eq!(next(&mut updates).await, upsert("cleo", 4));
    hand.delete("cleo").await;
    assert_eq!(
        next(&mut updates).await,
        Update::Delete { key: "cleo".into() }
    );
    // A deleted row has a marker in the bucket.
    drop(updates);
    assert_eq!(hs.try_get::<Player>("cleo").await, Ok(None));
    let subscriptions = hs.subscription_stats();
    assert!(subscriptions
        .iter()
        .all(|it| it.view == LIST && it.keys.len() == 1));
}

/// A server that continues with stored state can send a row with an earlier version than before.
#[tokio::test]
async fn a_row_can_go_back_to_an_earlier_version() {
    let (_nats, hand, hs) = session().await;
    let mut updates = hs.watch_key::<Player>("cleo");
    for (version, score) in [("0000000a:5", 5), ("0000000a:3", 3)] {
        let row = json!({"_version": version, "score": score});
        hand.publish(&[(format!("$KV.{BUCKET}.cleo"), row)]).await;
        assert_eq!(next(&mut updates).await, upsert("cleo", score));
    }
}

#[tokio::test]
async fn a_read_leaves_no_consumer() {
    let (_nats, hand, hs) = session().await;
    for _ in 0..10 {
        assert_eq!(hs.get::<Player>("ada").await, Some(player(7)));
    }
    let stream = format!("KV_{BUCKET}");
    let deleted = async {
        loop {
            let stream = hand.jetstream.get_stream(&stream).await.unwrap();
            if stream.cached_info().state.consumer_count == 0 {
                return;
            }
        }
    };
    // NATS itself deletes them after 30 seconds.
    let deleted = tokio::time::timeout(Duration::from_secs(20), deleted).await;
    assert!(deleted.is_ok());
}

#[tokio::test]
async fn windows_and_filters_apply_in_the_client() {
    let (_nats, hand, hs) = session().await;
    let team = |key: &str, score: i64, team: &str| {
        let subject = format!("$KV.{BUCKET}.{key}");
        (subject, json!({"score": score, "team": team}))
    };
    hand.publish(&[team("cleo", 8, "red"), team("dan", 6, "red")])
        .await;
    let players = hs.views::<PlayerViews>();
    let scores = |rows: Vec<Player>| rows.iter().map(|row| row.score).collect::<Vec<_>>();
    assert_eq!(scores(players.list().take(2).get().await), [9, 8]);
    assert_eq!(scores(players.list().skip(1).take(2).get().await), [8, 7]);
    assert_eq!(
        scores(players.list().filter("team", "red").get().await),
        [8, 6]
    );
    let mut best = players.list().filter("team", "red").first().watch();
    assert_eq!(next(&mut best).await.key(), "cleo");
    hand.publish(&[team("dan", 20, "red"), team("bob", 21, "blue")])
        .await;
    assert_eq!(next(&mut best).await.key(), "dan");
    assert_eq!(next(&mut best).await, Update::Delete { key: "cleo".into() });
}

#[tokio::test]
async fn an_empty_view_is_ready() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    let hs = connect(&nats).await;
    assert_eq!(soon(hs.try_list::<Player>()).await, Ok(vec![]));
    assert_eq!(soon(hs.try_get::<Player>("ada")).await, Ok(None));
    let mut updates = hs.watch::<Player>();
    hand.put("ada", 1).await;
    assert_eq!(next(&mut updates).await, upsert("ada", 1));
}

#[tokio::test]
async fn a_limit_of_the_view_is_announced() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.bucket("game_Player_top").await;
    hand.describe("Player/top", rows(Some(2)), 20_000).await;
    let write = |key: &str, score: i64| {
        let (_, data) = row(key, score);
        (format!("$KV.game_Player_top.{key}"), data)
    };
    hand.publish(&[write("ada", 7), write("bob", 9)]).await;
    let hs = connect(&nats).await;
    let top = hs.views::<PlayerViews>().top();
    assert_eq!(top.get().await, [player(9), player(7)]);
    let _reader = top.watch();
    let stats = &hs.subscription_stats()[0];
    assert_eq!((stats.view.as_str(), stats.limit), ("Player/top", Some(2)));
    assert!(stats.sort.is_some());
}

#[tokio::test]
async fn an_unknown_view_ends_the_stream() {
    let (_nats, _hand, hs) = session().await;
    let mut issues = hs.socket_issues();
    let mut ghosts = hs.raw("Ghost").list().watch();
    assert_eq!(soon(ghosts.next()).await, None);
    let view = "Ghost/list".to_owned();
    assert_eq!(ghosts.end_reason(), Some(&EndReason::UnknownView { view }));
    let message = next(&mut issues).await.message;
    assert_eq!(
        message,
        "unknown view: Ghost/list (the bridge serves Player/list)"
    );
    assert!(matches!(
        hs.raw("Ghost").list().try_get().await,
        Err(ReadError::UnknownView { .. })
    ));
    // Other views are not affected.
    assert_eq!(hs.list::<Player>().await.len(), 2);
}

#[tokio::test]
async fn a_view_that_is_being_copied_is_served_when_it_is_complete() {
    let (_nats, hand, hs) = session().await;
    hand.bucket("game_Player_top").await;
    let (_, data) = row("ada", 7);
    hand.publish(&[("$KV.game_Player_top.ada".to_owned(), data)])
        .await;
    let top = hs.views::<PlayerViews>().top();
    let mut updates = top.try_watch();
    match next(&mut updates).await {
        Err(StreamError::Refused(issue)) => assert_eq!(
            issue.message,
            "the bridge has not copied the view \"Player/top\" yet"
        ),
        other => panic!("{other:?}"),
    }
    hand.describe("Player/top", rows(Some(2)), 20_000).await;
    loop {
        match next(&mut updates).await {
            Ok(update) => break assert_eq!(update, upsert("ada", 7)),
            Err(StreamError::Refused(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn keys_have_any_characters() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    let keys = [
        ("", "="),
        ("a b", "a=20b"),
        ("a.b", "a=2Eb"),
        ("*", "=2A"),
        (">", "=3E"),
        ("=20", "=3D20"),
        ("é\n\"\\", "=C3=A9=0A=22=5C"),
        ("x/y-z_1", "x/y-z_1"),
    ];
    let rows: Vec<_> = (0..)
        .zip(keys)
        .map(|(n, (_, encoded))| row(encoded, n))
        .collect();
    hand.publish(&rows).await;
    // No bridge writes such keys.
    hand.publish(&[row("=61", 99), row("a.b", 99)]).await;
    let hs = connect(&nats).await;
    let players = hs.views::<PlayerViews>();
    for (n, (key, _)) in (0..).zip(keys) {
        assert_eq!(players.state().get(key).await, Some(player(n)), "{key:?}");
    }
    let mut updates = players.list().watch();
    let mut read = BTreeMap::new();
    for _ in keys {
        let update = next(&mut updates).await;
        read.insert(update.key().to_owned(), update.data().unwrap().score);
    }
    let expected = (0..).zip(keys).map(|(n, (key, _))| (key.to_owned(), n));
    assert_eq!(read, expected.collect());
    assert_eq!(players.list().get().await.len(), keys.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_rows_that_change_while_they_are_read() {
    const ROWS: i64 = 6_000;
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    let key = |n: i64| format!("k{n}");
    let all: Vec<_> = (0..ROWS).map(|n| row(&key(n), n)).collect();
    hand.publish(&all).await;

    let hs = connect(&nats).await;
    let players = hs.views::<PlayerViews>();
    let mut updates = players.list().watch();
    // The snapshot begins with the first poll. Meanwhile, every third row changes, and every seventh is deleted.
    let changes = tokio::spawn(async move {
        let changed: Vec<_> = (0..ROWS).step_by(3).map(|n| row(&key(n), -n)).collect();
        let bucket = hand.jetstream.get_key_value(BUCKET).await.unwrap();
        for chunk in changed.chunks(100) {
            hand.publish(chunk).await;
        }
        for n in (0..ROWS).step_by(7) {
            bucket.delete(key(n)).await.unwrap();
        }
        hand.put("last", 1).await;
        hand
    });
    let mut read = BTreeMap::new();
    loop {
        let update = next(&mut updates).await;
        let is_last = update.key() == "last";
        match update {
            Update::Upsert { key, data } | Update::Patch { key, data } => {
                read.insert(key, data.score);
            }
            Update::Delete { key } => assert!(read.remove(&key).is_some(), "{key}"),
        }
        if is_last {
            break;
        }
    }
    soon(changes).await.unwrap();
    let expected = (0..ROWS).filter(|n| n % 7 != 0).map(|n| match n % 3 {
        0 => (key(n), -n),
        _ => (key(n), n),
    });
    let mut expected: BTreeMap<_, _> = expected.collect();
    expected.insert("last".to_owned(), 1);
    assert_eq!(read, expected);
    let mut scores: Vec<_> = expected.into_values().collect();
    scores.sort_by(|a, b| b.cmp(a));
    let rows = players.list().get().await;
    assert_eq!(rows.iter().map(|row| row.score).collect::<Vec<_>>(), scores);
    assert_eq!(hs.stats().frame_errors, 0);
}
