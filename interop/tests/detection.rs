//! What the 0.6.9 server answers to messages of protocol v2, by which a client tells it from the servers
//! before and after it. The client here is a bare WebSocket.

use hyperstack_interop::Mint;
use hyperstack_interop_socket::{Encoding, Event, Socket};
use serde_json::{json, Value};

use crate::support::*;
use crate::Outcome;

fn probe() -> Value {
    json!({"type": "refresh_auth", "token": "probe", "protocolVersion": 2})
}

#[tokio::test]
async fn a_v2_subscribe_and_unsubscribe_get_no_answer_and_register_nothing() -> Outcome {
    let server = players().start();
    server.apply(crowd(1)).await;
    let mut socket = Socket::connect(&server.url()).await;
    for n in 0..50 {
        socket
            .send(&json!({
                "type": "subscribe", "protocolVersion": 2, "subscriptionId": n.to_string(),
                "query": {"view": "Player/list"}, "snapshot": {"enabled": true},
            }))
            .await;
    }
    let unsubscribe = json!({"type": "unsubscribe", "protocolVersion": 2, "subscriptionId": "a"});
    socket.send(&unsubscribe).await;
    socket.ping().await;
    assert_eq!(socket.next().await, Event::Pong);
    server.apply([player("new", 1)]).await;
    // The next message is the answer to a v1 subscribe.
    let subscribe = json!({"type": "subscribe", "view": "Player/list"});
    socket.send(&subscribe).await;
    let subscribed = socket.message().await;
    assert_eq!(subscribed["op"], "subscribed");
    assert_eq!(subscribed["protocolVersion"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn a_message_in_both_dialects_counts_as_v1() -> Outcome {
    let server = players().start();
    let mut socket = Socket::connect(&server.url()).await;
    socket
        .send(&json!({
            "type": "subscribe", "view": "Player/list", "protocolVersion": 2,
            "subscriptionId": "a", "query": {"view": "Player/list"},
        }))
        .await;
    assert_eq!(socket.message().await["op"], "subscribed");
    Ok(())
}

#[tokio::test]
async fn an_unknown_view_and_a_ping_message_get_no_answer() -> Outcome {
    let server = players().start();
    let mut socket = Socket::connect(&server.url()).await;
    socket
        .send(&json!({"type": "subscribe", "view": "Nope/list"}))
        .await;
    socket.send(&json!({"type": "ping"})).await;
    socket.ping().await;
    assert_eq!(socket.next().await, Event::Pong);
    socket.send(&probe()).await;
    assert_eq!(socket.message().await["success"], false);
    Ok(())
}

#[tokio::test]
async fn the_probe_is_refused_whatever_the_authentication_and_the_session_stays() -> Outcome {
    let mint = Mint::new();
    let token = mint.token(std::time::Duration::from_secs(300));
    for setup in [players(), players().auth(mint.plugin())] {
        let server = setup.start();
        server.apply(crowd(1)).await;
        let url = format!("{}/?hs_token={token}", server.url());
        let mut socket = Socket::connect(&url).await;
        socket
            .send(&json!({"type": "subscribe", "view": "Player/list"}))
            .await;
        socket.send(&probe()).await;
        assert_eq!(socket.message().await["op"], "subscribed");
        assert_eq!(socket.message().await["op"], "snapshot");
        let (answer, encoding) = socket.encoded_message().await;
        assert_eq!(answer, json!({"success": false, "error": "token-invalid"}));
        assert_eq!(encoding, Encoding::Text);
        server.apply([player("new", 1)]).await;
        assert_eq!(socket.message().await["key"], "new");
    }
    Ok(())
}
