//! Servers that stop and come back.

use super::*;

/// Reads the list and a window of 200 players, and returns once the client knows that the server is
/// down.
async fn cut_off(server: &mut Server) -> (HyperStack, Reader<Player>, Reader<Player>) {
    server.apply(crowd(200)).await;
    let hs = client(server).connect().await.expect("a connection");
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    list.reaches(server.rows("Player/list").await).await;
    top.reaches(server.window("Player/top", 0, 3).await).await;
    let mut faults = hs.faults();
    server.kill().await;
    assert!(matches!(
        deadline(faults.next()).await,
        Some(Fault::Connection(_))
    ));
    (hs, list, top)
}

/// Asserts that the client and its readers have the server's rows, now and after more changes.
async fn agree(
    server: &Server,
    hs: &HyperStack,
    list: &mut Reader<Player>,
    top: &mut Reader<Player>,
) {
    for n in 0..3 {
        list.reaches(server.rows("Player/list").await).await;
        top.reaches(server.window("Player/top", 0, 3).await).await;
        shows(
            || hs.list_sync::<Player>(),
            server.rows("Player/list").await,
        )
        .await;
        let key = format!("p{n}");
        server.apply([player(&key, 1000 + n).whole()]).await;
    }
}

#[tokio::test]
async fn a_lost_connection_is_followed_by_the_difference() {
    let mut server = players().start();
    let (hs, mut list, mut top) = cut_off(&mut server).await;
    server
        .apply((0..20).map(|n| change(&format!("p{n}"), json!({"score": -1}))))
        .await;
    server.apply([delete("p199"), player("new", 500)]).await;
    server.start();
    let mut keys = Vec::new();
    for _ in 0..22 {
        let update = list.next().await;
        assert!(!matches!(update, Update::Patch { .. }), "{update:?}");
        keys.push(update.into_key());
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 22);
    let rows: BTreeMap<_, _> = typed(server.rows("Player/list").await).collect();
    assert_eq!(list.rows, rows);
    agree(&server, &hs, &mut list, &mut top).await;
    assert_eq!(hs.stats().reconnects, 1);
}

#[tokio::test]
async fn a_new_server_without_stored_state_has_other_rows() {
    let mut server = players().start();
    let (hs, mut list, mut top) = cut_off(&mut server).await;
    server.forget();
    server.apply([player("new", 1), player("p0", -1)]).await;
    server.start();
    let read = deadline(hs.try_list::<Player>()).await.expect("rows");
    assert_eq!(names(&read), ["p0", "new"]);
    agree(&server, &hs, &mut list, &mut top).await;
}

#[tokio::test]
async fn a_new_server_without_stored_state_is_empty() {
    let mut server = players().start();
    let (hs, mut list, mut top) = cut_off(&mut server).await;
    server.forget();
    server.start();
    list.reaches([]).await;
    top.reaches([]).await;
    agree(&server, &hs, &mut list, &mut top).await;
}

/// The rows come back with their old versions, and their next changes have versions of another epoch.
#[tokio::test]
async fn a_new_server_with_stored_state_goes_on() {
    let mut server = players().start();
    server.apply(crowd(100)).await;
    server
        .apply([change("p1", json!({"log": [1]})), delete("p9")])
        .await;
    let hs = client(&server).connect().await.expect("a connection");
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    let mut one = Reader::new(hs.watch_key::<Player>("p1"));
    list.reaches(server.rows("Player/list").await).await;
    top.reaches(server.window("Player/top", 0, 3).await).await;
    one.next().await;
    for round in 0..3 {
        list.reaches(server.rows("Player/list").await).await;
        server.restart_with_state().await;
        // Only what changes after the restart is reported.
        server
            .apply([change("p1", json!({"log": [2 + round]})).append("log")])
            .await;
        let update = list.next().await;
        assert_eq!(update.key(), "p1");
        one.next().await;
        one.reaches([list_row(&server, "p1").await]).await;
        agree(&server, &hs, &mut list, &mut top).await;
        one.reaches([list_row(&server, "p1").await]).await;
    }
    assert_eq!(hs.stats().reconnects, 3);
}

#[tokio::test]
async fn changes_go_on_while_the_server_comes_and_goes() {
    let mut server = players().start();
    server.apply(crowd(100)).await;
    let hs = client(&server).connect().await.expect("a connection");
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    for round in 0..5 {
        list.next().await;
        server
            .apply((0..100).map(|n| player(&format!("p{n}"), round * 100 + n)))
            .await;
        server.kill().await;
        server.apply([player("away", round)]).await;
        server.apply([delete(&format!("p{round}"))]).await;
        server.start();
    }
    agree(&server, &hs, &mut list, &mut top).await;
}

/// A reader that begins while there is no server has its rows when there is one.
#[tokio::test]
async fn a_reader_that_begins_while_the_server_is_down_has_the_rows_later() {
    let mut server = players().start();
    let (hs, _list, mut top) = cut_off(&mut server).await;
    let mut late = Reader::new(hs.watch::<Player>());
    let mut least = Reader::new(hs.views::<PlayerViews>().least().take(5).watch());
    // The rows held are shown meanwhile; this window has none yet.
    late.reaches(server.rows("Player/list").await).await;
    least.begins().await;
    server.apply([delete("p0")]).await;
    server.start();
    least
        .reaches(server.window("Player/least", 0, 5).await)
        .await;
    agree(&server, &hs, &mut late, &mut top).await;
}

async fn list_row(server: &Server, key: &str) -> Row {
    let row = server.row("Player/list", key).await.expect("a row");
    (key.to_owned(), row)
}
