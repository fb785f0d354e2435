//! What the server answers to subscribe and unsubscribe (protocol-v2.md, sections 2, 3 and 9).

use serde_json::{json, Value};

use crate::support::*;

#[tokio::test]
async fn an_empty_view_answers_with_an_empty_snapshot() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    for (id, query) in [
        ("list", json!({"view": "Player/list"})),
        ("derived", json!({"view": "Player/best"})),
        ("append", json!({"view": "Player/append"})),
        ("state", json!({"view": "Player/state", "key": "a"})),
        ("key", json!({"view": "Player/list", "key": "a"})),
    ] {
        let (ack, rows) = client.open(id, query).await;
        assert_eq!(rows, [], "{id}");
        assert_eq!(ack["wholeEntities"], true, "{id}");
    }
}

#[tokio::test]
async fn the_acknowledgement_has_the_query_the_mode_and_the_sort() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    let recency = json!({"field": ["_seq"], "order": "desc"});
    let by_score = json!({"field": ["score"], "order": "desc"});
    for (view, mode, sort, take) in [
        ("Player/list", "list", recency, Value::Null),
        ("Player/best", "list", by_score.clone(), json!(1)),
        ("Player/ranked", "list", by_score, Value::Null),
        ("Player/append", "append", Value::Null, Value::Null),
    ] {
        let (ack, _) = client.open(view, json!({ "view": view })).await;
        assert_eq!(ack["query"]["view"], view);
        assert_eq!(ack["query"]["take"], take, "{view}");
        assert_eq!(ack["mode"], mode, "{view}");
        assert_eq!(ack["sort"], sort, "{view}");
        assert_eq!(ack["replayWindow"], Value::Null, "{view}");
    }
    let state = json!({"view": "Player/state", "key": "a"});
    let (ack, _) = client.open("state", state).await;
    assert_eq!(
        (&ack["mode"], &ack["sort"]),
        (&json!("state"), &Value::Null)
    );
}

#[tokio::test]
async fn the_acknowledgement_repeats_a_take_above_the_limit_of_the_view() {
    let server = players().start();
    server.apply(crowd(10)).await;
    let mut client = Client::connect(&server).await;
    let query = json!({"view": "Player/top", "take": 50});
    let (ack, rows) = client.open("a", query).await;
    assert_eq!(ack["query"]["take"], 50);
    assert_eq!(keys(&rows), ["p9", "p8", "p7"]);
}

#[tokio::test]
async fn a_snapshot_has_whole_rows_in_the_order_of_the_view() {
    let server = players().start();
    server
        .apply([player("a", 3), player("b", 1), player("c", 2)])
        .await;
    server.apply([change("b", json!({"note": "late"}))]).await;
    let mut client = Client::connect(&server).await;
    let rows = client.open_view("list", "Player/list").await;
    assert_eq!(keys(&rows), ["b", "c", "a"]);
    assert_eq!(rows[0].1["name"], "b");
    assert_eq!(rows[0].1["note"], "late");
    let rows = client.open_view("ranked", "Player/ranked").await;
    assert_eq!(keys(&rows), ["a", "c", "b"]);
    let rows = client.open_view("least", "Player/least").await;
    assert_eq!(keys(&rows), ["b", "c", "a"]);
}

#[tokio::test]
async fn without_a_snapshot_each_key_starts_with_an_upsert() {
    let server = players().start();
    server.apply([player("a", 1)]).await;
    let mut client = Client::connect(&server).await;
    client
        .subscribe_live("live", json!({"view": "Player/list"}))
        .await;
    client.expect("live", "subscribed").await;
    server.apply([change("a", json!({"score": 2}))]).await;
    let first = client.update("upsert", "a").await;
    assert_eq!(
        (&first["data"]["name"], &first["data"]["score"]),
        (&json!("a"), &json!(2))
    );
    server.apply([change("a", json!({"score": 3}))]).await;
    let second = client.update("patch", "a").await;
    assert_eq!(second["data"]["name"], Value::Null);
}

#[tokio::test]
async fn null_in_an_optional_field_of_the_query_counts_as_absent_except_in_filters() {
    let server = players().start();
    server.apply([player("a", 1)]).await;
    let mut client = Client::connect(&server).await;
    let query = json!({
        "view": "Player/list", "key": null, "partition": null, "take": null, "skip": null,
        "snapshotLimit": null, "after": null,
    });
    let (_, rows) = client.open("a", query).await;
    assert_eq!(keys(&rows), ["a"]);
    let query = json!({"view": "Player/list", "filters": null});
    client.subscribe("b", query).await;
    client.error("malformed-message").await;
}

#[tokio::test]
async fn a_malformed_message_is_refused_and_the_connection_goes_on() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    for (text, id) in [
        ("not json", Value::Null),
        (r#"{"view": "Player/list"}"#, Value::Null),
        (r#"{"type": "nonsense"}"#, Value::Null),
        (
            r#"{"type": "subscribe", "protocolVersion": 2, "subscriptionId": "a", "query": {"view": "Player/list", "foo": 1}}"#,
            json!("a"),
        ),
        (
            r#"{"type": "subscribe", "protocolVersion": 2, "subscriptionId": "a", "query": {"view": "Player/list", "take": -1}}"#,
            json!("a"),
        ),
    ] {
        client.socket.send_text(text).await;
        let error = client.error("malformed-message").await;
        assert_eq!(error["subscriptionId"], id, "{text}");
        assert_eq!(
            (&error["fatal"], &error["retryable"]),
            (&json!(false), &json!(false))
        );
    }
    // The id of a refused subscribe is free.
    client.open_view("a", "Player/list").await;
}

#[tokio::test]
async fn an_invalid_subscription_is_refused_and_its_id_is_free() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    for query in [
        json!({"view": ""}),
        json!({"view": "Player/list", "take": 0}),
        json!({"view": "Player/list", "snapshotLimit": 0}),
        json!({"view": "Player/list", "filters": {"a..b": 1}}),
    ] {
        client.subscribe("a", query.clone()).await;
        let error = client.error("invalid-subscription").await;
        assert_eq!(error["subscriptionId"], "a", "{query}");
        assert_eq!(error["fatal"], false, "{query}");
    }
    for id in ["", " a", "a\n"] {
        client.subscribe(id, json!({"view": "Player/list"})).await;
        client.error("invalid-subscription").await;
    }
    client
        .subscribe(&"x".repeat(129), json!({"view": "Player/list"}))
        .await;
    client.error("invalid-subscription").await;
    let mut version = subscribe("a", json!({"view": "Player/list"}));
    version["protocolVersion"] = json!(1);
    client.socket.send(&version).await;
    client.error("invalid-subscription").await;
    client.open_view("a", "Player/list").await;
}

#[tokio::test]
async fn an_unknown_view_and_a_state_without_a_key_are_rejected() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    for query in [
        json!({"view": "Nope/list"}),
        json!({"view": "Player/state"}),
    ] {
        client.subscribe("a", query).await;
        let error = client.error("subscription-rejected").await;
        assert_eq!(error["subscriptionId"], "a");
        assert_eq!(
            (&error["fatal"], &error["retryable"]),
            (&json!(false), &json!(false))
        );
    }
    client.open_view("a", "Player/list").await;
}

#[tokio::test]
async fn a_second_subscribe_with_an_active_id_is_refused_and_the_first_goes_on() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    client.subscribe("a", json!({"view": "Player/top"})).await;
    let error = client.error("duplicate-subscription-id").await;
    assert_eq!(
        (&error["subscriptionId"], &error["fatal"]),
        (&json!("a"), &json!(false))
    );
    server.apply([player("x", 1)]).await;
    let update = client.update("upsert", "x").await;
    assert_eq!(update["entity"], "Player/list");
}

#[tokio::test]
async fn an_unsubscribe_is_acknowledged_and_its_id_is_free() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client.unsubscribe("never").await;
    client.error("unknown-subscription-id").await;
    client.open_view("a", "Player/list").await;
    client.unsubscribe("a").await;
    client.expect("a", "unsubscribed").await;
    client.unsubscribe("a").await;
    client.error("unknown-subscription-id").await;
    client.open_view("a", "Player/list").await;
    client.unsubscribe("").await;
    client.error("invalid-unsubscription").await;
}

#[tokio::test]
async fn subscriptions_of_one_view_each_get_every_update() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    client.open_view("b", "Player/list").await;
    server.apply([player("x", 1)]).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let update = client.update("upsert", "x").await;
        ids.push(update["subscriptionId"].as_str().expect("an id").to_owned());
    }
    ids.sort();
    assert_eq!(ids, ["a", "b"]);
}
