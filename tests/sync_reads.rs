//! Synchronous reads of the cache, and rows that are shared with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use hyperstack_sdk::prelude::*;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn sync_reads_return_rows_while_the_view_has_a_reader() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let views = hs.views::<GameViews>();
    let nothing = || {
        assert_eq!(hs.get_sync::<Game>("a"), None);
        assert_eq!(hs.list_sync::<Game>(), []);
        assert_eq!(views.list().get_sync(), []);
        assert_eq!(views.state().get_sync("a"), None);
        assert_eq!(views.best().get_sync(), None);
        assert_eq!(views.top().shared().get_sync(), []);
    };
    nothing();
    // It sent no request either.
    soon(hs.list::<Other>()).await;
    assert_eq!(requests(&server, "Game/list"), [""; 0]);
    assert_eq!(requests(&server, "Game/best"), [""; 0]);

    let mut updates = hs.watch::<Game>();
    let (mut best, mut top) = (views.best().watch(), views.top().watch());
    read(&mut updates, 2).await;
    read(&mut best, 1).await;
    read(&mut top, 2).await;
    assert_eq!(hs.get_sync::<Game>("a").unwrap().score, 1.0);
    assert_eq!(hs.get_sync::<Game>("nobody"), None);
    assert_eq!(names(&hs.list_sync::<Game>()), ["b", "a"]);
    assert_eq!(views.best().get_sync().unwrap().name, "b");
    assert_eq!(views.places().get_sync("a").unwrap().score, 1.0);
    let few = views.list().filter("name", "a").take(1);
    assert_eq!(names(&few.get_sync()), ["a"]);

    // The cache is never older than an update that a stream has yielded.
    put(&server, "a", 3.0);
    read(&mut updates, 1).await;
    assert_eq!(hs.get_sync::<Game>("a").unwrap().score, 3.0);
    assert_eq!(names(&hs.list_sync::<Game>()), ["a", "b"]);

    // Cached rows can still be read while disconnected.
    let mut faults = hs.faults();
    server.freeze();
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    assert_eq!(names(&hs.list_sync::<Game>()), ["a", "b"]);
    server.thaw();
    soon(server.wait_for_accepted(2)).await;
    settled(&server, faults).await;

    drop((updates, best, top));
    until(|| hs.stats().views == 0).await;
    nothing();
    Ok(())
}

#[tokio::test]
async fn a_lingering_view_is_still_cached() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .linger(std::time::Duration::from_secs(3600))
        .connect()
        .await?;
    assert!(soon(hs.get::<Game>("a")).await.is_some());
    put(&server, "a", 2.0);
    put(&server, "b", 2.0);
    settled(&server, hs.faults()).await;
    assert_eq!(hs.get_sync::<Game>("a").unwrap().score, 2.0);
    // With a reader of one row, only that row is cached.
    assert_eq!(hs.get_sync::<Game>("b"), None);
    assert_eq!(names(&hs.list_sync::<Game>()), ["a"]);
    soon(hs.disconnect()).await;
    assert_eq!(hs.get_sync::<Game>("a").unwrap().score, 2.0);
    Ok(())
}

/// A busy lock must not look like a missing row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_misses_a_row_while_updates_arrive() -> anyhow::Result<()> {
    const CHANGES: u32 = 5000;
    let server = games().start().await?;
    for key in ["a", "b", "c", "d"] {
        put(&server, key, 0.0);
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut top = hs.views::<GameViews>().top().watch();
    read(&mut updates, 4).await;
    read(&mut top, 3).await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (hs, done) = (hs.clone(), done.clone());
            std::thread::spawn(move || {
                let views = hs.views::<GameViews>();
                let (mut reads, mut last) = (0u64, 0.0);
                while !done.load(Ordering::Relaxed) || reads == 0 {
                    let row = hs.get_sync::<Game>("a").ok_or("a row is missing")?;
                    if row.score < last {
                        return Err("a row went back in time");
                    }
                    last = row.score;
                    if hs.list_sync::<Game>().len() != 4 {
                        return Err("a list is short");
                    }
                    if views.list().take(2).shared().get_sync().len() != 2 {
                        return Err("a window is short");
                    }
                    if views.front().get_sync().is_none() {
                        return Err("the row at the front is missing");
                    }
                    reads += 1;
                }
                Ok(last)
            })
        })
        .collect();
    for n in 1..=CHANGES {
        let score = f64::from(n);
        server.patch("Game", "a", json!({"score": score}));
        // The first row changes all the time.
        if n % 5 == 0 {
            put(&server, "b", score + 0.5);
        }
    }
    let last = f64::from(CHANGES);
    until(|| {
        hs.get_sync::<Game>("a")
            .is_some_and(|row| row.score == last)
    })
    .await;
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        match tokio::task::spawn_blocking(move || reader.join()).await? {
            Ok(read) => assert!(read.is_ok_and(|score| score <= last), "{read:?}"),
            Err(_) => panic!("a reader panicked"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn shared_rows_are_those_of_the_cache() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let views = hs.views::<GameViews>();
    let cached = || views.state().shared().get_sync("a").unwrap();
    let mut updates = hs.watch::<Game>().shared();
    let mut rich = hs.watch_rich::<Game>().shared();
    let mut rows = hs.listen::<Game>().shared();
    let mut errors = hs.try_watch::<Game>().shared();
    let mut part = views.list().take(1).watch().shared();

    let first: Arc<Game> = next(&mut updates).await.into_data().unwrap();
    assert!(Arc::ptr_eq(&first, &cached()));
    let held = vec![
        next(&mut rich).await.data().unwrap().clone(),
        next(&mut rows).await,
        next(&mut errors).await?.into_data().unwrap(),
        next(&mut part).await.into_data().unwrap(),
        views.list().shared().get_sync().remove(0),
        soon(views.list().shared().get()).await.remove(0),
        soon(views.list().filter("name", "a").shared().try_get())
            .await?
            .remove(0),
        soon(views.state().shared().get("a")).await.unwrap(),
        soon(views.state().shared().try_get("a")).await?.unwrap(),
    ];
    assert!(held.iter().all(|row| Arc::ptr_eq(row, &first)));

    // Two reads of a view share its rows. Another view has its own.
    let front = views.front().shared();
    let read = soon(front.get()).await.unwrap();
    assert_eq!(read, first);

    server.patch("Game", "a", json!({"score": 2.0, "note": "x"}));
    let second = next(&mut updates).await.into_data().unwrap();
    assert!(Arc::ptr_eq(&second, &cached()));
    assert!(!Arc::ptr_eq(&second, &first));
    let RichUpdate::Updated { before, after, .. } = next(&mut rich).await else {
        panic!("not an update");
    };
    assert!(Arc::ptr_eq(&before, &first) && Arc::ptr_eq(&after, &second));
    assert!(Arc::ptr_eq(&next(&mut rows).await, &second));

    // A row that the reader keeps stays unchanged.
    server.patch("Game", "a", json!({"score": 3.0}));
    next(&mut updates).await;
    assert_eq!((first.score, first.note.as_deref()), (1.0, None));
    assert_eq!((second.score, second.note.as_deref()), (2.0, Some("x")));
    assert_eq!(cached().score, 3.0);
    // Owned rows are copies.
    let mut copy = hs.get_sync::<Game>("a").unwrap();
    copy.score = 9.0;
    assert_eq!(cached().score, 3.0);
    Ok(())
}

#[tokio::test]
async fn rows_that_are_ready_are_read_outside_of_a_runtime() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = games().protocol(protocol).start().await?;
        put(&server, "a", 1.0);
        let hs = client(&server).connect().await?;
        let mut updates = hs.watch::<Game>();
        read(&mut updates, 1).await;
        assert_eq!(soon(hs.list::<Game>()).await.len(), 1);
        let outside = std::thread::spawn({
            let hs = hs.clone();
            move || {
                let rows = futures_util::FutureExt::now_or_never(hs.try_list::<Game>());
                let row = futures_util::FutureExt::now_or_never(hs.try_get::<Game>("a"));
                (rows, row)
            }
        });
        let (rows, row) = outside.join().expect("no panic");
        assert_eq!(rows.expect("rows at once")?.len(), 1);
        assert_eq!(row.expect("a row at once")?.expect("a row").name, "a");
    }
    Ok(())
}
