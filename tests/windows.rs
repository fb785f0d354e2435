//! Windows of a view: each reader has its own, and they share one subscription.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::Seq;
use serde_json::{json, Value};

use crate::support::*;

/// Five rows, the first with the lowest score and the earliest position.
async fn five() -> anyhow::Result<TestServer> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)] {
        put(&server, key, score);
    }
    Ok(server)
}

/// A reader with the rows that its updates add up to.
struct Replica<'s> {
    server: &'s TestServer,
    hs: &'s HyperStack,
    view: WindowView<Game>,
    updates: EntityStream<Game>,
    rows: BTreeMap<String, f64>,
}

impl<'s> Replica<'s> {
    fn new(server: &'s TestServer, hs: &'s HyperStack, view: WindowView<Game>) -> Self {
        let updates = view.watch();
        let rows = BTreeMap::new();
        Replica {
            server,
            hs,
            view,
            updates,
            rows,
        }
    }

    fn take_in(&mut self, update: Update<Game>) {
        match update {
            Update::Delete { key } => assert!(self.rows.remove(&key).is_some(), "{key}"),
            update => {
                let score = update.data().unwrap().score;
                self.rows.insert(update.into_key(), score);
            }
        }
    }

    /// Reads until it has rows of these keys, and never fewer than it had before.
    async fn becomes(&mut self, keys: &[&str]) {
        let least = self.rows.len().min(keys.len());
        let mut wanted = keys.to_vec();
        wanted.sort_unstable();
        settled(self.server, self.hs.faults()).await;
        loop {
            for update in pending(&mut self.updates) {
                self.take_in(update);
                assert!(self.rows.len() >= least, "{:?}", self.rows);
            }
            if self.rows.keys().eq(&wanted) {
                break;
            }
            let update = next(&mut self.updates).await;
            self.take_in(update);
        }
        // A synchronous read gives the same rows, in order.
        assert_eq!(names(&self.view.get_sync()), keys);
        assert_eq!(names(&soon(self.view.get()).await), keys);
    }
}

/// The server allows one window per view and connection: a second subscribe ends the first.
fn is_sound(messages: &[Value]) -> bool {
    let kinds = messages.iter().map(|message| &message["type"]);
    kinds.enumerate().all(|(n, kind)| match n % 2 {
        0 => kind == "subscribe",
        _ => kind == "unsubscribe",
    })
}

#[tokio::test]
async fn explicit_windows_of_a_derived_view_are_right_through_changes() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let wire = || asked(&server, "Game/top");

    let mut one = Replica::new(&server, &hs, top.clone().take(1));
    one.becomes(&["e"]).await;
    assert_eq!(
        wire(),
        [json!({"type": "subscribe", "view": "Game/top", "take": 1})]
    );
    let mut three = Replica::new(&server, &hs, top.clone().take(3));
    three.becomes(&["e", "d", "c"]).await;
    let mut rest = Replica::new(&server, &hs, top.clone().skip(1).take(2));
    rest.becomes(&["d", "c"]).await;
    // The widest window has all rows, so there is no third subscription.
    let widened = [
        json!({"type": "unsubscribe", "view": "Game/top"}),
        json!({"type": "subscribe", "view": "Game/top", "take": 3}),
    ];
    assert_eq!(wire()[1..], widened);

    // A row moves from beyond every window to the front, within all of them, and out again.
    for (key, score, order) in [
        ("a", 9.0, ["a", "e", "d"]),
        ("d", 6.0, ["a", "d", "e"]),
        ("d", 6.5, ["a", "d", "e"]),
        ("e", 7.0, ["a", "e", "d"]),
        ("a", 0.5, ["e", "d", "c"]),
        ("c", 3.5, ["e", "d", "c"]),
    ] {
        put(&server, key, score);
        three.becomes(&order).await;
        one.becomes(&order[..1]).await;
        rest.becomes(&order[1..]).await;
        let seen = three.rows.get(key);
        assert!(seen.is_none_or(|seen| *seen == score), "{seen:?}");
    }
    assert_eq!(wire().len(), 3);

    // The readers leave one by one, and the subscription shrinks to what the others need.
    drop(one);
    settled(&server, hs.faults()).await;
    assert_eq!(wire().len(), 3);
    drop(three);
    soon(server.wait_for_message(|message| message["skip"] == 1)).await;
    let narrowed = json!({"type": "subscribe", "view": "Game/top", "skip": 1, "take": 2});
    assert_eq!(wire()[4], narrowed);
    put(&server, "b", 8.0);
    rest.becomes(&["e", "d"]).await;
    drop(rest);
    soon(server.wait_for_subscriptions(|live| live.is_empty())).await;
    assert!(is_sound(&wire()) && wire().len() == 6, "{:#?}", wire());
    Ok(())
}

#[tokio::test]
async fn a_window_may_be_longer_than_the_view_declares() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let mut four = Replica::new(&server, &hs, top.clone().take(4));
    four.becomes(&["e", "d", "c", "b"]).await;
    let mut last = Replica::new(&server, &hs, top.skip(3).take(9));
    last.becomes(&["b", "a"]).await;
    put(&server, "a", 2.5);
    four.becomes(&["e", "d", "c", "a"]).await;
    last.becomes(&["a", "b"]).await;
    assert!(is_sound(&asked(&server, "Game/top")));
    Ok(())
}

/// While another window is being requested, the held rows start at another row of the view.
#[tokio::test]
async fn a_window_is_right_while_another_one_is_being_subscribed() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let rest = top.clone().skip(2).take(2);
    let mut kept = rest.watch();
    assert_eq!(read(&mut kept, 2).await, ["upsert c 3", "upsert b 2"]);
    settled(&server, hs.faults()).await;

    // The window is widened and then narrowed, each time with the acknowledgement before the rows.
    let mut wide = Some(top.take(4).watch());
    for widens in [true, false] {
        server.hold_replies();
        let known = asked(&server, "Game/top").len();
        match &mut wide {
            Some(wide) if widens => assert_eq!(now(wide), [""; 0]),
            _ => wide = None,
        }
        until(|| asked(&server, "Game/top").len() == known + 2).await;
        let frames = hs.stats().frames;
        server.release_next(1);
        until(|| hs.stats().frames > frames).await;
        assert_eq!(names(&rest.get_sync()), ["c", "b"], "widens: {widens}");
        let reading = tokio::spawn({
            let rest = rest.clone();
            async move { rest.get().await }
        });
        server.release_replies();
        assert_eq!(names(&soon(reading).await?), ["c", "b"], "widens: {widens}");
        if let Some(wide) = &mut wide {
            assert_eq!(read(wide, 4).await.len(), 4);
        }
        settled(&server, hs.faults()).await;
        assert_eq!(now(&mut kept), [""; 0], "widens: {widens}");
    }
    put(&server, "a", 9.0);
    assert_eq!(read(&mut kept, 2).await, ["upsert d 4", "delete b"]);
    Ok(())
}

/// Without a length, the server uses the declared limit, which the client does not know.
#[tokio::test]
async fn a_window_is_cut_to_the_declared_limit_if_another_reader_needs_it() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let mut four = Replica::new(&server, &hs, top.clone().take(4));
    four.becomes(&["e", "d", "c", "b"]).await;
    let mut declared = top.watch();
    assert_eq!(read(&mut declared, 3).await.len(), 3);
    four.becomes(&["e", "d", "c"]).await;
    drop(declared);
    soon(server.wait_for_message(|message| message["type"] == "unsubscribe")).await;
    four.becomes(&["e", "d", "c", "b"]).await;
    assert!(is_sound(&asked(&server, "Game/top")));
    Ok(())
}

/// The row moves, although no field of its reader's type changed.
#[tokio::test]
async fn a_row_that_only_moves_enters_a_window() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let latest = hs.views::<GameViews>().list().take(2);
    let mut updates = latest.watch();
    assert_eq!(read(&mut updates, 2).await, ["upsert e 5", "upsert d 4"]);
    put(&server, "a", 1.0);
    settled(&server, hs.faults()).await;
    assert_eq!(names(&latest.get_sync()), ["a", "e"]);
    assert_eq!(now(&mut updates), ["upsert a 1", "delete d"]);
    // A move within the window is not an update.
    put(&server, "e", 5.0);
    settled(&server, hs.faults()).await;
    assert_eq!(names(&latest.get_sync()), ["e", "a"]);
    assert_eq!(now(&mut updates), [""; 0]);
    Ok(())
}

/// The same by a field that the reader's type does not have.
#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[entity(name = "Game")]
#[view(top)]
struct Named {
    name: String,
}

#[tokio::test]
async fn a_row_moves_by_a_field_that_its_type_does_not_have() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let first = hs.views::<NamedViews>().top().take(1);
    let mut full = hs.views::<GameViews>().top().take(3).watch();
    read(&mut full, 3).await;
    let mut updates = first.watch();
    assert_eq!(next(&mut updates).await.key(), "e");
    put(&server, "d", 6.0);
    read(&mut full, 1).await;
    settled(&server, hs.faults()).await;
    let name = "d".to_owned();
    assert_eq!(first.get_sync(), [Named { name }]);
    let keys: Vec<_> = pending(&mut updates)
        .into_iter()
        .map(Update::into_key)
        .collect();
    assert_eq!(keys, ["d", "e"]);
    Ok(())
}

#[tokio::test]
async fn a_window_of_a_list_is_cut_locally() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let list = hs.views::<GameViews>().list();
    let mut second = list.clone().skip(1).take(1).watch_rich();
    let update = next(&mut second).await;
    assert!(update.is_created() && update.key() == "d");
    put(&server, "c", 3.5);
    let update = next(&mut second).await;
    assert!(update.is_created() && update.key() == "e", "{update:?}");
    let update = next(&mut second).await;
    assert!(update.is_deleted() && update.key() == "d", "{update:?}");
    assert_eq!(update.before().map(|row| row.score), Some(4.0));
    assert_eq!(
        asked(&server, "Game/list"),
        [json!({"type": "subscribe", "view": "Game/list"})]
    );
    assert_eq!(names(&soon(list.skip(4).get()).await), ["a"]);
    assert_eq!(requests(&server, "Game/list"), ["subscribe"]);
    Ok(())
}

#[tokio::test]
async fn a_window_of_no_rows_is_empty_and_ready() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let views = hs.views::<GameViews>();
    assert_eq!(soon(views.list().take(0).try_get()).await, Ok(vec![]));
    assert_eq!(soon(views.top().take(0).try_get()).await, Ok(vec![]));
    assert_eq!(soon(views.list().skip(9).try_get()).await, Ok(vec![]));
    let beyond = views.list().skip(usize::MAX).take(usize::MAX);
    assert_eq!(soon(beyond.try_get()).await, Ok(vec![]));
    let beyond = views.top().skip(usize::MAX).take(usize::MAX);
    assert_eq!(soon(beyond.try_get()).await, Ok(vec![]));
    Ok(())
}

#[tokio::test]
async fn windows_are_right_after_a_lost_connection() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let mut one = Replica::new(&server, &hs, top.clone().take(1));
    let mut rest = Replica::new(&server, &hs, top.skip(1).take(2));
    one.becomes(&["e"]).await;
    rest.becomes(&["d", "c"]).await;
    server.freeze();
    server.drop_connections();
    put(&server, "a", 4.5);
    put(&server, "b", 9.0);
    server.thaw();
    soon(server.wait_for_accepted(2)).await;
    soon(server.wait_for_subscription("Game/top")).await;
    one.becomes(&["b"]).await;
    rest.becomes(&["e", "a"]).await;
    assert_eq!(hs.stats().reconnects, 1);
    Ok(())
}

#[tokio::test]
async fn without_a_snapshot_a_reader_gets_only_changes() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let list = hs.views::<GameViews>().list();
    let mut live = list.clone().with_snapshot(false).watch();
    assert!(live.next().now_or_never().is_none());
    soon(server.wait_for_subscription("Game/list")).await;
    settled(&server, hs.faults()).await;
    assert_eq!(
        asked(&server, "Game/list"),
        [json!({"type": "subscribe", "view": "Game/list"})]
    );
    assert_eq!(now(&mut live), [""; 0]);
    // A row that existed before is whole when it changes.
    server.patch("Game", "a", json!({"score": 1.5}));
    put(&server, "f", 6.0);
    assert_eq!(read(&mut live, 2).await, ["patch a 1.5", "patch f 6"]);
    assert_eq!(hs.stats().partial_rows, 0);

    // A reader of all rows joins.
    let mut full = list.watch();
    let mut rows = read(&mut full, 6).await;
    rows.sort_unstable();
    assert_eq!(rows[..2], ["upsert a 1.5", "upsert b 2"]);
    assert_eq!(asked(&server, "Game/list").len(), 1);
    settled(&server, hs.faults()).await;
    server.patch("Game", "b", json!({"score": 2.5}));
    assert_eq!(read(&mut full, 1).await, ["patch b 2.5"]);
    // It gets `b`, and at most `a` besides, which has changed since.
    let mut changes = now(&mut live);
    changes.retain(|change| change != "upsert a 1.5");
    assert_eq!(changes, ["patch b 2.5"]);

    // Another reader without a snapshot starts empty, and sends no request.
    let mut later = hs.views::<GameViews>().list().with_snapshot(false).watch();
    assert_eq!(now(&mut later), [""; 0]);
    server.patch("Game", "c", json!({"score": 3.5}));
    for reader in [&mut full, &mut live, &mut later] {
        assert_eq!(read(reader, 1).await, ["patch c 3.5"]);
    }
    assert_eq!(asked(&server, "Game/list").len(), 1);
    Ok(())
}

/// Rows from before a gap must not be merged with changes after it.
#[tokio::test]
async fn without_a_snapshot_rows_are_right_after_a_lost_connection() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let live = hs.views::<GameViews>().list().with_snapshot(false);
    let mut updates = live.watch();
    assert!(updates.next().now_or_never().is_none());
    soon(server.wait_for_subscription("Game/list")).await;
    put(&server, "a", 1.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 1"]);
    server.freeze();
    server.drop_connections();
    server.patch("Game", "a", json!({"note": "meanwhile"}));
    server.thaw();
    soon(server.wait_for_accepted(2)).await;
    soon(server.wait_for_subscription("Game/list")).await;
    server.patch("Game", "a", json!({"score": 2.0}));
    let row = loop {
        let row = next(&mut updates).await.into_data().unwrap();
        if row.score == 2.0 {
            break row;
        }
    };
    assert_eq!(row.note.as_deref(), Some("meanwhile"));
    assert_eq!(live.get_sync(), [row]);
    Ok(())
}

#[tokio::test]
async fn a_limited_snapshot_converges_after_a_lost_connection() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let latest = hs.views::<GameViews>().list().with_snapshot_limit(1);
    let mut updates = latest.watch();
    assert_eq!(read(&mut updates, 1).await, ["upsert e 5"]);
    put(&server, "a", 1.5);
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    server.freeze();
    server.drop_connections();
    // One more than the limit.
    put(&server, "a", 1.75);
    put(&server, "e", 5.75);
    server.thaw();
    let mut rows = read(&mut updates, 2).await;
    rows.sort_unstable();
    assert_eq!(rows, ["upsert a 1.75", "upsert e 5.75"]);
    Ok(())
}

#[tokio::test]
async fn after_yields_only_newer_rows() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let position: Seq = server.row("Game", "c").unwrap()["_seq"]
        .as_str()
        .unwrap()
        .parse()?;
    let list = hs.views::<GameViews>().list();
    let mut newer = list.clone().after(position).watch();
    assert_eq!(read(&mut newer, 2).await, ["upsert e 5", "upsert d 4"]);
    assert_eq!(
        asked(&server, "Game/list"),
        [json!({"type": "subscribe", "view": "Game/list"})]
    );
    assert_eq!(
        names(&soon(list.clone().after(position).get()).await),
        ["e", "d"]
    );

    // A reader of all rows needs the rest, which is still old for the first reader.
    let mut full = list.clone().watch();
    assert_eq!(read(&mut full, 5).await.len(), 5);
    assert_eq!(asked(&server, "Game/list").len(), 1);
    settled(&server, hs.faults()).await;
    assert_eq!(now(&mut newer), [""; 0]);
    let mut beside = list.after(position).watch();
    assert_eq!(now(&mut beside), ["upsert e 5", "upsert d 4"]);
    // Every change is newer.
    put(&server, "a", 1.5);
    for reader in [&mut full, &mut newer, &mut beside] {
        assert_eq!(read(reader, 1).await, ["patch a 1.5"]);
    }
    assert_eq!(asked(&server, "Game/list").len(), 1);
    Ok(())
}

#[tokio::test]
async fn after_still_yields_newer_rows_after_a_lost_connection() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let position: Seq = server.row("Game", "d").unwrap()["_seq"]
        .as_str()
        .unwrap()
        .parse()?;
    let mut newer = hs.views::<GameViews>().list().after(position).watch();
    assert_eq!(read(&mut newer, 1).await, ["upsert e 5"]);
    server.freeze();
    server.drop_connections();
    put(&server, "a", 1.5);
    server.thaw();
    assert_eq!(read(&mut newer, 1).await, ["upsert a 1.5"]);
    settled(&server, hs.faults()).await;
    assert_eq!(now(&mut newer), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_limited_snapshot_has_the_latest_rows() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let list = hs.views::<GameViews>().list();
    let mut latest = list.clone().with_snapshot_limit(2).watch();
    assert_eq!(read(&mut latest, 2).await, ["upsert e 5", "upsert d 4"]);
    assert_eq!(
        asked(&server, "Game/list"),
        [json!({"type": "subscribe", "view": "Game/list"})]
    );
    let mut full = list.clone().watch();
    assert_eq!(read(&mut full, 5).await.len(), 5);
    settled(&server, hs.faults()).await;
    assert_eq!(now(&mut latest), [""; 0]);
    let mut beside = list.clone().with_snapshot_limit(1).watch();
    assert_eq!(now(&mut beside), ["upsert e 5"]);
    // A snapshot limit is not a window: every change is reported, whatever the number of rows.
    put(&server, "a", 1.5);
    put(&server, "b", 2.5);
    for reader in [&mut full, &mut latest, &mut beside] {
        assert_eq!(read(reader, 2).await, ["patch a 1.5", "patch b 2.5"]);
    }
    assert_eq!(asked(&server, "Game/list").len(), 1);
    let position = server.row("Game", "c").unwrap()["_seq"].clone();
    let position: Seq = position.as_str().unwrap().parse()?;
    let first = list.after(position).with_snapshot_limit(1);
    assert_eq!(names(&soon(first.get()).await), ["d"]);
    Ok(())
}

#[tokio::test]
async fn a_window_is_silent_about_rows_sent_again_unchanged() -> anyhow::Result<()> {
    let server = five().await?;
    let hs = client(&server).connect().await?;
    let views = hs.views::<GameViews>();
    let mut top = views.top().take(2).watch();
    let mut cheap = views.list().filter("score", 1).watch();
    read(&mut top, 2).await;
    read(&mut cheap, 1).await;
    put(&server, "a", 1.0);
    put(&server, "e", 5.0);
    server.drop_connections();
    soon(server.wait_for_accepted(2)).await;
    soon(server.wait_for_subscription("Game/list")).await;
    soon(server.wait_for_subscription("Game/top")).await;
    settled(&server, hs.faults()).await;
    assert_eq!(now(&mut top), [""; 0]);
    assert_eq!(now(&mut cheap), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_single_view_may_be_filtered() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    server.patch("Game", "a", json!({"note": "mine"}));
    let hs = client(&server).connect().await?;
    let mine = hs.views::<GameViews>().front().filter("note", "mine");
    assert_eq!(soon(mine.get()).await.unwrap().name, "a");
    let mut updates = mine.watch();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.patch("Game", "b", json!({"note": "mine"}));
    assert_eq!(read(&mut updates, 2).await, ["upsert b 2", "delete a"]);
    // The server has no filters, so the client requests the whole window.
    let message = json!({"type": "subscribe", "view": "Game/top"});
    assert_eq!(asked(&server, "Game/top").last(), Some(&message));
    Ok(())
}
