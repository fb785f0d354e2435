//! Changes: the frames for rows that a subscription holds, gains and loses.

use hyperstack_sdk::testing::SeqSource;
use serde_json::{json, Value};

use super::{builder, scored, values};
use crate::client::Client;

#[tokio::test]
async fn a_held_row_is_patched_in_every_base_view_with_a_version_of_each() {
    let server = builder().seq(SeqSource::FromSlot(7)).start().await.unwrap();
    server.upsert("Round", "1", json!({"log": [1]}));
    let mut client = Client::connect(&server).await;
    for (id, view) in [("l", "list"), ("s", "state"), ("a", "append")] {
        let query = json!({"view": format!("Round/{view}"), "key": "1"});
        client.open(id, query).await;
    }
    server.append("Round", "1", json!({"log": [2]}), &["log"]);
    server.set_seq(SeqSource::Off);
    server.patch("Round", "1", json!({"n": 1}));
    let got = values(client.drain_v2().await);
    let patch = |id: &str, view: &str, version: &str| {
        json!({"append": ["log"], "data": {"_seq": "8:000000000000", "_version": version, "log": [2]},
               "entity": format!("Round/{view}"), "key": "1", "mode": view, "op": "patch",
               "protocolVersion": 2, "seq": "8:000000000000", "subscriptionId": id})
    };
    assert_eq!(
        got[..3],
        [
            patch("l", "list", "5ab904cc:4"),
            patch("s", "state", "5ab904cc:5"),
            patch("a", "append", "5ab904cc:6")
        ]
    );
    assert_eq!(
        got[3],
        json!({"data": {"_version": "5ab904cc:7", "n": 1}, "entity": "Round/list", "key": "1",
               "mode": "list", "op": "patch", "protocolVersion": 2, "subscriptionId": "l"})
    );
}

#[tokio::test]
async fn a_row_that_enters_comes_whole_and_one_that_leaves_is_removed() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    let query = json!({"view": "Round/list", "filters": {"open": true}});
    client.open("l", query).await;
    server.patch("Round", "a", json!({"open": true}));
    server.patch("Round", "a", json!({"score": 5}));
    server.patch("Round", "b", json!({"score": 5}));
    server.patch("Round", "a", json!({"open": false}));
    let got = values(client.drain_v2().await);
    assert_eq!(
        crate::client::steps(&got),
        ["upsert a", "patch a", "remove a"]
    );
    assert_eq!(got[0]["data"]["score"], 1);
    assert_eq!(got[2]["data"], Value::Null);
    assert_eq!(got[2]["seq"], "300000005:000000000000");
}

#[tokio::test]
async fn a_deleted_row_is_deleted_where_it_was_held() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    client.open("list", json!({"view": "Round/list"})).await;
    client
        .open("state", json!({"view": "Round/state", "key": "a"}))
        .await;
    client.open("top", json!({"view": "Round/top"})).await;
    client
        .open("other", json!({"view": "Round/list", "key": "b"}))
        .await;
    server.delete("Round", "a");
    server.delete("Round", "a");
    let got = values(client.drain_v2().await);
    assert_eq!(crate::client::steps(&got), ["delete a"; 3]);
    assert_eq!(
        got[0],
        json!({"protocolVersion": 2, "subscriptionId": "list", "mode": "list",
               "entity": "Round/list", "op": "delete", "key": "a", "data": null,
               "seq": "300000002:000000000000"})
    );
}

#[tokio::test]
async fn a_patch_after_a_delete_is_not_sent_until_the_row_is_created_again() {
    let (server, mut client) = scored(&[("a", 1)]).await;
    client.open("list", json!({"view": "Round/list"})).await;
    client.open("top", json!({"view": "Round/top"})).await;
    server.delete("Round", "a");
    client.drain_v2().await;
    server.patch("Round", "a", json!({"score": 2}));
    assert_eq!(client.steps().await, [""; 0]);
    server.upsert("Round", "a", json!({"score": 3}));
    assert_eq!(client.steps().await, ["upsert a", "upsert a"]);
}

#[tokio::test]
async fn an_append_view_shows_a_deletion_with_its_next_change() {
    for query in [
        json!({"view": "Round/append"}),
        json!({"view": "Round/append", "take": 5}),
    ] {
        let (server, mut client) = scored(&[("a", 1), ("b", 2), ("c", 3)]).await;
        client.open("all", query.clone()).await;
        server.delete("Round", "a");
        server.delete("Round", "b");
        assert_eq!(client.steps().await, [""; 0], "{query}");
        // The copy that the client still holds is patched.
        server.upsert("Round", "b", json!({"score": 5}));
        assert_eq!(client.steps().await, ["remove a", "patch b"], "{query}");
    }
}

#[tokio::test]
async fn without_a_snapshot_the_first_change_of_a_row_is_whole() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    client.open_blind("l", json!({"view": "Round/list"})).await;
    client
        .open_blind("w", json!({"view": "Round/list", "take": 2}))
        .await;
    server.patch("Round", "a", json!({"n": 1}));
    server.patch("Round", "a", json!({"n": 2}));
    // A row that was never sent leaves without a frame.
    server.delete("Round", "b");
    let got = values(client.drain_v2().await);
    assert_eq!(
        crate::client::steps(&got),
        ["upsert a", "upsert a", "patch a", "patch a"]
    );
    assert_eq!(got[0]["data"]["score"], 1);
}

#[tokio::test]
async fn rows_beyond_a_snapshot_limit_come_with_their_next_change() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    let query = json!({"view": "Round/list", "snapshotLimit": 1});
    client.open("l", query).await;
    server.patch("Round", "b", json!({"n": 1}));
    server.patch("Round", "a", json!({"n": 1}));
    assert_eq!(client.steps().await, ["patch b", "upsert a"]);
}

#[tokio::test]
async fn a_cursor_filters_live_changes_forever() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    let query = json!({"view": "Round/list", "after": "300000000:000000000000"});
    client.open("l", query).await;
    // The row is not in the snapshot, so its deletion is not reported.
    server.delete("Round", "a");
    // A change before the cursor removes the row.
    server.set_seq(SeqSource::FromSlot(7));
    server.patch("Round", "b", json!({"n": 1}));
    server.set_seq(SeqSource::FromSlot(400_000_000));
    server.patch("Round", "b", json!({"n": 2}));
    assert_eq!(client.steps().await, ["remove b", "upsert b"]);
}

#[tokio::test]
async fn a_full_cache_evicts_a_row_until_it_is_created_again() {
    let server = builder().row_limit(2).start().await.unwrap();
    let mut client = Client::connect(&server).await;
    client.open("list", json!({"view": "Round/list"})).await;
    client
        .open("state", json!({"view": "Round/state", "key": "a"}))
        .await;
    for key in ["a", "b", "c"] {
        server.upsert("Round", key, json!({"score": 1}));
    }
    let steps = ["upsert a", "upsert a", "upsert b", "remove a", "upsert c"];
    assert_eq!(client.steps().await, steps);
    // The subscription that holds the state gets the patch. The list does not, and a new state subscription
    // starts empty. In the cache, the patch replaces `b`.
    server.patch("Round", "a", json!({"score": 2}));
    assert_eq!(client.steps().await, ["remove b", "patch a"]);
    let state = json!({"view": "Round/state", "key": "a"});
    let answer = client.open("state 2", state).await;
    assert_eq!(answer[1]["data"], json!([]));
    server.upsert("Round", "a", json!({"score": 3}));
    assert_eq!(client.steps().await, ["upsert a", "patch a", "upsert a"]);
}

#[tokio::test]
async fn an_unsubscribe_is_confirmed_after_the_subscriptions_frames() {
    let (server, mut client) = scored(&[("a", 1)]).await;
    client.open("l", json!({"view": "Round/list"})).await;
    server.patch("Round", "a", json!({"n": 1}));
    client.unsubscribe("l").await;
    assert_eq!(client.frame().await["op"], "patch");
    let answer = client.next().await.unwrap();
    assert!(!answer.text);
    assert_eq!(
        answer.value,
        json!({"protocolVersion": 2, "subscriptionId": "l", "op": "unsubscribed"})
    );
    server.patch("Round", "a", json!({"n": 2}));
    assert_eq!(client.steps().await, [""; 0]);
}

#[tokio::test]
async fn a_change_of_another_entity_is_not_sent() {
    let server = builder().entity("Player").start().await.unwrap();
    server.upsert("Round", "1", json!({}));
    let mut client = Client::connect(&server).await;
    client.open("l", json!({"view": "Round/list"})).await;
    client.open("t", json!({"view": "Round/top"})).await;
    server.upsert("Player", "1", json!({"name": "ada"}));
    server.delete("Player", "1");
    assert_eq!(client.steps().await, [""; 0]);
}

#[tokio::test]
async fn a_restart_begins_a_new_epoch_of_versions() {
    let (server, _) = scored(&[("a", 1)]).await;
    server.restart().await.unwrap();
    server.upsert("Round", "a", json!({}));
    let mut client = Client::connect(&server).await;
    let answer = client.open("l", json!({"view": "Round/list"})).await;
    let version = answer[1]["data"][0]["data"]["_version"].as_str().unwrap();
    let (epoch, counter) = version.split_once(':').unwrap();
    assert!(epoch.len() == 8 && epoch != "5ab904cc", "{version}");
    assert_eq!(counter, "1");
}
