//! Derived views: sorted, windowed, sent whole after every change.

use hyperstack_sdk::testing::{ServerError, Sort, TestServer};
use serde_json::{json, Value};

use crate::client::{keys, steps, Client};
use crate::v1_server;

async fn ranked(rows: &[(&str, i64)]) -> (TestServer, Client) {
    let server = v1_server()
        .view("Round/top", Sort::desc("score"), 2)
        .start()
        .await
        .unwrap();
    for (key, score) in rows {
        server.upsert("Round", key, json!({"score": score}));
    }
    let client = Client::connect(&server).await;
    (server, client)
}

async fn after(client: &mut Client) -> Vec<String> {
    let got = client.drain("Round").await;
    let frames: Vec<Value> = got.into_iter().map(|got| got.value).collect();
    steps(&frames)
}

#[tokio::test]
async fn rows_that_leave_are_deleted_before_the_whole_window_is_sent() {
    let (server, mut client) = ranked(&[("a", 1), ("b", 2), ("c", 3)]).await;
    client.subscribe("Round/top").await;
    assert_eq!(
        client.frame().await["sort"],
        json!({"field": ["score"], "order": "desc"})
    );
    assert_eq!(keys(&client.frame().await), ["c", "b"]);

    server.patch("Round", "a", json!({"score": 9}));
    assert_eq!(
        after(&mut client).await,
        ["delete b", "upsert a", "upsert c"]
    );
    // A change of a row outside the window sends the window too.
    server.patch("Round", "b", json!({"other": 1}));
    assert_eq!(after(&mut client).await, ["upsert a", "upsert c"]);
    server.delete("Round", "a");
    assert_eq!(
        after(&mut client).await,
        ["delete a", "upsert c", "upsert b"]
    );
    let window = server.window("Round/top").unwrap();
    let window: Vec<_> = window.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(window, ["c", "b"]);
}

#[tokio::test]
async fn upserts_are_whole_rows_without_seq() {
    let (server, mut client) = ranked(&[("a", 1)]).await;
    client.subscribe("Round/top").await;
    client.frames(2).await;
    server.patch("Round", "a", json!({"name": "x"}));
    let upsert = client.frame().await;
    assert_eq!(upsert["data"]["score"], 1);
    assert_eq!(upsert["data"]["name"], "x");
    assert!(upsert.get("seq").is_none());
    server.delete("Round", "a");
    assert_eq!(
        client.frame().await,
        json!({"mode": "list", "entity": "Round/top", "op": "delete", "key": "a", "data": null})
    );
}

#[tokio::test]
async fn the_client_chooses_its_window() {
    let (_server, mut client) = ranked(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]).await;
    let windows = [
        (json!({"take": 3}), vec!["d", "c", "b"]),
        (json!({"skip": 1}), vec!["c", "b"]),
        (json!({"take": 9, "skip": 3}), vec!["a"]),
        // Neither a key nor a disabled snapshot has an effect here.
        (json!({"key": "a", "withSnapshot": false}), vec!["d", "c"]),
    ];
    for (options, expected) in windows {
        let mut request = options.clone();
        request["view"] = json!("Round/top");
        client.say(request).await;
        client.frame().await;
        assert_eq!(keys(&client.frame().await), expected, "{options}");
        let mut unsubscribe = json!({"type": "unsubscribe", "view": "Round/top"});
        unsubscribe["key"] = options["key"].clone();
        client.say(unsubscribe).await;
    }
}

#[tokio::test]
async fn an_empty_window_sends_nothing() {
    let (server, mut client) = ranked(&[("a", 1)]).await;
    client.say(json!({"view": "Round/top", "take": 0})).await;
    server.patch("Round", "a", json!({"score": 2}));
    let got = client.drain("Round").await;
    assert_eq!(got.len(), 1);
}

#[tokio::test]
async fn a_single_row_window_sends_no_delete() {
    let (server, mut client) = ranked(&[("a", 1)]).await;
    client.say(json!({"view": "Round/top", "take": 1})).await;
    client.frames(2).await;
    server.upsert("Round", "b", json!({"score": 2}));
    assert_eq!(after(&mut client).await, ["delete a", "upsert b"]);
    server.delete("Round", "a");
    assert_eq!(after(&mut client).await, ["upsert b"]);
    server.delete("Round", "b");
    assert_eq!(after(&mut client).await, [""; 0]);
}

#[tokio::test]
async fn a_view_id_must_name_its_entity() {
    let builder = v1_server().view("latest", Sort::asc("n"), 1);
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, ServerError::ViewId(id) if id == "latest"));
}
