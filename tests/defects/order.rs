//! The order of rows, and the row that leaves.

use std::collections::BTreeSet;

use hyperstack_sdk::prelude::*;
use serde_json::json;

use crate::support::*;

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
async fn p15_a_list_over_its_cap_loses_its_least_recent_row_as_a_delete() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).max_entries_per_view(3).connect().await?;
    let mut faults = hs.faults();
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
    // The limit is reported once, with both numbers.
    put(&server, "e", 5.0);
    assert_eq!(read(&mut updates, 2).await.len(), 2);
    let faults = pending(&mut faults);
    let faults: Vec<_> = faults.iter().map(Fault::to_string).collect();
    assert_eq!(
        faults,
        ["the view \"Game/list\" has 4 rows, over the limit of 3: the rows at its end are evicted"]
    );
    Ok(())
}

#[tokio::test]
async fn p15_a_sorted_view_over_its_cap_loses_the_row_furthest_from_the_front() -> anyhow::Result<()>
{
    let server = games().start().await?;
    let hs = client(&server).max_entries_per_view(3).connect().await?;
    let view = hs.views::<GameViews>().ranked();
    let mut updates = view.watch();
    // The view is subscribed before the script begins.
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
async fn p15_a_row_beyond_the_cap_is_never_reported() -> anyhow::Result<()> {
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
    // The new row would be the furthest itself. No reader had it, so there is no delete.
    server.send(ranked("upsert", "c", game("c", 1.0)));
    server.send(ranked("upsert", "a", game("a", 4.0)));
    assert_eq!(read(&mut updates, 1).await, ["upsert a 4"]);
    assert_eq!(next(&mut rich).await.key(), "a");
    assert_eq!(names(&soon(view.get()).await), ["a", "b"]);
    assert_eq!(hs.stats().rows, 2);
    Ok(())
}

#[tokio::test]
async fn p17_a_patch_of_the_sort_field_moves_the_row() -> anyhow::Result<()> {
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
