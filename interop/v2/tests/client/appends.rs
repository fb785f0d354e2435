//! Lists that are appended to.

use hyperstack_interop_v2::Change;

use super::*;

fn append(key: &str, n: u64) -> Change {
    change(key, json!({"log": [n]})).append("log")
}

#[tokio::test]
async fn elements_are_appended_or_replaced_as_the_server_does() {
    let server = players().start();
    server.apply([player("a", 1), append("a", 1)]).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    let mut state = Reader::new(hs.watch_key::<Player>("a"));
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    let mut raw = Reader::new(hs.raw("Player").list().watch());
    let changes = [
        (2..=50).map(|n| append("a", n)).collect(),
        vec![change("a", json!({"log": [7, 8]}))],
        vec![append("a", 7), append("a", 7)],
        vec![change("a", json!({"log": []})), append("a", 9)],
    ];
    for changes in changes {
        server.apply(changes).await;
        raw.reaches(server.rows("Player/list").await).await;
        for reader in [&mut list, &mut state, &mut top] {
            reader.reaches(server.rows("Player/list").await).await;
        }
    }
}

#[tokio::test]
async fn two_appends_of_one_event_share_their_position() {
    let server = players().start();
    server.apply([player("a", 1), append("a", 1)]).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.next().await;
    server
        .apply_at(slot(99), [append("a", 2), append("a", 3)])
        .await;
    list.reaches(server.rows("Player/list").await).await;
    assert_eq!(list.rows["a"].log, [1, 2, 3]);
}

#[tokio::test]
async fn a_list_is_trimmed_to_the_elements_that_the_server_keeps() {
    let server = players().start();
    server.apply([player("a", 1), append("a", 0)]).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    let mut raw = Reader::new(hs.raw("Player").list().watch());
    list.next().await;
    raw.next().await;
    server.apply((1..=150).map(|n| append("a", n))).await;
    list.reaches(server.rows("Player/list").await).await;
    raw.reaches(server.rows("Player/list").await).await;
    assert_eq!(list.rows["a"].log, (51..=150).collect::<Vec<_>>());
}

/// The server joins a subscriber to the feed before it reads the cache, so the snapshot has an append
/// that follows it.
#[tokio::test]
async fn an_append_that_the_snapshot_has_is_not_repeated() {
    let server = players().start();
    server.apply([player("a", 1), append("a", 1)]).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    let first = server.apply_around(append("a", 2), list.next()).await;
    assert_eq!(first.data().map(|row| &*row.log), Some(&[1, 2][..]));
    // The same element in another event is appended.
    server.apply([append("a", 2)]).await;
    list.reaches(server.rows("Player/list").await).await;
    assert_eq!(list.rows["a"].log, [1, 2, 2]);
}
