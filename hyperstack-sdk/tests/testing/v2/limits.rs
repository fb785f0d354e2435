//! Limits on subscriptions and snapshots.

use serde_json::json;

use super::{builder, scored};
use crate::client::Client;

#[tokio::test]
async fn a_subscription_over_the_limit_is_refused_before_its_id_is_checked() {
    let server = builder().max_subscriptions(1).start().await.unwrap();
    let mut client = Client::connect(&server).await;
    client.open("a", json!({"view": "Round/list"})).await;
    let answer = client.open("a", json!({"view": "Round/list"})).await;
    assert_eq!(answer[0]["code"], "subscription-limit-exceeded");
    assert_eq!(answer[0]["retryable"], true);
    assert_eq!(answer[0]["fatal"], false);
    assert!(answer[0]["suggestedAction"].is_string());
    server.set_max_subscriptions(None);
    let answer = client.open("b", json!({"view": "Round/list"})).await;
    assert_eq!(answer[0]["op"], "subscribed");
}

#[tokio::test]
async fn a_snapshot_beyond_the_row_limit_is_rejected() {
    let server = builder().max_snapshot_rows(1).start().await.unwrap();
    server.upsert("Round", "a", json!({}));
    server.upsert("Round", "b", json!({}));
    let mut client = Client::connect(&server).await;
    let answer = client.open("l", json!({"view": "Round/list"})).await;
    assert_eq!(answer[0]["code"], "subscription-rejected");
    assert_eq!(answer[0]["retryable"], false);
    for query in [
        json!({"view": "Round/list", "take": 1}),
        json!({"view": "Round/list", "snapshotLimit": 1}),
    ] {
        let answer = client.open("l", query).await;
        assert_eq!(answer[0]["op"], "subscribed");
        client.unsubscribe("l").await;
        client.frame().await;
    }
    client.open_blind("l", json!({"view": "Round/list"})).await;
}

#[tokio::test]
async fn a_recovery_snapshot_beyond_the_row_limit_ends_the_subscription_without_a_frame() {
    let (server, mut client) = scored(&[("a", 1), ("b", 2)]).await;
    client.open("l", json!({"view": "Round/list"})).await;
    server.set_max_snapshot_rows(Some(1));
    server.recover("Round/list");
    server.patch("Round", "a", json!({"n": 1}));
    assert_eq!(client.steps().await, [""; 0]);
    assert_eq!(server.subscription_ids("Round/list"), [""; 0]);
    // The id stays taken.
    let answer = client.open("l", json!({"view": "Round/list"})).await;
    assert_eq!(answer[0]["code"], "duplicate-subscription-id");
}

#[tokio::test]
async fn arrays_are_trimmed_in_the_cache_and_not_in_patches() {
    let server = builder().array_limit(2).start().await.unwrap();
    server.upsert("Round", "a", json!({"log": [1]}));
    let mut client = Client::connect(&server).await;
    client.open("l", json!({"view": "Round/list"})).await;
    server.append("Round", "a", json!({"log": [2, 3]}), &["log"]);
    assert_eq!(client.frame().await["data"]["log"], json!([2, 3]));
    let answer = client.open("l2", json!({"view": "Round/list"})).await;
    assert_eq!(answer[1]["data"][0]["data"]["log"], json!([2, 3]));
}
