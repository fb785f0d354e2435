//! Changes while a snapshot is on its way, and after it.

use hyperstack_interop_v2::SlotContext;

use super::*;

#[tokio::test]
async fn changes_during_a_snapshot_are_not_lost() {
    let server = players().start();
    server.apply(crowd(400)).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    let changes = (0..400).map(|n| change(&format!("p{}", n * 7 % 400), json!({"score": -n})));
    tokio::join!(server.apply(changes), list.next());
    list.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p0", &mut list).await;
    shows(
        || hs.list_sync::<Player>(),
        server.rows("Player/list").await,
    )
    .await;
}

/// The server joins a subscriber to the feed before it reads the cache, so the snapshot has a change
/// that follows it.
#[tokio::test]
async fn a_change_that_the_snapshot_has_is_not_reported_again() {
    let server = players().start();
    server.apply(crowd(3)).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    let again = change("p1", json!({"log": [5]})).append("log");
    let first = async {
        for _ in 0..3 {
            list.next().await;
        }
    };
    server.apply_around(again, first).await;
    assert_eq!(list.rows["p1"].log, [5]);
    server.apply([change("p2", json!({"score": 20}))]).await;
    assert_eq!(list.next().await.key(), "p2");
    settles(&server, "Player/list", "p1", &mut list).await;
}

#[tokio::test]
async fn every_change_of_a_row_arrives_in_order() {
    let server = players().start();
    server.apply([player("a", 0)]).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.next().await;
    server
        .apply((1..=200).map(|n| change("a", json!({"score": n}))))
        .await;
    for n in 1..=200 {
        let update = list.next().await;
        assert!(matches!(update, Update::Patch { .. }), "{update:?}");
        assert_eq!(update.data().and_then(|row| row.score), Some(n));
    }
}

#[tokio::test]
async fn the_fields_of_a_row_are_merged_as_in_the_servers_cache() {
    let server = players().start();
    let hs = connect(&server).await;
    let mut raw = Reader::new(hs.raw("Player").list().watch());
    for patch in [
        json!({"name": "a", "place": {"town": "x", "floor": 1}}),
        json!({"place": {"floor": null}}),
        json!({"place": {"street": {"number": 7}}}),
        json!({"place": {"street": 7}}),
        json!({"place": "nowhere"}),
        json!({"place": {"town": "y"}, "log": [1, 2]}),
        json!({"log": []}),
        json!({"name": null, "log": null}),
    ] {
        server.apply([change("a", patch)]).await;
        raw.reaches(server.rows("Player/list").await).await;
    }
}

/// Accounts and instructions number their changes separately, so the position of a row can go back.
#[tokio::test]
async fn a_change_whose_position_goes_back_is_applied() {
    let server = players().start();
    let hs = connect(&server).await;
    let account = SlotContext::account(100, 70_000);
    server
        .apply_at(Some(account), [player("a", 1), player("b", 1)])
        .await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let instruction = SlotContext::instruction(100, 3);
    server
        .apply_at(Some(instruction), [change("b", json!({"score": 2}))])
        .await;
    list.reaches(server.rows("Player/list").await).await;
    server
        .apply_at(None, [change("a", json!({"score": 3}))])
        .await;
    list.reaches(server.rows("Player/list").await).await;
}

#[tokio::test]
async fn a_coalesced_list_reaches_the_servers_rows() {
    let server = players().coalesce(Duration::from_millis(20)).start();
    server.apply(crowd(5)).await;
    let hs = connect(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    server
        .apply((0..500).map(|n| change(&format!("p{}", n % 5), json!({"score": n}))))
        .await;
    server.apply([delete("p4")]).await;
    list.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p0", &mut list).await;
}
