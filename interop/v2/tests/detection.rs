//! How a client tells this server from one that speaks protocol v1 (protocol-v2.md, section 10).

use hyperstack_interop_socket::{Encoding, Event, Socket};
use serde_json::{json, Value};

use crate::support::*;

fn probe() -> Value {
    json!({"type": "refresh_auth", "token": "probe", "protocolVersion": 2})
}

#[tokio::test]
async fn a_v2_subscribe_an_unsubscribe_of_an_unused_id_and_the_probe_are_all_answered_in_order() {
    let server = players().start();
    server.apply(crowd(2)).await;
    let mut client = Client::connect(&server).await;
    client.subscribe("a", json!({"view": "Player/list"})).await;
    client.unsubscribe("unused").await;
    client.socket.send(&probe()).await;
    client.socket.ping().await;
    // A pong is written at once, the rest through a queue: it can come first.
    let mut answers = Vec::new();
    let mut pongs = 0;
    while answers.len() + pongs < 5 {
        match client.socket.next().await {
            Event::Message(message, _) => {
                assert_eq!(message["protocolVersion"], 2);
                answers.push(match message["op"].as_str() {
                    Some(op) => op.to_owned(),
                    None => message["code"].as_str().expect("a code").to_owned(),
                });
            }
            Event::Pong => pongs += 1,
            ended => panic!("{ended:?}"),
        }
    }
    assert_eq!(
        answers,
        [
            "subscribed",
            "snapshot",
            "unknown-subscription-id",
            "malformed-message"
        ]
    );
}

#[tokio::test]
async fn a_v1_subscribe_is_malformed_and_registers_nothing() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client
        .socket
        .send(&json!({"type": "subscribe", "view": "Player/list"}))
        .await;
    let error = client.error("malformed-message").await;
    assert_eq!(
        (&error["subscriptionId"], &error["protocolVersion"]),
        (&Value::Null, &json!(2))
    );
    client
        .socket
        .send(&json!({"type": "unsubscribe", "view": "Player/list"}))
        .await;
    client.error("malformed-message").await;
    server.apply(crowd(1)).await;
    client.open_view("a", "Player/list").await;
}

#[tokio::test]
async fn both_dialects_in_one_message_are_malformed() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    let mut message = subscribe("a", json!({"view": "Player/list"}));
    message["view"] = json!("Player/list");
    client.socket.send(&message).await;
    let error = client.error("malformed-message").await;
    assert_eq!(error["subscriptionId"], "a");
}

#[tokio::test]
async fn the_probe_is_malformed_whatever_the_authentication() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client.socket.send(&probe()).await;
    let (answer, encoding) = client.socket.encoded_message().await;
    assert_eq!(encoding, Encoding::Text);
    assert_eq!(answer["protocolVersion"], 2);
    assert_eq!(
        (&answer["code"], &answer["subscriptionId"]),
        (&json!("malformed-message"), &Value::Null)
    );
    let mint = hyperstack_interop_v2::Mint::new();
    let server = players().auth(mint.plugin()).start();
    let mut client = Client::with_token(&server, &mint.scoped_token(&[])).await;
    client.socket.send(&probe()).await;
    client.error("malformed-message").await;
    client.open_view("a", "Player/list").await;
}

#[tokio::test]
async fn a_server_of_another_generation_can_take_over_the_port() {
    let mut old = hyperstack_interop_v05::Server::start(hyperstack_interop_v05::entity("Player"));
    let v1 = json!({"type": "subscribe", "view": "Player/list"});
    let mut socket = Socket::connect(&old.url()).await;
    socket.send(&v1).await;
    assert_eq!(socket.message().await["op"], "subscribed");
    old.kill().await;
    assert_eq!(socket.end().await, Event::Lost);
    let mut new = players().prepare_at(old.address());
    new.start();
    let mut client = Client::connect(&new).await;
    client.socket.send(&v1).await;
    client.error("malformed-message").await;
    client.open_view("a", "Player/list").await;
    new.kill().await;
    assert_eq!(client.socket.end().await, Event::Lost);
    old.listen();
    let mut socket = Socket::connect(&old.url()).await;
    socket.send(&v1).await;
    assert_eq!(socket.message().await["op"], "subscribed");
}
