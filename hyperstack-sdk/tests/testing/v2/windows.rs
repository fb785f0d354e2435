//! Windows: rows that slide in and out as others change.

use serde_json::json;

use super::{builder, scored, snapshot_keys, values};
use crate::client::{steps, Client};

#[tokio::test]
async fn a_list_window_slides_with_every_change() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2), ("c", 3)]).await;
    client
        .open("first", json!({"view": "Round/list", "take": 2}))
        .await;
    let second = json!({"view": "Round/list", "take": 1, "skip": 2});
    assert_eq!(snapshot_keys(&client.open("second", second).await), ["a"]);
    server.patch("Round", "a", json!({"n": 1}));
    let got = values(client.drain_v2().await);
    assert_eq!(
        steps(&got),
        ["remove b", "upsert a", "remove a", "upsert b"]
    );
    // All carry the position of the change; the rows keep their own.
    assert!(got
        .iter()
        .all(|frame| frame["seq"] == "300000003:000000000000"));
    assert_eq!(got[3]["data"]["_seq"], "300000001:000000000000");
    // A row that is in the window before and after is patched.
    server.patch("Round", "c", json!({"n": 1}));
    assert_eq!(client.steps().await, ["patch c"]);
}

#[tokio::test]
async fn a_derived_window_sends_the_changed_row_whole_and_nothing_else() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2), ("c", 3)]).await;
    client.open("top", json!({"view": "Round/top"})).await;
    server.patch("Round", "b", json!({"name": "x"}));
    server.patch("Round", "a", json!({"name": "outside"}));
    server.patch("Round", "b", json!({"score": 9}));
    let got = values(client.drain_v2().await);
    assert_eq!(steps(&got), ["upsert b", "upsert b"]);
    assert_eq!(got[0]["data"]["score"], 2);
}

#[tokio::test]
async fn a_window_refills_after_a_removal() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]).await;
    client.open("top", json!({"view": "Round/top"})).await;
    client
        .open("skipped", json!({"view": "Round/top", "skip": 1}))
        .await;
    server.patch("Round", "d", json!({"score": 0}));
    assert_eq!(
        client.steps().await,
        ["remove d", "upsert b", "remove c", "upsert a"]
    );
    server.delete("Round", "c");
    assert_eq!(
        client.steps().await,
        ["delete c", "upsert a", "remove b", "upsert d"]
    );
}

#[tokio::test]
async fn a_filtered_window_counts_only_rows_that_match() {
    let (server, mut client) = scored(&[("a", 1), ("b", 1), ("c", 2)]).await;
    let query = json!({"view": "Round/list", "filters": {"score": 1}, "take": 1});
    assert_eq!(snapshot_keys(&client.open("l", query).await), ["b"]);
    server.patch("Round", "b", json!({"score": 2}));
    assert_eq!(client.steps().await, ["remove b", "upsert a"]);
    server.patch("Round", "a", json!({"score": 2}));
    assert_eq!(client.steps().await, ["remove a"]);
}

#[tokio::test]
async fn a_key_selects_a_row_of_a_derived_view() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2), ("c", 3)]).await;
    let answer = client
        .open("k", json!({"view": "Round/top", "key": "a"}))
        .await;
    assert_eq!(snapshot_keys(&answer), ["a"]);
    assert_eq!(answer[1]["key"], "a");
    server.patch("Round", "b", json!({"score": 0}));
    server.patch("Round", "a", json!({"score": 0}));
    assert_eq!(client.steps().await, ["upsert a"]);
}

#[tokio::test]
async fn an_append_window_slides_too() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    client
        .open("l", json!({"view": "Round/append", "take": 1}))
        .await;
    server.append("Round", "a", json!({"log": [1]}), &["log"]);
    server.append("Round", "a", json!({"log": [2]}), &["log"]);
    assert_eq!(client.steps().await, ["remove b", "upsert a", "patch a"]);
}

#[tokio::test]
async fn a_filter_has_a_wide_integer_as_a_number() {
    let server = builder().start().await.unwrap();
    let rows = [
        ("text", json!("18446744073709551615")),
        ("number", json!(7)),
        ("wide", json!("7")),
        ("float", json!(7.0)),
        ("name", json!("seven")),
        ("list", json!(["7", "8"])),
    ];
    for (key, n) in rows {
        server.upsert("Round", key, json!({"id": {"n": n}}));
    }
    let mut client = Client::connect(&server).await;
    for (id, (asked, keys)) in [
        (json!(7), &["number", "wide"][..]),
        (json!(18_446_744_073_709_551_615_u64), &["text"]),
        (json!(7.0), &["float"]),
        (json!("seven"), &["name"]),
        (json!([7, 8]), &["list"]),
    ]
    .into_iter()
    .enumerate()
    {
        let query = json!({"view": "Round/list", "filters": {"id.n": asked}});
        let got = client.open(&id.to_string(), query).await;
        let rows = got[1]["data"].as_array().unwrap();
        let mut found: Vec<_> = rows
            .iter()
            .map(|row| row["key"].as_str().unwrap())
            .collect();
        found.sort_unstable();
        assert_eq!(found, keys, "{asked}");
    }
}
