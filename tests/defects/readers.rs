//! Readers: subscribing, waiting, leaving.

use std::collections::BTreeMap;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::json;

use crate::support::*;

use super::HOUR;

#[tokio::test]
async fn p01_dropping_the_last_reader_unsubscribes() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let (mut first, mut second) = (hs.watch::<Game>(), hs.watch::<Game>());
    assert_eq!(read(&mut first, 1).await, ["upsert a 1"]);
    assert_eq!(read(&mut second, 1).await, ["upsert a 1"]);
    drop(first);
    put(&server, "a", 2.0);
    assert_eq!(read(&mut second, 1).await, ["patch a 2"]);
    // Its answer comes after the answers to earlier requests.
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
    // A later reader subscribes again.
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a"]);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
struct Job {
    status: String,
    rank: u32,
}

/// A reader of some jobs, with the rows that its updates add up to.
struct Jobs {
    view: ListView<Job>,
    updates: EntityStream<Job>,
    rows: BTreeMap<String, Job>,
}

impl Jobs {
    fn new(view: ListView<Job>) -> Self {
        let updates = view.watch();
        let rows = BTreeMap::new();
        Jobs {
            view,
            updates,
            rows,
        }
    }

    /// Applies the pending updates. Meanwhile there are never fewer rows than before or after.
    fn catch_up(&mut self) {
        let (before, mut least) = (self.rows.len(), usize::MAX);
        for update in pending(&mut self.updates) {
            match update {
                Update::Delete { key } => assert!(self.rows.remove(&key).is_some(), "{key}"),
                update => {
                    let row = update.data().unwrap().clone();
                    self.rows.insert(update.into_key(), row);
                }
            }
            least = least.min(self.rows.len());
        }
        assert!(least >= before.min(self.rows.len()), "{least} of {before}");
    }

    /// Checks that the updates and the reads give these rows.
    fn is(&mut self, expected: &[(String, Job)]) {
        self.catch_up();
        let seen: Vec<_> = self.rows.clone().into_iter().collect();
        let mut sorted = expected.to_vec();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(seen, sorted);
        let rows: Vec<_> = expected.iter().map(|(_, job)| job.clone()).collect();
        assert_eq!(self.view.get_sync(), rows);
    }
}

/// Returns the server's jobs, the latest first.
fn jobs(server: &TestServer) -> Vec<(String, Job)> {
    let job = |(key, row): (String, serde_json::Value)| {
        let status = row["status"].as_str().unwrap().to_owned();
        let rank = row["rank"].as_u64().unwrap() as u32;
        (key, Job { status, rank })
    };
    server.rows("Job").into_iter().map(job).collect()
}

#[tokio::test]
async fn p01_a_filtered_window_and_a_longer_one_are_both_right_all_the_time() -> anyhow::Result<()>
{
    let server = TestServer::builder()
        .protocol(Protocol::V1)
        .entity("Job")
        .entity("Other")
        .start()
        .await?;
    let put = |n: u32| {
        // Some jobs change, some are sent again unchanged, and some become active or inactive.
        let status = ["active", "idle", "active", "done"][(n / 7 % 4) as usize];
        let key = format!("job{}", n * 31 % 60);
        server.upsert("Job", &key, json!({"status": status, "rank": n / 60}));
    };
    (0..60).for_each(put);
    let hs = client(&server).linger(HOUR).connect().await?;
    let list = hs.views::<JobViews>().list();
    let mut five = Jobs::new(list.clone().filter("status", "active").take(5));
    assert!(soon(five.updates.next()).await.is_some());
    five.updates = five.view.watch();
    let mut fifty = Jobs::new(list.take(50));

    for n in 60..360 {
        settled(&server, hs.faults()).await;
        let all = jobs(&server);
        let active = all.iter().filter(|(_, job)| job.status == "active");
        let active: Vec<_> = active.take(5).cloned().collect();
        five.is(&active);
        fifty.is(&all[..50]);
        if n % 50 == 0 {
            assert_eq!(soon(five.view.get()).await.len(), 5);
            server.drop_connections();
            soon(server.wait_for_accepted(u64::from(n / 50))).await;
            soon(server.wait_for_subscription("Job/list")).await;
        }
        put(n);
    }
    assert_eq!((five.rows.len(), fifty.rows.len()), (5, 50));
    assert_eq!(
        five.updates.conflated() + fifty.updates.conflated(),
        0,
        "the reader is awake"
    );

    // Each connection has one subscription, without options that the server would ignore: first for all rows,
    // then for those that changed meanwhile.
    let connections = server.connections_accepted() as usize;
    let mut asked = asked(&server, "Job/list").into_iter();
    let first = json!({"type": "subscribe", "view": "Job/list"});
    assert_eq!(asked.next().as_ref(), Some(&first));
    assert_eq!(asked.len(), connections - 1);
    for mut again in asked {
        let fields = again.as_object_mut().unwrap();
        assert!(fields.remove("after").is_some());
        assert_eq!(again, first);
    }

    // The readers leave. The subscription lingers, and then ends.
    drop(five);
    drop(fifty);
    soon(hs.list::<Other>()).await;
    assert_eq!(
        requests(&server, "Job/list"),
        vec!["subscribe"; connections]
    );
    tokio::time::pause();
    tokio::time::advance(HOUR).await;
    tokio::time::resume();
    soon(server.wait_for_message(|message| {
        message["type"] == "unsubscribe" && message["view"] == "Job/list"
    }))
    .await;
    until(|| hs.stats().rows == 0).await;
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
    // One row of a view, and three rows of the same view at the same time.
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
async fn p07_get_waits_for_every_key() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server)
        .initial_data_timeout(HOUR)
        .linger(HOUR)
        .connect()
        .await?;
    // One key of the view is ready, and stays ready.
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
async fn p12_a_list_is_ready_after_its_last_batch() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..150 {
        put(&server, &format!("k{n}"), f64::from(n));
    }
    let hs = client(&server)
        .protocol(Protocol::V1)
        .initial_data_timeout(HOUR)
        .connect()
        .await?;
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
