//! The rows that a reader starts with.

use super::*;

async fn whole_snapshot(rows: i64) {
    let server = players().start();
    server.apply(crowd(rows)).await;
    let hs = patient(&server).await;
    let list = server.rows("Player/list").await;
    assert_eq!(list.len() as i64, rows);
    let mut reader = Reader::new(hs.watch::<Player>());
    let read = deadline(hs.try_list::<Player>()).await.expect("rows");
    assert_eq!(names(&read), keys(&list));
    reader.reaches(list).await;
    let views = hs.views::<PlayerViews>();
    let ranked = deadline(views.ranked().try_get()).await.expect("rows");
    let window = server.window("Player/ranked", 0, 500).await;
    assert_eq!(names(&ranked), keys(&window));
    assert_eq!(hs.stats().row_errors + hs.stats().frame_errors, 0);
}

/// The server sends 50 rows in the first batch, then 100 in each.
#[tokio::test]
async fn snapshots_of_every_size_are_whole() {
    for rows in [0, 1, 49, 50, 51, 150, 151, 400] {
        whole_snapshot(rows).await;
    }
}

#[tokio::test]
async fn a_raw_row_is_the_json_in_the_servers_cache() {
    let server = players().start();
    server.apply(crowd(3)).await;
    server
        .apply([change(
            "p1",
            json!({"total": u64::MAX, "place": {"town": "x"}}),
        )])
        .await;
    let hs = connect(&server).await;
    let raw = hs.raw("Player").list();
    let mut reader = Reader::new(raw.watch());
    reader.reaches(server.rows("Player/list").await).await;
    server
        .apply([change("p1", json!({"place": {"town": null, "street": 7}}))])
        .await;
    reader.reaches(server.rows("Player/list").await).await;
    shows(|| raw.get_sync(), server.rows("Player/list").await).await;
}

#[tokio::test]
async fn the_declared_windows_are_the_servers() {
    let server = players().start();
    server.apply(crowd(120)).await;
    let hs = connect(&server).await;
    let views = hs.views::<PlayerViews>();
    assert_eq!(names(&views.top().get().await), ["p119", "p118", "p117"]);
    let best = views.best().get().await.and_then(|player| player.name);
    assert_eq!(best.as_deref(), Some("p119"));
    let least = views.least().get().await;
    assert_eq!(
        names(&least),
        keys(&server.window("Player/least", 0, 120).await)
    );
}

/// The client waits an hour for rows, so that an empty view is answered by the server or not at all.
#[tokio::test]
async fn an_empty_view_is_answered_at_once() {
    let server = players().start();
    let hs = patient(&server).await;
    let views = hs.views::<PlayerViews>();
    let list = deadline(hs.try_list::<Player>()).await;
    assert_eq!(list.expect("an answer"), []);
    let top = deadline(views.top().try_get()).await;
    assert_eq!(top.expect("an answer"), []);
    let best = deadline(views.best().try_get()).await;
    assert_eq!(best.expect("an answer"), None);
    let filtered = views.list().filter("note", "none");
    let filtered = deadline(filtered.try_get()).await;
    assert_eq!(filtered.expect("an answer"), []);
    let row = deadline(hs.try_get::<Player>("none")).await;
    assert_eq!(row.expect("an answer"), None);
    let team = deadline(hs.raw("Team").list().try_get()).await;
    assert_eq!(team.expect("an answer"), [json!(null); 0]);
}

#[tokio::test]
async fn an_empty_view_fills() {
    let server = players().start();
    let hs = patient(&server).await;
    let top = hs.views::<PlayerViews>().top();
    let mut reader = Reader::new(top.watch());
    reader.begins().await;
    assert_eq!(deadline(top.try_get()).await.expect("an answer"), []);
    // The first row has no score yet, so it is the last one.
    server
        .apply([change("none", json!({"name": "none"}))])
        .await;
    reader
        .reaches(server.window("Player/top", 0, 3).await)
        .await;
    server.apply(crowd(2)).await;
    reader
        .reaches(server.window("Player/top", 0, 3).await)
        .await;
    server.apply(crowd(5)).await;
    reader
        .reaches(server.window("Player/top", 0, 3).await)
        .await;
    shows(|| top.get_sync(), server.window("Player/top", 0, 3).await).await;
}

#[tokio::test]
async fn an_unknown_view_is_answered_at_once_and_other_readers_continue() {
    let server = players().start();
    server.apply(crowd(2)).await;
    let hs = patient(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let unknown = hs.raw("Player").collection("Player/nope");
    let read = deadline(unknown.try_get()).await;
    let view = "Player/nope".to_owned();
    assert_eq!(read, Err(ReadError::UnknownView { view: view.clone() }));
    let end = Reader::new(unknown.watch()).end().await;
    assert_eq!(end, EndReason::UnknownView { view });
    let entity = deadline(hs.raw("Nothing").list().try_get()).await;
    assert!(
        matches!(entity, Err(ReadError::UnknownView { .. })),
        "{entity:?}"
    );
    let row = deadline(hs.raw("Nothing").state().try_get("a")).await;
    assert!(matches!(row, Err(ReadError::UnknownView { .. })), "{row:?}");
    settles(&server, "Player/list", "p0", &mut list).await;
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn a_late_reader_has_the_rows_and_shares_the_subscription() {
    let server = players().start();
    server.apply(crowd(60)).await;
    let hs = connect(&server).await;
    let mut first = Reader::new(hs.watch::<Player>());
    first.reaches(server.rows("Player/list").await).await;
    server
        .apply([delete("p7"), change("p8", json!({"score": -8}))])
        .await;
    first.reaches(server.rows("Player/list").await).await;
    let mut late = Reader::new(hs.watch::<Player>());
    late.reaches(server.rows("Player/list").await).await;
    assert_eq!(hs.stats().views, 1);
    // A reader that keeps rows as another type needs a snapshot of its own.
    let mut raw = Reader::new(hs.raw("Player").list().watch());
    raw.reaches(server.rows("Player/list").await).await;
    server.apply([player("p7", 7).created()]).await;
    for reader in [&mut first, &mut late] {
        reader.reaches(server.rows("Player/list").await).await;
    }
    settles(&server, "Player/list", "p7", &mut raw).await;
}

/// The server keeps 500 rows of a view. Rows that it evicts leave the client's list, and a row comes
/// back when the source sends all of it.
#[tokio::test]
async fn rows_beyond_the_cap_leave_and_come_back_whole() {
    let server = players().start();
    server.apply(crowd(520)).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    let rows = server.rows("Player/list").await;
    assert_eq!(rows.len(), 500);
    list.reaches(rows).await;
    server
        .apply((0..30).map(|n| player(&format!("new{n}"), n)))
        .await;
    list.reaches(server.rows("Player/list").await).await;
    assert!(!list.rows.contains_key("p49"));
    // The server has no other field of this row, and sends nothing.
    server.apply([change("p0", json!({"note": "part"}))]).await;
    server.apply([player("p1", 100).whole()]).await;
    list.reaches(server.rows("Player/list").await).await;
    assert_eq!(list.rows["p1"].score, Some(100));
    server.apply([change("p1", json!({"note": "new"}))]).await;
    settles(&server, "Player/list", "p1", &mut list).await;
    shows(
        || hs.list_sync::<Player>(),
        server.rows("Player/list").await,
    )
    .await;
    assert_eq!(hs.stats().row_errors, 0);
}
