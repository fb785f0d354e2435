//! What the published hyperstack-server 0.5.10 sends: the facts that a client relies on to tell it from
//! the later ones (protocol-v2.md, section 10). The client here is a bare WebSocket.

use hyperstack_interop_socket::{Encoding, Event, Socket};
use hyperstack_interop_v05::{derived, entity, Change, Server};
use serde_json::{json, Value};

/// A server of players; `Player/top` has the three with the greatest score.
fn players() -> Server {
    let mut views = entity("Player");
    views.push(derived("Player/top", "score", 3));
    Server::start(views)
}

fn player(key: &str, score: i64) -> Change {
    Change::new("Player", key, json!({"name": key, "score": score}))
}

/// The keys of a snapshot's rows.
fn keys(snapshot: &Value) -> Vec<&str> {
    let rows = snapshot["data"].as_array().expect("rows").iter();
    rows.map(|row| row["key"].as_str().expect("a key"))
        .collect()
}

#[tokio::test]
async fn messages_of_protocol_v2_get_no_answer_and_a_websocket_ping_behind_them_has_a_pong() {
    let server = players();
    server.apply([player("a", 1)]).await;
    let mut socket = Socket::connect(&server.url()).await;
    for message in [
        json!({
            "type": "subscribe", "protocolVersion": 2, "subscriptionId": "a",
            "query": {"view": "Player/list"}, "snapshot": {"enabled": true},
        }),
        json!({"type": "unsubscribe", "protocolVersion": 2, "subscriptionId": "unused"}),
        json!({"type": "refresh_auth", "token": "probe", "protocolVersion": 2}),
    ] {
        socket.send(&message).await;
        socket.ping().await;
        assert_eq!(socket.next().await, Event::Pong, "{message}");
    }
    // They registered nothing, and a v1 subscribe on the same connection works.
    server.apply([player("b", 2)]).await;
    socket
        .send(&json!({"type": "subscribe", "view": "Player/list"}))
        .await;
    let subscribed = socket.message().await;
    assert_eq!(subscribed["op"], "subscribed");
    assert_eq!(subscribed["protocolVersion"], Value::Null);
    let snapshot = socket.message().await;
    assert_eq!(snapshot["op"], "snapshot");
    assert_eq!(keys(&snapshot), ["b", "a"]);
}

#[tokio::test]
async fn a_message_in_both_dialects_counts_as_v1() {
    let server = players();
    server.apply([player("a", 1)]).await;
    let mut socket = Socket::connect(&server.url()).await;
    socket
        .send(&json!({
            "type": "subscribe", "view": "Player/list", "protocolVersion": 2,
            "subscriptionId": "a", "query": {"view": "Player/list"},
        }))
        .await;
    assert_eq!(socket.message().await["op"], "subscribed");
    assert_eq!(socket.message().await["op"], "snapshot");
}

#[tokio::test]
async fn an_unknown_view_and_a_ping_message_get_no_answer() {
    let server = players();
    let mut socket = Socket::connect(&server.url()).await;
    socket
        .send(&json!({"type": "subscribe", "view": "Nope/list"}))
        .await;
    socket.send(&json!({"type": "ping"})).await;
    socket.send_text("not json").await;
    socket.ping().await;
    assert_eq!(socket.next().await, Event::Pong);
}

#[tokio::test]
async fn an_empty_view_has_an_acknowledgement_and_no_snapshot() {
    let server = players();
    let mut socket = Socket::connect(&server.url()).await;
    socket
        .send(&json!({"type": "subscribe", "view": "Player/list"}))
        .await;
    assert_eq!(socket.message().await["op"], "subscribed");
    server.apply([player("a", 1)]).await;
    let (patch, encoding) = socket.encoded_message().await;
    assert_eq!(
        (&patch["op"], &patch["key"]),
        (&json!("patch"), &json!("a"))
    );
    assert_eq!(encoding, Encoding::Binary);
}

#[tokio::test]
async fn live_patches_have_no_seq() {
    let server = players();
    server.apply([player("a", 1)]).await;
    let mut socket = Socket::connect(&server.url()).await;
    socket
        .send(&json!({"type": "subscribe", "view": "Player/list"}))
        .await;
    assert_eq!(socket.message().await["op"], "subscribed");
    assert_eq!(socket.message().await["op"], "snapshot");
    let change = Change::new("Player", "a", json!({"score": 2, "log": [1]})).append("log");
    server.apply([change]).await;
    let patch = socket.message().await;
    assert_eq!(patch["op"], "patch");
    assert_eq!(patch["append"], json!(["log"]));
    assert_eq!(patch["seq"], Value::Null);
    assert_eq!(patch["data"]["_seq"], "2:000000000000");
    assert_eq!(
        server.row("Player/list", "a").await.expect("a row")["score"],
        2
    );
}

#[tokio::test]
async fn a_derived_view_sends_its_whole_window_with_each_change() {
    let server = players();
    server
        .apply((0..4).map(|n| player(&format!("p{n}"), n)))
        .await;
    let mut socket = Socket::connect(&server.url()).await;
    socket
        .send(&json!({"type": "subscribe", "view": "Player/top"}))
        .await;
    let subscribed = socket.message().await;
    assert_eq!(
        subscribed["sort"],
        json!({"field": ["score"], "order": "desc"})
    );
    let snapshot = socket.message().await;
    assert_eq!(keys(&snapshot), ["p3", "p2", "p1"]);
    server.apply([player("p0", 9)]).await;
    for update in [
        ("delete", "p1"),
        ("upsert", "p0"),
        ("upsert", "p3"),
        ("upsert", "p2"),
    ] {
        let message = socket.message().await;
        let (op, key) = (message["op"].as_str(), message["key"].as_str());
        assert_eq!(op.zip(key), Some(update), "{message}");
    }
    let window = server.window("Player/top", 0, 3).await;
    let window: Vec<_> = window.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(window, ["p0", "p3", "p2"]);
}

#[tokio::test]
async fn everyone_may_connect() {
    let server = players();
    let headers = [("authorization", "Bearer any")];
    let mut socket = Socket::connect_with(&format!("{}/?token=any", server.url()), &headers).await;
    socket.ping().await;
    assert_eq!(socket.next().await, Event::Pong);
}

#[tokio::test]
async fn a_killed_server_comes_back_on_the_same_port() {
    let mut server = players();
    server.apply([player("a", 1)]).await;
    let mut socket = Socket::connect(&server.url()).await;
    server.kill().await;
    assert_eq!(socket.end().await, Event::Lost);
    assert!(Socket::try_connect(&server.url(), &[]).await.is_err());
    server.forget();
    server.listen();
    assert_eq!(server.rows("Player/list").await, []);
    Socket::connect(&server.url()).await;
}
