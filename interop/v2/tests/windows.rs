//! Queries: windows, filters, keys and partitions, which the server evaluates (protocol-v2.md,
//! sections 2 and 4).

use serde_json::{json, Value};

use crate::support::*;

#[tokio::test]
async fn take_and_skip_select_a_window_of_the_sorted_rows() {
    let server = players().start();
    server.apply(crowd(10)).await;
    let mut client = Client::connect(&server).await;
    let query = json!({"view": "Player/ranked", "skip": 2, "take": 3});
    let (ack, rows) = client.open("a", query).await;
    assert_eq!(
        (&ack["query"]["skip"], &ack["query"]["take"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(keys(&rows), ["p7", "p6", "p5"]);
    let (_, rows) = client
        .open("b", json!({"view": "Player/ranked", "skip": 8}))
        .await;
    assert_eq!(keys(&rows), ["p1", "p0"]);
}

#[tokio::test]
async fn a_row_that_enters_a_window_pushes_another_one_out_and_both_carry_the_position_of_the_cause(
) {
    let server = players().start();
    server.apply(crowd(5)).await;
    let mut client = Client::connect(&server).await;
    let rows = client.open_view("a", "Player/top").await;
    assert_eq!(keys(&rows), ["p4", "p3", "p2"]);
    server
        .apply_at(slot(77), [change("p0", json!({"score": 9}))])
        .await;
    let remove = client.update("remove", "p2").await;
    let upsert = client.update("upsert", "p0").await;
    assert_eq!(remove["seq"], "77:000000000000");
    assert_eq!(upsert["seq"], "77:000000000000");
    // A window refills after a removal. The row that enters keeps its own position.
    server.apply_at(slot(78), [delete("p4")]).await;
    client.update("delete", "p4").await;
    let upsert = client.update("upsert", "p2").await;
    assert_eq!(upsert["seq"], "78:000000000000");
    assert_eq!(upsert["data"]["_seq"], "3:000000000000");
}

#[tokio::test]
async fn a_change_outside_the_window_sends_nothing() {
    let server = players().start();
    server.apply(crowd(5)).await;
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/best").await;
    server
        .apply([change("p0", json!({"note": "unseen"}))])
        .await;
    server.apply([change("p4", json!({"note": "seen"}))]).await;
    client.update("upsert", "p4").await;
}

/// A list is in the order of the last changes, so its window slides with each change.
#[tokio::test]
async fn a_list_with_a_take_slides_with_every_change() {
    let server = players().start();
    server.apply(crowd(4)).await;
    let mut client = Client::connect(&server).await;
    let (_, rows) = client
        .open("a", json!({"view": "Player/list", "take": 2}))
        .await;
    assert_eq!(keys(&rows), ["p3", "p2"]);
    server.apply([change("p0", json!({"note": "first"}))]).await;
    client.update("remove", "p2").await;
    let upsert = client.update("upsert", "p0").await;
    assert_eq!(upsert["data"]["name"], "p0");
}

#[tokio::test]
async fn a_snapshot_limit_cuts_the_first_snapshot_only() {
    let server = players().start();
    server.apply(crowd(5)).await;
    let mut client = Client::connect(&server).await;
    let (_, rows) = client
        .open("a", json!({"view": "Player/list", "snapshotLimit": 2}))
        .await;
    assert_eq!(keys(&rows), ["p4", "p3"]);
    server.apply([change("p0", json!({"note": "new"}))]).await;
    let upsert = client.update("upsert", "p0").await;
    assert_eq!(upsert["data"]["name"], "p0");
}

#[tokio::test]
async fn rows_enter_and_leave_a_filtered_query() {
    let server = players().start();
    server
        .apply([
            change("a", json!({"score": 1, "place": {"town": "x"}})),
            change("b", json!({"score": 1, "place": {"town": "y"}})),
            change("c", json!({"score": 2, "place": {"town": "x"}})),
        ])
        .await;
    let mut client = Client::connect(&server).await;
    let query = json!({"view": "Player/list", "filters": {"place.town": "x", "score": 1}});
    let (ack, rows) = client.open("f", query.clone()).await;
    assert_eq!(ack["query"]["filters"], query["filters"]);
    assert_eq!(keys(&rows), ["a"]);
    server.apply([change("b", json!({"note": "unseen"}))]).await;
    server
        .apply([change("b", json!({"place": {"town": "x"}}))])
        .await;
    let upsert = client.update("upsert", "b").await;
    assert_eq!(upsert["data"]["note"], "unseen");
    server.apply([change("a", json!({"score": 3}))]).await;
    let remove = client.update("remove", "a").await;
    assert_eq!(remove["data"], Value::Null);
    server.apply([change("b", json!({"note": "seen"}))]).await;
    client.update("patch", "b").await;
}

#[tokio::test]
async fn a_filter_compares_json_values_exactly() {
    let server = players().start();
    server
        .apply([change("a", json!({"n": 20, "none": null, "total": 3}))])
        .await;
    let mut client = Client::connect(&server).await;
    for (n, (filters, found)) in [
        (json!({"n": 20}), true),
        (json!({"n": 20.0}), false),
        (json!({"n": "20"}), false),
        (json!({"none": null}), true),
        (json!({"missing": null}), false),
        // A wide integer is text in the row, and is compared as the number that the server stores.
        (json!({"total": 3}), true),
        (json!({"total": "3"}), false),
    ]
    .into_iter()
    .enumerate()
    {
        let query = json!({"view": "Player/list", "filters": filters});
        let (_, rows) = client.open(&n.to_string(), query.clone()).await;
        assert_eq!(!rows.is_empty(), found, "{query}");
    }
}

#[tokio::test]
async fn a_key_selects_one_row_of_every_kind_of_view() {
    let server = players().start();
    server.apply(crowd(3)).await;
    let mut client = Client::connect(&server).await;
    for view in [
        "Player/list",
        "Player/state",
        "Player/append",
        "Player/ranked",
    ] {
        client
            .subscribe(view, json!({"view": view, "key": "p1"}))
            .await;
        let ack = client.expect(view, "subscribed").await;
        assert_eq!(ack["query"]["key"], "p1");
        let snapshot = client.expect(view, "snapshot").await;
        assert_eq!(snapshot["key"], "p1", "{view}");
        assert_eq!(keys(&batch_rows(&snapshot)), ["p1"], "{view}");
        client.unsubscribe(view).await;
        client.expect(view, "unsubscribed").await;
    }
}

#[tokio::test]
async fn a_list_with_a_key_sends_the_changes_of_that_row_only() {
    let server = players().start();
    server.apply(crowd(3)).await;
    let mut client = Client::connect(&server).await;
    client
        .open("a", json!({"view": "Player/list", "key": "p1"}))
        .await;
    server
        .apply([
            change("p0", json!({"score": 7})),
            change("p1", json!({"score": 8})),
        ])
        .await;
    let patch = client.update("patch", "p1").await;
    assert_eq!(patch["data"]["score"], 8);
    server.apply([delete("p1")]).await;
    client.update("delete", "p1").await;
}

#[tokio::test]
async fn a_key_is_found_beyond_the_declared_limit_of_a_view() {
    let server = players().start();
    server.apply(crowd(5)).await;
    let mut client = Client::connect(&server).await;
    for key in ["p4", "p0"] {
        let query = json!({"view": "Player/top", "key": key});
        let (_, rows) = client.open(key, query).await;
        assert_eq!(keys(&rows), [key]);
    }
}

#[tokio::test]
async fn a_partition_selects_the_rows_with_that_field() {
    let server = players().start();
    server
        .apply([
            change("a", json!({"_partition": "north", "score": 1})),
            change("b", json!({"_partition": "south", "score": 2})),
            change("c", json!({"score": 3})),
        ])
        .await;
    let mut client = Client::connect(&server).await;
    let query = json!({"view": "Player/list", "partition": "north"});
    let (_, rows) = client.open("p", query).await;
    assert_eq!(keys(&rows), ["a"]);
    server
        .apply([change("b", json!({"_partition": "north"}))])
        .await;
    client.update("upsert", "b").await;
    server
        .apply([change("a", json!({"_partition": "south"}))])
        .await;
    client.update("remove", "a").await;
}
