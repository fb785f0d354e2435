//! Readers of single rows.

use super::*;

async fn state(server: &Server, keys: &[&str]) -> Vec<Row> {
    let mut rows = Vec::new();
    for key in keys {
        if let Some(row) = server.row("Player/state", key).await {
            rows.push(((*key).to_owned(), row));
        }
    }
    rows
}

#[tokio::test]
async fn a_key_is_read_and_followed_without_its_neighbours() {
    let server = players().start();
    server.apply(crowd(100)).await;
    let hs = connect(&server).await;
    let read = deadline(hs.try_get::<Player>("p7"))
        .await
        .expect("an answer");
    assert_eq!(read.and_then(|row| row.score), Some(7));
    let mut p7 = Reader::new(hs.watch_key::<Player>("p7"));
    p7.next().await;
    server.apply(crowd(50)).await;
    server.apply([change("p7", json!({"score": 70}))]).await;
    let update = p7.next().await;
    assert_eq!(update.data().and_then(|row| row.score), Some(70));
    assert_eq!(hs.stats().rows, 1);
    p7.reaches(state(&server, &["p7"]).await).await;
}

#[tokio::test]
async fn a_key_that_does_not_exist_is_answered_and_may_appear() {
    let server = players().start();
    let hs = patient(&server).await;
    let read = deadline(hs.try_get::<Player>("a")).await;
    assert_eq!(read.expect("an answer"), None);
    let mut a = Reader::new(hs.watch_key::<Player>("a"));
    let (update, ()) = tokio::join!(a.next(), server.apply([player("a", 1)]));
    assert_eq!(update.data().and_then(|row| row.score), Some(1));
    server.apply([delete("a")]).await;
    a.reaches([]).await;
    server.apply([player("a", 2).created()]).await;
    a.reaches(state(&server, &["a"]).await).await;
}

#[tokio::test]
async fn some_keys_and_no_others_are_read() {
    let server = players().start();
    server.apply(crowd(100)).await;
    let hs = connect(&server).await;
    let wanted = ["p1", "p2", "new"];
    let mut some = Reader::new(hs.watch_keys::<Player>(&wanted));
    some.reaches(state(&server, &wanted).await).await;
    server.apply(crowd(3)).await;
    server.apply([player("new", 1)]).await;
    assert_eq!(some.next().await.key(), "new");
    assert_eq!(hs.stats().rows, 3);
    server
        .apply([delete("p1"), change("p2", json!({"note": "x"}))])
        .await;
    some.reaches(state(&server, &wanted).await).await;
}

/// The server keeps the last change of a state only, and sends what was skipped as one patch.
#[tokio::test]
async fn a_state_loses_no_field_of_a_burst() {
    let server = players().start();
    server.apply([player("a", 0)]).await;
    server.apply([change("a", json!({"log": [0]}))]).await;
    let hs = connect(&server).await;
    let mut a = Reader::new(hs.watch_key::<Player>("a"));
    a.next().await;
    let stall = server.stall();
    server.apply([change("a", json!({"note": "early"}))]).await;
    server
        .apply((1..=150).map(|n| change("a", json!({"score": n, "log": [n]})).append("log")))
        .await;
    drop(stall);
    a.reaches(state(&server, &["a"]).await).await;
    assert_eq!(a.rows["a"].note.as_deref(), Some("early"));
    assert_eq!(a.rows["a"].log, (51..=150).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_state_that_is_replaced_within_a_burst_has_no_old_field() {
    let server = players().start();
    server
        .apply([change("a", json!({"name": "a", "note": "old"}))])
        .await;
    let hs = connect(&server).await;
    let mut a = Reader::new(hs.watch_key::<Player>("a"));
    a.next().await;
    let stall = server.stall();
    server.apply([delete("a")]).await;
    server.apply([player("a", 1).created()]).await;
    server.apply([change("a", json!({"score": 2}))]).await;
    drop(stall);
    a.reaches(state(&server, &["a"]).await).await;
    assert_eq!(a.rows["a"].note, None);
}

#[tokio::test]
async fn a_key_of_a_derived_view_is_followed() {
    let server = players().start();
    server.apply(crowd(4)).await;
    let hs = patient(&server).await;
    let places = hs.views::<PlayerViews>().places();
    let missing = deadline(places.try_get("none")).await;
    assert_eq!(missing.expect("an answer"), None);
    let mut p1 = Reader::new(places.watch("p1"));
    assert_eq!(p1.next().await.key(), "p1");
    server.apply([change("p1", json!({"score": 40}))]).await;
    assert_eq!(p1.next().await.data().and_then(|row| row.score), Some(40));
    server.apply([delete("p1")]).await;
    assert!(p1.next().await.is_delete());
}

/// A row that the server evicts from its list stays in the state of those who read it.
#[tokio::test]
async fn a_key_that_the_server_evicts_is_followed_until_it_is_whole_again() {
    let server = players().max_rows(3).start();
    server.apply(crowd(3)).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    let mut p0 = Reader::new(hs.watch_key::<Player>("p0"));
    list.reaches(server.rows("Player/list").await).await;
    p0.next().await;
    server.apply([player("p3", 3), player("p4", 4)]).await;
    list.reaches(server.rows("Player/list").await).await;
    server.apply([change("p0", json!({"note": "kept"}))]).await;
    let update = p0.next().await;
    let row = update.data().expect("a row");
    assert_eq!((row.score, row.note.as_deref()), (Some(0), Some("kept")));
    server.apply([player("p0", 9).whole()]).await;
    list.reaches(server.rows("Player/list").await).await;
    p0.reaches(state(&server, &["p0"]).await).await;
}
