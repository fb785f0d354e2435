//! Servers of both generations, and requests of the other one.

use hyperstack_sdk::testing::{Refresh, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};

use super::{builder, values};
use crate::client::Client;

fn probe() -> Value {
    json!({"type": "refresh_auth", "token": "probe", "protocolVersion": 2})
}

#[tokio::test]
async fn a_v2_server_refuses_v1_requests_and_the_probe() {
    let server = builder().start().await.unwrap();
    let mut client = Client::connect(&server).await;
    for request in [
        json!({"type": "subscribe", "view": "Round/list"}),
        json!({"view": "Round/list"}),
        json!({"type": "unsubscribe", "view": "Round/list"}),
        probe(),
    ] {
        client.say(request.clone()).await;
        let answer = client.next().await.unwrap();
        assert!(answer.text, "{request}");
        assert_eq!(answer.value["code"], "malformed-message", "{request}");
        assert_eq!(answer.value["subscriptionId"], Value::Null);
    }
    assert_eq!(server.subscriptions(), []);
}

#[tokio::test]
async fn a_v1_server_is_silent_to_v2_requests_and_refuses_the_probe() {
    for refresh in [Refresh::default(), Refresh::Accept { expires_at: 99 }] {
        let server = TestServer::builder().entity("Round").refresh(refresh);
        let server = server.protocol(Protocol::V1).start().await.unwrap();
        let mut client = Client::connect(&server).await;
        client.ask("a", json!({"view": "Round/list"})).await;
        client.unsubscribe("a").await;
        client.say(probe()).await;
        let answer = client.next().await.unwrap();
        assert!(answer.text);
        let refused = json!({"success": false, "error": "token-invalid"});
        assert_eq!(answer.value, refused);
        assert_eq!(server.subscriptions(), []);
        assert_eq!(client.drain("Round").await, []);
    }
}

#[tokio::test]
async fn a_server_0_5_does_not_answer_the_probe() {
    let server = TestServer::builder()
        .entity("Round")
        .protocol(Protocol::V1)
        .refresh(Refresh::Silent)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&server).await;
    client.ask("a", json!({"view": "Round/list"})).await;
    client.say(probe()).await;
    assert_eq!(client.drain("Round").await, []);
}

#[tokio::test]
async fn a_new_token_is_answered_alike_by_both() {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = TestServer::builder().protocol(protocol).start();
        let server = server.await.unwrap();
        let mut client = Client::connect(&server).await;
        let refresh = json!({"type": "refresh_auth", "token": "new"});
        client.say(refresh.clone()).await;
        let reply = client.next().await.unwrap();
        assert!(reply.text);
        let refused = json!({"success": false, "error": "token-invalid"});
        assert_eq!(reply.value, refused);
        server.set_refresh(Refresh::Accept { expires_at: 99 });
        client.say(refresh).await;
        let accepted = json!({"success": true, "expiresAt": 99});
        assert_eq!(client.frame().await, accepted);
    }
}

#[tokio::test]
async fn an_upgraded_server_speaks_v2_on_new_connections() {
    let server = TestServer::builder().entity("Round");
    let server = server.protocol(Protocol::V1).start().await.unwrap();
    server.upsert("Round", "1", json!({"wide": u64::MAX}));
    let mut old = Client::connect(&server).await;
    old.subscribe("Round/list").await;
    let rows = old.frames(2).await.remove(1);
    assert_eq!(rows["data"][0]["data"]["wide"], u64::MAX.to_string());

    server.set_protocol(Protocol::V2);
    let mut new = Client::connect(&server).await;
    let answer = new.open("l", json!({"view": "Round/list"})).await;
    assert_eq!(answer[1]["data"][0]["data"]["wide"], u64::MAX);

    server.patch("Round", "1", json!({"n": 1}));
    assert_eq!(old.frame().await.get("subscriptionId"), None);
    let got = values(new.drain_v2().await);
    assert_eq!(got[0]["subscriptionId"], "l");
}
