//! Requests that the server refuses.

use serde_json::{json, Value};

use super::scored;

fn subscribe(id: &str, query: Value) -> Value {
    json!({"type": "subscribe", "protocolVersion": 2, "subscriptionId": id, "query": query})
}

#[tokio::test]
async fn a_bad_request_is_answered_as_text_and_leaves_the_id_free() {
    let (server, mut client) = scored(&[]).await;
    let list = || json!({"view": "Round/list"});
    let with = |name: &str, value: Value| {
        let mut query = list();
        query[name] = value;
        subscribe("a", query)
    };
    let long = "x".repeat(129);
    let (a, none) = (json!("a"), Value::Null);
    let mut version = subscribe("a", list());
    version["protocolVersion"] = json!(1);
    for (request, id, code) in [
        (json!({"type": "nonsense"}), &none, "malformed-message"),
        (json!(["list"]), &none, "malformed-message"),
        (json!({"view": "Round/list"}), &none, "malformed-message"),
        (with("foo", json!(1)), &a, "malformed-message"),
        (with("take", json!(-1)), &a, "malformed-message"),
        (with("key", json!(5)), &a, "malformed-message"),
        (with("filters", json!(["score"])), &a, "malformed-message"),
        (with("take", json!(0)), &a, "invalid-subscription"),
        (with("snapshotLimit", json!(0)), &a, "invalid-subscription"),
        (with("view", json!("")), &a, "invalid-subscription"),
        (
            with("filters", json!({"a..b": 1})),
            &a,
            "invalid-subscription",
        ),
        (version, &a, "invalid-subscription"),
        (subscribe("", list()), &json!(""), "invalid-subscription"),
        (
            subscribe(" a", list()),
            &json!(" a"),
            "invalid-subscription",
        ),
        (
            subscribe("a\u{7}", list()),
            &json!("a\u{7}"),
            "invalid-subscription",
        ),
        (
            subscribe(&long, list()),
            &json!(long),
            "invalid-subscription",
        ),
        (
            with("view", json!("Round/none")),
            &a,
            "subscription-rejected",
        ),
        (
            with("view", json!("Round/state")),
            &a,
            "subscription-rejected",
        ),
        (
            json!({"type": "unsubscribe", "protocolVersion": 1, "subscriptionId": "a"}),
            &a,
            "invalid-unsubscription",
        ),
        (
            json!({"type": "unsubscribe", "protocolVersion": 2, "subscriptionId": "a"}),
            &a,
            "unknown-subscription-id",
        ),
    ] {
        client.say(request.clone()).await;
        let answer = client.next().await.unwrap();
        assert!(answer.text, "{request}");
        let expected = json!({
            "type": "error", "protocolVersion": 2, "subscriptionId": id, "error": code,
            "message": answer.value["message"], "code": code, "retryable": false, "fatal": false
        });
        assert_eq!(answer.value, expected, "{request}");
        assert_eq!(server.subscriptions(), []);
    }
    let answer = client.open("a", list()).await;
    assert_eq!(answer[0]["op"], "subscribed");
    // The longest id.
    let answer = client.open(&"x".repeat(128), list()).await;
    assert_eq!(answer[0]["op"], "subscribed");
}

#[tokio::test]
async fn a_duplicate_id_leaves_the_first_subscription_alone() {
    let (server, mut client) = scored(&[("a", 1)]).await;
    client.open("l", json!({"view": "Round/list"})).await;
    let answer = client.open("l", json!({"view": "Round/top"})).await;
    assert_eq!(answer[0]["code"], "duplicate-subscription-id");
    server.patch("Round", "a", json!({"n": 1}));
    assert_eq!(client.steps().await, ["patch a"]);
    client.unsubscribe("l").await;
    client.frame().await;
    let answer = client.open("l", json!({"view": "Round/top"})).await;
    assert_eq!(answer[0]["op"], "subscribed");
}

#[tokio::test]
async fn one_connection_holds_any_number_of_equal_queries() {
    let (server, mut client) = scored(&[("a", 1)]).await;
    client.open("1", json!({"view": "Round/list"})).await;
    client.open("2", json!({"view": "Round/list"})).await;
    server.patch("Round", "a", json!({"n": 1}));
    assert_eq!(client.steps().await, ["patch a", "patch a"]);
    assert_eq!(server.subscription_ids("Round/list"), ["1", "2"]);
}

#[tokio::test]
async fn a_ping_may_say_anything_and_is_not_answered() {
    let (_server, mut client) = scored(&[]).await;
    client.say(json!({"type": "ping", "more": 1})).await;
    assert_eq!(client.steps().await, [""; 0]);
}
