//! Filters and windows, which the server evaluates.

use hyperstack_interop_v2::Change;
use hyperstack_sdk::FilterValue;

use super::*;

/// Reads with this filter; returns the names.
async fn filtered(hs: &HyperStack, path: &str, value: impl FilterValue) -> Vec<String> {
    let list = hs.views::<PlayerViews>().list().filter(path, value);
    let rows = deadline(list.try_get()).await.expect("rows");
    names(&rows).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_filter_selects_by_text_truth_and_integers() {
    let server = players().start();
    server
        .apply([
            change(
                "a",
                json!({"name": "a", "active": true, "total": 7, "score": 1}),
            ),
            change(
                "b",
                json!({"name": "b", "active": false, "total": u64::MAX}),
            ),
            change(
                "c",
                json!({"name": "c", "active": true, "total": 7, "note": "x"}),
            ),
            change("d", json!({"name": "d", "note": null})),
        ])
        .await;
    let hs = patient(&server).await;
    assert_eq!(filtered(&hs, "name", "b").await, ["b"]);
    assert_eq!(hs.stats().rows, 1, "the server filters");
    assert_eq!(filtered(&hs, "active", true).await, ["c", "a"]);
    assert_eq!(filtered(&hs, "active", false).await, ["b"]);
    assert_eq!(filtered(&hs, "total", 7_u64).await, ["c", "a"]);
    assert_eq!(filtered(&hs, "total", "7").await, ["c", "a"]);
    assert_eq!(filtered(&hs, "total", u64::MAX).await, ["b"]);
    assert_eq!(filtered(&hs, "score", 1).await, ["a"]);
    // To the server a missing field is not null; to the row's type both are `None`.
    assert_eq!(filtered(&hs, "note", Value::Null).await, ["d", "b", "a"]);
    let both = hs.views::<PlayerViews>().list();
    let both = both.filter("active", true).filter("note", "x");
    assert_eq!(names(&deadline(both.try_get()).await.expect("rows")), ["c"]);
}

#[tokio::test]
async fn rows_enter_and_leave_a_filter_while_it_is_read() {
    let server = players().start();
    server.apply(crowd(10)).await;
    let hs = connect(&server).await;
    let list = hs.views::<PlayerViews>().list();
    let sevens = list.clone().filter("total", 7_u64);
    let active = list.filter("active", true).take(2);
    let mut seven = Reader::new(sevens.watch());
    let mut latest = Reader::new(active.watch());
    for n in 0..60 {
        let key = format!("p{}", n * 7 % 10);
        let patch = json!({"total": 7 - u64::from(n % 3 == 0), "active": n % 4 != 0});
        server.apply([change(&key, patch)]).await;
        if n % 20 == 13 {
            server
                .apply([delete(&key), player(&key, n).created()])
                .await;
        }
        if n % 10 == 9 {
            let rows = server.rows("Player/list").await;
            let rows: Vec<_> = rows
                .into_iter()
                .filter(|(_, row)| row["total"] == 7)
                .collect();
            seven.reaches(rows.clone()).await;
            shows(|| sevens.get_sync(), rows).await;
            let rows = server.rows("Player/list").await;
            let rows = rows.into_iter().filter(|(_, row)| row["active"] == true);
            let rows: Vec<_> = rows.take(2).collect();
            latest.reaches(rows.clone()).await;
            shows(|| active.get_sync(), rows).await;
        }
    }
}

/// New scores of 20 players, in no order, none twice.
fn churn() -> impl Iterator<Item = Change> {
    (0..200).map(|n| player(&format!("p{}", n * 7 % 20), n * 7919 % 1009))
}

#[tokio::test]
async fn windows_of_one_view_do_not_disturb_each_other() {
    let server = players().start();
    server.apply(crowd(20)).await;
    let hs = connect(&server).await;
    let views = hs.views::<PlayerViews>();
    let ranked = views.ranked();
    let windows = [
        (views.top(), "Player/top", 0, 3),
        (ranked.clone().take(3), "Player/ranked", 0, 3),
        (ranked.clone().skip(1).take(6), "Player/ranked", 1, 6),
        (ranked.clone().skip(15), "Player/ranked", 15, 100),
        (ranked.clone(), "Player/ranked", 0, 100),
    ];
    let mut readers: Vec<_> = windows.iter().map(|it| Reader::new(it.0.watch())).collect();
    for reader in &mut readers {
        reader.begins().await;
    }
    tokio::join!(server.apply(churn()), readers[0].next());
    for (reader, (view, id, skip, take)) in readers.iter_mut().zip(&windows) {
        let window = server.window(id, *skip, *take).await;
        reader.reaches(window.clone()).await;
        shows(|| view.get_sync(), window).await;
    }
    // One that ends leaves the others.
    readers.remove(2);
    server.apply(churn()).await;
    server.apply([delete("p3"), delete("p19")]).await;
    for n in [0, 1, 3, 4] {
        let (view, id, skip, take) = &windows[n];
        let window = server.window(id, *skip, *take).await;
        readers[if n > 2 { n - 1 } else { n }]
            .reaches(window.clone())
            .await;
        shows(|| view.get_sync(), window).await;
    }
}

#[tokio::test]
async fn windows_of_a_list_slide_with_every_change() {
    let server = players().start();
    server.apply(crowd(10)).await;
    let hs = connect(&server).await;
    let list = hs.views::<PlayerViews>().list();
    let (latest, earlier) = (list.clone().take(3), list.skip(2).take(4));
    let mut first = Reader::new(latest.watch());
    let mut second = Reader::new(earlier.watch());
    for n in 0..40 {
        let key = format!("p{}", n * 7 % 10);
        server
            .apply([change(&key, json!({"score": 100 + n}))])
            .await;
        if n % 8 == 7 {
            let rows = server.rows("Player/list").await;
            first.reaches(rows[..3].to_vec()).await;
            second.reaches(rows[2..6].to_vec()).await;
            shows(|| latest.get_sync(), rows[..3].to_vec()).await;
            shows(|| earlier.get_sync(), rows[2..6].to_vec()).await;
        }
    }
}

#[tokio::test]
async fn a_row_that_enters_a_window_pushes_another_one_out() {
    let server = players().start();
    server.apply(crowd(4)).await;
    let hs = connect(&server).await;
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    top.reaches(server.window("Player/top", 0, 3).await).await;
    server.apply([player("p0", -1)]).await;
    server.apply([player("new", 9)]).await;
    let mut read = [top.next().await, top.next().await];
    read.sort_by_key(Update::is_delete);
    assert_eq!((read[0].key(), read[0].is_delete()), ("new", false));
    assert_eq!((read[1].key(), read[1].is_delete()), ("p1", true));
}

#[tokio::test]
async fn a_single_view_always_has_a_row() {
    let server = players().start();
    server.apply([player("a", 1)]).await;
    let hs = connect(&server).await;
    let best = hs.views::<PlayerViews>().best();
    let mut reader = Reader::new(best.watch());
    assert_eq!(reader.next().await.key(), "a");
    let read = async {
        loop {
            reader.next().await;
            let row = best.get_sync().expect("some player is the best");
            if row.score == Some(5000) {
                return;
            }
        }
    };
    let feed = async {
        server.apply(churn()).await;
        server.apply([player("end", 5000)]).await;
    };
    tokio::join!(read, feed);
    reader
        .reaches(server.window("Player/best", 0, 1).await)
        .await;
}

#[tokio::test]
async fn options_of_the_first_snapshot_hide_rows_until_they_change() {
    let server = players().start();
    server.apply(crowd(6)).await;
    let hs = connect(&server).await;
    let list = hs.views::<PlayerViews>().list();
    let mut limited = Reader::new(list.clone().with_snapshot_limit(2).watch());
    let mut live = Reader::new(list.with_snapshot(false).watch());
    live.begins().await;
    let rows = server.rows("Player/list").await;
    limited.reaches(rows[..2].to_vec()).await;
    server.apply([change("p0", json!({"score": 7}))]).await;
    let rows = server.rows("Player/list").await;
    limited.reaches(rows[..3].to_vec()).await;
    live.reaches(rows[..1].to_vec()).await;
    server
        .apply([delete("p0"), delete("p1"), delete("p5")])
        .await;
    let rows = server.rows("Player/list").await;
    limited.reaches(rows[..1].to_vec()).await;
    live.reaches([]).await;
}

/// A snapshot that comes after a lost connection or after lag does not show hidden rows that did not
/// change. A reader without a first snapshot sees live changes only.
#[tokio::test]
async fn options_of_the_first_snapshot_hold_after_later_snapshots() {
    let mut server = players().bus(16).start();
    server.apply(crowd(6)).await;
    let hs = client(&server).connect().await.expect("a connection");
    let list = hs.views::<PlayerViews>().list();
    let mut limited = Reader::new(list.clone().with_snapshot_limit(2).watch());
    let mut live = Reader::new(list.with_snapshot(false).watch());
    live.begins().await;
    let rows = server.rows("Player/list").await;
    limited.reaches(rows[..2].to_vec()).await;
    server.kill().await;
    server
        .apply([change("p0", json!({"score": 7})), delete("p5")])
        .await;
    server.start();
    let rows = server.rows("Player/list").await;
    limited.reaches(rows[..2].to_vec()).await;
    let stall = server.stall();
    server
        .apply((0..200).map(|n| change("p0", json!({"score": n}))))
        .await;
    server.apply([delete("p4")]).await;
    drop(stall);
    let rows = server.rows("Player/list").await;
    limited.reaches(rows[..1].to_vec()).await;
    server.apply([change("p0", json!({"score": -1}))]).await;
    let rows = server.rows("Player/list").await;
    limited.reaches(rows[..1].to_vec()).await;
    live.reaches(rows[..1].to_vec()).await;
    assert_eq!((hs.stats().rows, hs.stats().reconnects), (4, 1));
}
