//! Rows that the server deletes.

use super::*;

#[tokio::test]
async fn a_deleted_row_leaves_every_view() {
    let server = players().start();
    server.apply(crowd(6)).await;
    let hs = connect(&server).await;
    let views = hs.views::<PlayerViews>();
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(views.top().watch());
    let mut best = Reader::new(views.best().watch());
    let mut ranked = Reader::new(views.ranked().watch());
    let mut state = Reader::new(hs.watch_key::<Player>("p5"));
    for (reader, view, take) in [
        (&mut top, "Player/top", 3),
        (&mut best, "Player/best", 1),
        (&mut ranked, "Player/ranked", 10),
    ] {
        reader.reaches(server.window(view, 0, take).await).await;
    }
    list.reaches(server.rows("Player/list").await).await;
    state.reaches([server_row(&server, "p5").await]).await;
    server.apply([delete("p5")]).await;
    assert!(state.next().await.is_delete());
    server.apply([delete("p1")]).await;
    for (reader, view, take) in [
        (&mut top, "Player/top", 3),
        (&mut best, "Player/best", 1),
        (&mut ranked, "Player/ranked", 10),
    ] {
        reader.reaches(server.window(view, 0, take).await).await;
    }
    list.reaches(server.rows("Player/list").await).await;
    assert_eq!(hs.get_sync::<Player>("p5"), None);
    let window = server.window("Player/top", 0, 3).await;
    shows(|| views.top().get_sync(), window).await;
}

/// The server ignores patches of a deleted row until the source creates it again.
#[tokio::test]
async fn a_row_that_is_created_again_has_none_of_its_old_fields() {
    let server = players().start();
    server
        .apply([change(
            "a",
            json!({"name": "a", "score": 1, "note": "old", "log": [1]}),
        )])
        .await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    let mut state = Reader::new(hs.watch_key::<Player>("a"));
    list.reaches(server.rows("Player/list").await).await;
    state.reaches(server.rows("Player/list").await).await;
    server.apply([delete("a")]).await;
    list.reaches([]).await;
    state.reaches([]).await;
    server.apply([change("a", json!({"score": 2}))]).await;
    server.apply([player("a", 3).created()]).await;
    let row = server_row(&server, "a").await;
    assert_eq!(row.1["note"], Value::Null);
    list.reaches([row.clone()]).await;
    state.reaches([row]).await;
    settles(&server, "Player/list", "a", &mut list).await;
    settles(&server, "Player/state", "a", &mut state).await;
}

#[tokio::test]
async fn deletions_in_quick_succession_leave_the_rows_that_remain() {
    let server = players().start();
    server.apply(crowd(200)).await;
    let hs = connect(&server).await;
    let views = hs.views::<PlayerViews>();
    let mut list = Reader::new(hs.watch::<Player>());
    let mut least = Reader::new(views.least().watch());
    list.reaches(server.rows("Player/list").await).await;
    least.reaches(server.rows("Player/list").await).await;
    let stall = server.stall();
    let is_kept = |n: &i64| n % 10 == 3;
    server
        .apply(
            (0..200)
                .filter(|n| !is_kept(n))
                .map(|n| delete(&format!("p{n}"))),
        )
        .await;
    drop(stall);
    list.reaches(server.rows("Player/list").await).await;
    least.reaches(server.rows("Player/list").await).await;
    assert_eq!(list.rows.len(), 20);
    settles(&server, "Player/list", "p3", &mut list).await;
    let window = server.window("Player/least", 0, 20).await;
    shows(|| views.least().get_sync(), window).await;
}

/// The server publishes no deletion on such a view: the row leaves with the next change of another row.
#[tokio::test]
async fn a_deleted_row_leaves_an_append_view_with_the_next_change() {
    let server = players().start();
    server.apply([player("a", 1), player("b", 2)]).await;
    let hs = connect(&server).await;
    let append = hs.raw("Player").collection("Player/append");
    let mut reader = Reader::new(append.watch());
    reader.reaches(server.rows("Player/append").await).await;
    server.apply([delete("a")]).await;
    server.apply([change("b", json!({"score": 3}))]).await;
    reader.reaches(server.rows("Player/append").await).await;
}

async fn server_row(server: &Server, key: &str) -> Row {
    let row = server.row("Player/list", key).await.expect("a row");
    (key.to_owned(), row)
}
