//! Readers that are behind: the policies for pending updates, and their counts.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{SeqSource, TestServer};
use hyperstack_sdk::Seq;
use serde_json::json;

use crate::support::*;

/// Starts a server of `a` and `b`, and a client whose streams have a capacity of four by default.
async fn start() -> anyhow::Result<(TestServer, HyperStack)> {
    let server = games().start().await?;
    put(&server, "a", 0.0);
    put(&server, "b", 0.0);
    let hs = client(&server).stream_capacity(4).connect().await?;
    Ok((server, hs))
}

/// Gives these scores to `a` and `b` in turn, and waits until the client has them.
async fn turns(server: &TestServer, hs: &HyperStack, scores: RangeInclusive<u32>) {
    for n in scores {
        let key = ["b", "a"][(n % 2) as usize];
        server.patch("Game", key, json!({"score": n}));
    }
    settled(server, hs.faults()).await;
}

#[tokio::test]
async fn by_default_pending_updates_of_a_row_are_conflated() -> anyhow::Result<()> {
    let (server, hs) = start().await?;
    let (mut updates, mut rich) = (hs.watch::<Game>(), hs.watch_rich::<Game>());
    let mut rows = hs.listen::<Game>();
    let mut one = hs.watch_key::<Game>("a");
    read(&mut updates, 2).await;
    assert_eq!(pending(&mut rich).len(), 2);
    assert_eq!(pending(&mut rows).len(), 2);
    assert_eq!(pending(&mut one).len(), 1);

    turns(&server, &hs, 1..=4).await;
    assert_eq!(hs.stats().conflated, 0);
    assert_eq!(hs.stats().queue_depth, 4);
    assert_eq!(
        now(&mut updates),
        ["patch a 1", "patch b 2", "patch a 3", "patch b 4"]
    );
    turns(&server, &hs, 5..=14).await;
    // The reader that had caught up had room for four, and then conflated six more with those four. The
    // others were over capacity at once.
    assert_eq!(now(&mut updates), ["patch a 13", "patch b 14"]);
    assert_eq!(updates.conflated(), 8);
    let scores: Vec<_> = pending(&mut rows).iter().map(|row| row.score).collect();
    assert_eq!(scores, [13.0, 14.0]);
    assert_eq!(rows.conflated(), 12);
    // The update goes from the reader's last row to the current one.
    for (update, (key, score)) in pending(&mut rich).iter().zip([("a", 13.0), ("b", 14.0)]) {
        assert_eq!(update.key(), key);
        assert_eq!(update.before().map(|row| row.score), Some(0.0));
        assert_eq!(update.patch(), Some(&json!({"score": score})));
    }
    assert_eq!(now(&mut one), ["patch a 13"]);
    let stats = hs.stats();
    let counted = updates.conflated() + rich.conflated() + rows.conflated() + one.conflated();
    assert_eq!((stats.conflated, stats.missed), (counted, 0));
    assert_eq!(stats.queue_depth, 0);
    // Updates conflated by dropped streams stay counted.
    drop((updates, rich, rows, one));
    assert_eq!(hs.stats().conflated, counted);
    Ok(())
}

#[tokio::test]
async fn a_stream_may_set_its_own_conflation_capacity() -> anyhow::Result<()> {
    let (server, hs) = start().await?;
    let mut sooner = hs.watch::<Game>().conflate(0);
    let mut later = hs.watch::<Game>().conflate(100);
    read(&mut sooner, 2).await;
    read(&mut later, 2).await;
    turns(&server, &hs, 1..=9).await;
    assert_eq!(now(&mut sooner), ["patch a 9", "patch b 8"]);
    assert_eq!(now(&mut later).len(), 9);
    assert_eq!((sooner.conflated(), later.conflated()), (7, 0));
    Ok(())
}

#[tokio::test]
async fn a_row_that_left_and_came_back_is_conflated_into_its_current_state() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let mut updates = top.clone().take(3).watch().conflate(0);
    read(&mut updates, 3).await;
    for (key, score) in [("a", 9.0), ("a", 0.5), ("b", 1.5), ("a", 2.5)] {
        put(&server, key, score);
    }
    settled(&server, hs.faults()).await;
    let seen: BTreeMap<String, Option<f64>> = pending(&mut updates)
        .into_iter()
        .map(|update| (update.key().to_owned(), update.data().map(|row| row.score)))
        .collect();
    assert_eq!(names(&top.get_sync()), ["d", "c", "a"]);
    assert_eq!(seen.get("a"), Some(&Some(2.5)));
    assert_eq!(seen.get("b"), Some(&None));
    Ok(())
}

#[tokio::test]
async fn an_unbounded_reader_gets_every_change() -> anyhow::Result<()> {
    let (server, hs) = start().await?;
    let mut updates = hs.watch::<Game>().unbounded();
    read(&mut updates, 2).await;
    turns(&server, &hs, 1..=3000).await;
    assert_eq!(hs.stats().queue_depth, 3000);
    for (n, update) in (1u32..).zip(pending(&mut updates)) {
        assert_eq!(update.data().map(|row| row.score), Some(f64::from(n)));
    }
    assert_eq!(updates.conflated(), 0);
    assert_eq!((hs.stats().conflated, hs.stats().queue_depth), (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_reader_that_drops_the_oldest_learns_how_many() -> anyhow::Result<()> {
    let (server, hs) = start().await?;
    let mut updates = hs.try_watch::<Game>().drop_oldest(3);
    assert!(next(&mut updates).await.is_ok());
    assert!(next(&mut updates).await.is_ok());
    let brief = |item: &Result<Update<Game>, StreamError>| match item {
        Ok(update) => brief(update),
        Err(error) => error.to_string(),
    };
    turns(&server, &hs, 1..=3).await;
    assert_eq!(hs.stats().missed, 0);
    let seen: Vec<_> = pending(&mut updates).iter().map(brief).collect();
    assert_eq!(seen, ["patch a 1", "patch b 2", "patch a 3"]);

    turns(&server, &hs, 4..=13).await;
    assert_eq!(hs.stats().queue_depth, 3);
    let items = pending(&mut updates);
    assert_eq!(items[0], Err(StreamError::Lagged { missed: 7 }));
    let seen: Vec<_> = items.iter().map(brief).collect();
    assert_eq!(
        seen,
        [
            "7 changes were dropped because the reader was too slow",
            "patch a 11",
            "patch b 12",
            "patch a 13"
        ]
    );
    // The error comes only once, and again for updates missed later.
    assert_eq!(pending(&mut updates), []);
    turns(&server, &hs, 14..=18).await;
    let items = pending(&mut updates);
    assert_eq!(items[0], Err(StreamError::Lagged { missed: 2 }));
    let stats = hs.stats();
    assert_eq!((stats.missed, stats.conflated), (9, 0));
    assert_eq!(updates.conflated(), 0);
    Ok(())
}

#[tokio::test]
async fn the_policy_survives_operators() -> anyhow::Result<()> {
    let (server, hs) = start().await?;
    let mut shared = hs.watch::<Game>().unbounded().shared();
    let mut mapped = hs.watch::<Game>().map(|update| brief(&update)).unbounded();
    let mut lagging = hs.try_watch::<Game>().drop_oldest(1).shared();
    for _ in 0..2 {
        next(&mut shared).await;
        next(&mut mapped).await;
    }
    // The stream is behind from the start, because there were two rows.
    assert_eq!(pending(&mut lagging).len(), 2);
    // The policy can change while a stream is read.
    let mut changed = hs.watch::<Game>();
    read(&mut changed, 2).await;
    let mut changed = changed.conflate(1);
    turns(&server, &hs, 1..=9).await;
    assert_eq!(pending(&mut shared).len(), 9);
    assert_eq!(pending(&mut mapped).len(), 9);
    assert_eq!(pending(&mut changed).len(), 2);
    let items = pending(&mut lagging);
    assert_eq!(items[0], Err(StreamError::Lagged { missed: 8 }));
    assert_eq!(items.len(), 2);
    Ok(())
}

#[tokio::test]
async fn events_are_counted() -> anyhow::Result<()> {
    let server = games().seq(SeqSource::FromSlot(99)).start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).protocol(Protocol::V1).connect().await?;
    let stats = hs.stats();
    assert_eq!((stats.frames, stats.views, stats.rows), (0, 0, 0));
    let mut list = hs.watch::<Game>();
    let mut top = hs.views::<GameViews>().top().watch();
    read(&mut list, 1).await;
    read(&mut top, 1).await;
    let stats = hs.stats();
    assert_eq!((stats.views, stats.rows), (2, 2));
    // A first snapshot is not a resync.
    assert_eq!((stats.resyncs, stats.reconnects), (0, 0));
    assert_eq!(stats.last_seq, Some("99:0".parse()?));

    // Positions are compared as numbers, and the greatest one is kept.
    put(&server, "b", 2.0);
    read(&mut list, 1).await;
    assert_eq!(hs.stats().last_seq, Some(Seq::new(100, 0)));
    server.set_seq(SeqSource::Fixed(Seq::new(100, 12)));
    put(&server, "b", 2.5);
    server.set_seq(SeqSource::FromSlot(50));
    put(&server, "b", 2.25);
    read(&mut list, 2).await;
    assert_eq!(hs.stats().last_seq, Some(Seq::new(100, 12)));

    // A bad row counts once for each view that has it.
    server.patch("Game", "b", json!({"score": "much"}));
    until(|| hs.stats().row_errors == 2).await;
    assert_eq!(hs.stats().frame_errors, 0);

    // A lost connection: one reconnect, one resync of each view.
    server.patch("Game", "b", json!({"score": 3.0}));
    settled(&server, hs.faults()).await;
    server.drop_connections();
    put(&server, "a", 4.0);
    soon(server.wait_for_accepted(2)).await;
    soon(server.wait_for_subscription("Game/list")).await;
    soon(server.wait_for_subscription("Game/top")).await;
    settled(&server, hs.faults()).await;
    let stats = hs.stats();
    assert_eq!((stats.reconnects, stats.resyncs), (1, 2));
    // A reader that needs more of a view than is held causes one more.
    let mut more = hs.views::<GameViews>().top().take(5).watch();
    read(&mut more, 2).await;
    let mut less = hs.views::<GameViews>().list().take(1).watch();
    read(&mut less, 1).await;
    assert_eq!(hs.stats().resyncs, 2);
    drop(list);
    drop(less);
    drop(top);
    drop(more);
    until(|| hs.stats().views == 0).await;
    let stats = hs.stats();
    assert_eq!((stats.rows, stats.last_seq), (0, None));
    Ok(())
}

#[tokio::test]
async fn a_wider_request_of_a_view_is_a_resync() -> anyhow::Result<()> {
    let (_server, hs) = start().await?;
    let top = hs.views::<GameViews>().top();
    let mut one = top.clone().take(1).watch();
    read(&mut one, 1).await;
    let mut five = top.take(5).watch();
    read(&mut five, 2).await;
    assert_eq!(hs.stats().resyncs, 1);
    Ok(())
}
