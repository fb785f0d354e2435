//! Faults of protocol v2.

use hyperstack_sdk::testing::{Refusal, TestServer};
use serde_json::{json, Value};
use tokio_tungstenite::tungstenite::Message;

use super::{scored, values};
use crate::client::{keys, steps, Client};

async fn listed() -> (TestServer, Client) {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    client.open("l", json!({"view": "Round/list"})).await;
    (server, client)
}

#[tokio::test]
async fn a_recovery_snapshot_is_whole_and_has_no_new_answer() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    let query = json!({"view": "Round/list", "snapshotLimit": 1, "after": "0:0"});
    let answer = client.open("l", query).await;
    assert_eq!(answer[1]["authoritative"], false);
    server.recover("Round/list");
    let got = values(client.drain_v2().await);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0]["op"], "snapshot");
    assert_eq!(got[0]["authoritative"], true);
    assert_ne!(got[0]["snapshotId"], answer[1]["snapshotId"]);
    assert_eq!(keys(&got[0]).len(), 2);
    server.patch("Round", "a", json!({"n": 1}));
    assert_eq!(client.steps().await, ["patch a"]);
}

#[tokio::test]
async fn a_client_that_missed_changes_is_recovered() {
    let (server, mut client) = listed().await;
    server.coalesce("Round/list");
    server.delete("Round", "a");
    server.upsert("Round", "c", json!({"score": 3}));
    assert_eq!(client.steps().await, [""; 0]);
    server.recover("Round/list");
    let got = values(client.drain_v2().await);
    assert_eq!(keys(&got[0]), ["c", "b"]);
    server.stop_coalescing("Round/list");
    assert_eq!(client.steps().await, [""; 0]);
    server.patch("Round", "c", json!({"n": 1}));
    assert_eq!(client.steps().await, ["patch c"]);
}

#[tokio::test]
async fn a_state_that_missed_changes_catches_up_in_one_patch() {
    let (server, mut client) = scored(&[("a", 1)]).await;
    let query = json!({"view": "Round/state", "key": "a"});
    client.open("s", query).await;
    server.append("Round", "a", json!({"log": [1]}), &["log"]);
    assert_eq!(client.steps().await, ["patch a"]);
    server.coalesce("Round/state");
    server.append("Round", "a", json!({"log": [2]}), &["log"]);
    server.patch("Round", "a", json!({"score": 2}));
    assert_eq!(client.steps().await, [""; 0]);
    server.catch_up("Round/state");
    let got = values(client.drain_v2().await);
    assert_eq!(got.len(), 1);
    assert_eq!(
        (&got[0]["op"], &got[0]["seq"]),
        (&json!("patch"), &json!(null))
    );
    assert_eq!(got[0]["append"], json!(null));
    assert_eq!(got[0]["data"]["score"], 2);
    assert_eq!(got[0]["data"]["log"], json!([1, 2]));
    server.delete("Round", "a");
    server.upsert("Round", "a", json!({"score": 3}));
    server.catch_up("Round/state");
    assert_eq!(client.steps().await, ["upsert a"]);
}

#[tokio::test]
async fn without_snapshots_a_delivery_that_falls_behind_ends() {
    let (server, mut client) = scored(&[("a", 1)]).await;
    client.open_blind("l", json!({"view": "Round/list"})).await;
    server.recover("Round/list");
    let error = client.next().await.unwrap();
    assert!(!error.text);
    assert_eq!(error.value["code"], "subscription-lagged");
    assert_eq!(error.value["subscriptionId"], "l");
    assert_eq!(error.value["fatal"], true);
}

#[tokio::test]
async fn an_ended_subscription_is_silent_and_its_id_stays_taken() {
    for code in ["subscription-lagged", "subscription-rescoped"] {
        let (server, mut client) = listed().await;
        client.open("top", json!({"view": "Round/top"})).await;
        server.end_subscriptions("Round/list", &Refusal::new(code));
        let error = client.next().await.unwrap();
        assert!(!error.text);
        assert_eq!(
            error.value,
            json!({"type": "error", "protocolVersion": 2, "subscriptionId": "l", "error": code,
                   "message": error.value["message"], "code": code, "retryable": true,
                   "fatal": true})
        );
        server.patch("Round", "a", json!({"n": 1}));
        let got = values(client.drain_v2().await);
        assert_eq!(got.len(), 1, "the other subscription goes on");
        assert_eq!(got[0]["subscriptionId"], "top");
        let answer = client.open("l", json!({"view": "Round/list"})).await;
        assert_eq!(answer[0]["code"], "duplicate-subscription-id");
        client.unsubscribe("l").await;
        assert_eq!(client.frame().await["op"], "unsubscribed");
        let answer = client.open("l", json!({"view": "Round/list"})).await;
        assert_eq!(answer[0]["op"], "subscribed");
    }
}

#[tokio::test]
async fn a_late_frame_comes_after_the_end_of_its_subscription() {
    let (server, mut client) = listed().await;
    client.unsubscribe("l").await;
    assert_eq!(client.frame().await["op"], "unsubscribed");
    server.send_late_frames("Round/list", "a");
    let got = values(client.drain_v2().await);
    assert_eq!(steps(&got), ["upsert a"]);
    assert_eq!(got[0]["subscriptionId"], "l");
    assert_eq!(got[0]["data"]["score"], 1);
}

#[tokio::test]
#[should_panic(expected = "no row `z` in `Round/list`")]
async fn a_late_frame_needs_a_row() {
    let (server, _client) = listed().await;
    server.send_late_frames("Round/list", "z");
}

#[tokio::test]
async fn a_coalesced_view_sends_each_changed_row_once_when_flushed() {
    let (server, mut client) = listed().await;
    client
        .open("two", json!({"view": "Round/list", "take": 2}))
        .await;
    client.open("top", json!({"view": "Round/top"})).await;
    server.coalesce("Round/list");
    server.patch("Round", "a", json!({"score": 9}));
    server.patch("Round", "a", json!({"n": 2}));
    server.upsert("Round", "c", json!({"score": 0}));
    server.delete("Round", "b");
    let got = values(client.drain_v2().await);
    assert!(got.iter().all(|frame| frame["subscriptionId"] == "top"));
    server.flush("Round/list");
    let got = values(client.drain_v2().await);
    assert_eq!(
        steps(&got),
        ["delete b", "upsert a", "upsert c", "delete b", "upsert c", "upsert a"]
    );
    assert_eq!(got[1]["data"]["n"], 2);
    assert_eq!(got[1]["seq"], got[1]["data"]["_seq"]);
    server.flush("Round/list");
    assert_eq!(client.steps().await, [""; 0]);
}

#[tokio::test]
async fn an_expired_token_closes_with_its_reason_and_a_stopping_server_without_one() {
    let (server, mut client) = listed().await;
    server.close_connections(1008, "token-expired: Authentication token expired");
    match client.end().await {
        Some(Ok(Message::Close(Some(frame)))) => {
            assert_eq!(u16::from(frame.code), 1008);
            assert_eq!(
                frame.reason.as_str(),
                "token-expired: Authentication token expired"
            );
        }
        other => panic!("no close frame: {other:?}"),
    }
    let mut client = Client::connect(&server).await;
    server.close_without_code();
    let end = client.end().await;
    assert!(matches!(end, Some(Ok(Message::Close(None)))), "{end:?}");
}

#[tokio::test]
async fn an_issue_of_the_connection_has_no_subscription() {
    let (server, mut client) = listed().await;
    server.send_issue(&Refusal::new("rate-limit-exceeded").retry_after(60), true);
    let issue = client.next().await.unwrap();
    assert!(issue.text);
    assert_eq!(issue.value["subscriptionId"], json!(null));
    assert_eq!(issue.value["retryAfter"], 60);
    assert_eq!(issue.value["fatal"], true);
}

#[tokio::test]
async fn drops_freezes_holds_and_kills_work_as_in_v1() {
    let (server, mut client) = listed().await;
    server.hold_replies();
    server.patch("Round", "a", json!({"n": 1}));
    server.patch("Round", "a", json!({"n": 2}));
    server.release_next(1);
    assert_eq!(client.frame().await["data"]["n"], 1);
    server.release_replies();
    assert_eq!(client.frame().await["data"]["n"], 2);

    server.freeze();
    server.patch("Round", "a", json!({"n": 3}));
    server.thaw();
    assert_eq!(client.frame().await["data"]["n"], 3);

    server.kill_subscriptions();
    server.patch("Round", "a", json!({"n": 4}));
    assert_eq!(client.steps().await, [""; 0]);
    client.unsubscribe("l").await;
    assert_eq!(client.frame().await["op"], "unsubscribed");

    server.drop_connections();
    assert!(!matches!(client.end().await, Some(Ok(_))));
}

#[tokio::test]
async fn a_restart_with_rows_keeps_their_versions() {
    let (server, mut client) = scored(&[("a", 1)]).await;
    let query = json!({"view": "Round/list"});
    let before = client.open("l", query.clone()).await;
    server.restart_with_rows();
    let mut client = Client::connect(&server).await;
    let after = client.open("l", query).await;
    assert_eq!(before[1]["data"], after[1]["data"]);
    server.patch("Round", "a", json!({"score": 2}));
    let epoch = |row: &Value| row["_version"].as_str().unwrap()[..8].to_owned();
    let got = values(client.drain_v2().await);
    assert_ne!(epoch(&got[0]["data"]), epoch(&after[1]["data"][0]["data"]));
}
