//! Faults on request.

use futures_util::SinkExt;
use hyperstack_sdk::testing::{Mode, Refusal, Sort, TestServer};
use serde_json::{json, Value};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{keys, Client};
use crate::v1_server;

async fn round() -> (TestServer, Client) {
    let server = v1_server().entity("Round").start().await.unwrap();
    server.upsert("Round", "1", json!({}));
    let mut client = Client::connect(&server).await;
    client.subscribe("Round/list").await;
    client.frames(2).await;
    (server, client)
}

/// Sends a WebSocket ping and waits for its pong. Returns the messages that arrive before it.
async fn ping(client: &mut Client) -> Vec<Message> {
    use futures_util::StreamExt;
    client.0.send(Message::Ping("?".into())).await.unwrap();
    let mut before = Vec::new();
    loop {
        match client.0.next().await.unwrap().unwrap() {
            Message::Pong(_) => return before,
            message => before.push(message),
        }
    }
}

#[tokio::test]
async fn held_replies_wait_for_their_release() {
    let (server, mut client) = round().await;
    server.hold_replies();
    server.patch("Round", "1", json!({"n": 1}));
    assert_eq!(ping(&mut client).await, []);
    server.release_replies();
    assert_eq!(client.frame().await["data"]["n"], 1);
}

#[tokio::test]
async fn held_replies_can_be_released_one_by_one() {
    let (server, mut client) = round().await;
    server.hold_replies();
    server.release_next(1);
    for n in 1..=3 {
        server.patch("Round", "1", json!({"n": n}));
    }
    assert_eq!(client.frame().await["data"]["n"], 1);
    assert_eq!(ping(&mut client).await, []);
    server.release_next(1);
    assert_eq!(client.frame().await["data"]["n"], 2);
    assert_eq!(ping(&mut client).await, []);
}

#[tokio::test]
async fn a_frozen_server_reads_nothing_until_it_thaws() {
    let (server, mut client) = round().await;
    server.freeze();
    client.say(json!({"type": "ping"})).await;
    server.patch("Round", "1", json!({"n": 1}));
    // A new connection gets no answer to its handshake.
    let address = server.address();
    let connecting = tokio::spawn(connect_async(server.url()));
    let raw = tokio::net::TcpStream::connect(address).await.unwrap();
    assert_eq!(server.messages().len(), 1);
    assert_eq!(server.connections_accepted(), 1);
    drop(raw);
    server.thaw();
    assert_eq!(client.frame().await["data"]["n"], 1);
    server
        .wait_for_message(|message| message["type"] == "ping")
        .await;
    connecting.await.unwrap().unwrap();
    assert_eq!(server.connections_accepted(), 2);
}

#[tokio::test]
async fn a_muted_connection_answers_pings_and_ends_at_the_next_text() {
    let (server, mut client) = round().await;
    server.mute();
    server.patch("Round", "1", json!({"n": 1}));
    assert_eq!(ping(&mut client).await, []);
    assert_eq!(server.subscriptions(), []);
    assert_eq!(server.connections(), 1);
    client.say(json!({"type": "ping"})).await;
    assert!(!matches!(client.end().await, Some(Ok(_))));
    server.wait_for_connections(0).await;
}

#[tokio::test]
async fn killed_subscriptions_leave_the_connection_alive() {
    let (server, mut client) = round().await;
    server.kill_subscriptions();
    server.patch("Round", "1", json!({"n": 1}));
    assert_eq!(client.drain("Round").await, []);
    client
        .say(json!({"type": "unsubscribe", "view": "Round/list"}))
        .await;
    client.subscribe("Round/list").await;
    assert_eq!(client.drain("Round").await.len(), 2);
}

#[tokio::test]
async fn dropped_connections_end_without_a_close_frame() {
    let (server, mut client) = round().await;
    server.drop_connections();
    assert_eq!(server.connections(), 0);
    assert!(!matches!(client.end().await, Some(Ok(_))));
    let mut client = Client::connect(&server).await;
    client.subscribe("Round/list").await;
    assert_eq!(keys(&client.frames(2).await[1]), ["1"]);
    assert_eq!(server.connections_accepted(), 2);
}

#[tokio::test]
async fn data_can_change_while_clients_cannot_connect() {
    let (server, mut client) = round().await;
    server.freeze();
    server.drop_connections();
    assert!(!matches!(client.end().await, Some(Ok(_))));
    let back = tokio::spawn(connect_async(server.url()));
    server.delete("Round", "1");
    server.thaw();
    let mut client = Client(back.await.unwrap().unwrap().0);
    client.subscribe("Round/list").await;
    assert_eq!(client.drain("Round").await.len(), 1);
}

#[tokio::test]
async fn a_close_frame_has_its_code_and_reason() {
    let (server, mut client) = round().await;
    server.close_connections(1008, "quota-exceeded: too much");
    // Nothing follows it.
    server.patch("Round", "1", json!({"n": 1}));
    match client.end().await {
        Some(Ok(Message::Close(Some(frame)))) => {
            assert_eq!(u16::from(frame.code), 1008);
            assert_eq!(frame.reason.as_str(), "quota-exceeded: too much");
        }
        other => panic!("no close frame: {other:?}"),
    }
    assert!(client.end().await.is_none());
    server.wait_for_connections(0).await;
}

#[tokio::test]
async fn a_clients_close_frame_is_not_answered() {
    let (server, mut client) = round().await;
    client.0.send(Message::Close(None)).await.unwrap();
    assert!(!matches!(client.end().await, Some(Ok(_))));
    server.wait_for_connections(0).await;
}

async fn refused(server: &TestServer) -> (u16, Value, Vec<(String, String)>) {
    match connect_async(server.url()).await {
        Err(Error::Http(response)) => {
            let headers = response.headers().iter();
            let headers = headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            let body = response.body().as_deref().unwrap_or_default();
            let body = serde_json::from_slice(body).unwrap_or_default();
            (response.status().as_u16(), body, headers)
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_has_the_servers_shape() {
    let server = v1_server().start().await.unwrap();
    let refusal = Refusal::new("rate-limit-exceeded").message("slow down");
    server.refuse(refusal.retry_after(1).suggested_action("wait"));
    let (status, _, headers) = refused(&server).await;
    assert_eq!(status, 429);
    assert_eq!(
        headers,
        [
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-error-code", "rate-limit-exceeded"),
            ("retry-after", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(
        refusal_body(&server).await,
        json!({"error": "rate-limit-exceeded", "message": "slow down",
               "code": "rate-limit-exceeded", "retryable": true, "suggested_action": "wait"})
    );
    server.refuse(None);
    server.refuse_next(Refusal::new("internal-error"));
    assert_eq!(refused(&server).await.0, 500);
    Client::connect(&server).await;
    assert_eq!(server.connections_accepted(), 1);
    assert_eq!(server.handshakes().len(), 4);
}

/// Reads the body to the end of the connection, because the server sends no length.
async fn refusal_body(server: &TestServer) -> Value {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(server.address())
        .await
        .unwrap();
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn a_token_is_accepted_in_the_header_or_the_query() {
    let server = v1_server().token("secret").start().await.unwrap();
    assert_eq!(refused(&server).await.0, 401);
    for (query, status) in [("?hs_token=wrong", 401), ("?a=b&hs_token=secret", 101)] {
        let answer = connect_async(format!("{}/{query}", server.url())).await;
        let got = match answer {
            Ok((_, response)) => response.status(),
            Err(Error::Http(response)) => response.status(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(got, status, "{query}");
    }
    let mut request = server.url().into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("authorization", "bearer secret".parse().unwrap());
    connect_async(request).await.unwrap();
    assert_eq!(server.handshakes()[3].token(), Some("secret"));
}

#[tokio::test]
async fn a_stopped_server_refuses_and_restarts_empty_on_its_port() {
    let (server, mut client) = round().await;
    server.stop().await;
    assert_eq!(server.connections(), 0);
    assert!(!matches!(client.end().await, Some(Ok(_))));
    assert!(matches!(
        connect_async(server.url()).await,
        Err(Error::Io(_))
    ));
    server.restart().await.unwrap();
    let mut client = Client::connect(&server).await;
    client.subscribe("Round/list").await;
    assert_eq!(client.drain("Round").await.len(), 1);
}

#[tokio::test]
async fn dropping_the_last_handle_stops_the_server() {
    let (server, mut client) = round().await;
    let url = server.url();
    let clone = server.clone();
    drop(server);
    clone.patch("Round", "1", json!({}));
    client.frame().await;
    drop(clone);
    assert!(!matches!(client.end().await, Some(Ok(_))));
    assert!(connect_async(url).await.is_err());
}

#[tokio::test]
async fn scripted_views_send_only_the_tests_frames() {
    let server = v1_server().start().await.unwrap();
    server.scripted_view("Raw/list", Mode::List, Some(Sort::desc("id")));
    let mut client = Client::connect(&server).await;
    client.subscribe("Raw/list").await;
    assert_eq!(client.frame().await["sort"]["field"], json!(["id"]));
    server.send(json!({"op": "truncate"}));
    server.send_gzip(json!({"op": "zipped"}));
    server.send_text("[1]");
    server.send_issue(&Refusal::new("snapshot-limit-exceeded"), false);
    server.send_binary(*b"{}");
    server.wait_idle().await;
    assert_eq!(client.frame().await["op"], "truncate");
    assert!(client.next().await.unwrap().gzip);
    assert!(client.next().await.unwrap().text);
    assert_eq!(client.frame().await["code"], "snapshot-limit-exceeded");
    assert_eq!(client.frame().await, json!({}));
}

#[tokio::test]
async fn what_clients_do_can_be_awaited() {
    let server = v1_server().entity("Round").start().await.unwrap();
    let mut first = Client::connect(&server).await;
    let mut second = Client::connect(&server).await;
    server.wait_for_connections(2).await;
    first.subscribe("Round/list").await;
    server.wait_for_subscription("Round/list").await;
    second.say(json!({"view": "Round/state", "key": "7"})).await;
    let live = server.wait_for_subscriptions(|live| live.len() == 2).await;
    assert_eq!(live[1], ("Round/state".to_owned(), Some("7".to_owned())));
    assert_eq!(server.next_message().await["type"], "subscribe");
    assert_eq!(server.next_message().await["key"], "7");
    assert_eq!(server.messages_of(2).len(), 1);
    drop(second);
    server.wait_for_connections(1).await;
}
