//! How messages are carried: encodings, batches, what is ignored (protocol-v2.md, sections 1 and 2).

use hyperstack_interop_socket::{Encoding, Event, Socket};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn the_path_and_an_offered_subprotocol_are_ignored() {
    let server = players().start();
    let url = format!("{}/any/path?and=query", server.url());
    // An unechoed subprotocol is an error of the client library, which reports it after the upgrade.
    let offered = Socket::try_connect(&url, &[("sec-websocket-protocol", "arete")]).await;
    assert!(offered
        .expect_err("no subprotocol")
        .to_string()
        .contains("SubProtocol"));
    let mut client = Client {
        socket: Socket::connect(&url).await,
    };
    assert_eq!(client.open_view("a", "Player/list").await, []);
}

#[tokio::test]
async fn data_is_binary_and_answers_to_bad_requests_are_text() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client.subscribe("a", json!({"view": "Player/list"})).await;
    for op in ["subscribed", "snapshot"] {
        let (message, encoding) = client.socket.encoded_message().await;
        assert_eq!((&message["op"], encoding), (&json!(op), Encoding::Binary));
    }
    server.apply([player("a", 1)]).await;
    let (message, encoding) = client.socket.encoded_message().await;
    assert_eq!(
        (&message["op"], encoding),
        (&json!("upsert"), Encoding::Binary)
    );
    client.unsubscribe("a").await;
    let (message, encoding) = client.socket.encoded_message().await;
    assert_eq!(
        (&message["op"], encoding),
        (&json!("unsubscribed"), Encoding::Binary)
    );
    client.unsubscribe("a").await;
    client.error("unknown-subscription-id").await;
}

#[tokio::test]
async fn only_snapshots_are_compressed_and_only_large_ones() {
    let server = players().start();
    let text = "x".repeat(2_000);
    server.apply([change("a", json!({"note": "short"}))]).await;
    let mut client = Client::connect(&server).await;
    client
        .subscribe("small", json!({"view": "Player/list"}))
        .await;
    client.expect("small", "subscribed").await;
    assert_eq!(client.socket.encoded_message().await.1, Encoding::Binary);
    server.apply([change("a", json!({"note": text}))]).await;
    let (live, encoding) = client.socket.encoded_message().await;
    assert_eq!(encoding, Encoding::Binary);
    assert_eq!(live["data"]["note"], text);
    client
        .subscribe("large", json!({"view": "Player/list"}))
        .await;
    client.expect("large", "subscribed").await;
    let (snapshot, encoding) = client.socket.encoded_message().await;
    assert_eq!(encoding, Encoding::Gzip);
    assert_eq!(batch_rows(&snapshot)[0].1["note"], text);
}

#[tokio::test]
async fn a_snapshot_has_50_rows_in_its_first_batch_and_100_in_each_other() {
    let server = players().start();
    server.apply(crowd(220)).await;
    let mut client = Client::connect(&server).await;
    client.subscribe("a", json!({"view": "Player/list"})).await;
    client.expect("a", "subscribed").await;
    let mut sizes = Vec::new();
    let mut ids = Vec::new();
    loop {
        let batch = client.expect("a", "snapshot").await;
        sizes.push(batch_rows(&batch).len());
        ids.push(batch["snapshotId"].clone());
        if batch["complete"] == true {
            break;
        }
    }
    assert_eq!(sizes, [50, 100, 70]);
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[tokio::test]
async fn a_snapshot_whose_rows_fill_a_batch_ends_with_that_batch() {
    for (rows, batches) in [
        (0, vec![0]),
        (1, vec![1]),
        (50, vec![50]),
        (150, vec![50, 100]),
    ] {
        let server = players().start();
        server.apply(crowd(rows)).await;
        let mut client = Client::connect(&server).await;
        client.subscribe("a", json!({"view": "Player/list"})).await;
        client.expect("a", "subscribed").await;
        for (n, size) in batches.iter().enumerate() {
            let batch = client.expect("a", "snapshot").await;
            assert_eq!(batch_rows(&batch).len(), *size);
            assert_eq!(batch["complete"], n + 1 == batches.len());
        }
        // Nothing else belongs to the snapshot.
        server.apply([player("new", 1)]).await;
        client.update("upsert", "new").await;
    }
}

#[tokio::test]
async fn binary_messages_are_ignored() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    let message = subscribe("binary", json!({"view": "Player/list"}));
    client.socket.send_binary(&message).await;
    client.open_view("text", "Player/list").await;
}

#[tokio::test]
async fn a_ping_message_has_no_answer_and_a_websocket_ping_has_a_pong() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client.socket.send(&json!({"type": "ping"})).await;
    client
        .socket
        .send(&json!({"type": "ping", "extra": 1}))
        .await;
    client.socket.ping().await;
    assert_eq!(client.socket.next().await, Event::Pong);
}

/// The server leaves Nagle's algorithm on, so the rows wait for the acknowledgement of `subscribed`,
/// which the client's system delays unless it has something to send. Both ways lead to the rows.
#[tokio::test]
async fn the_first_rows_arrive_with_and_without_a_ping_behind_the_acknowledgement() {
    let server = players().start();
    server.apply([player("a", 1)]).await;
    for ping in [false, true] {
        let mut client = Client::connect(&server).await;
        client.subscribe("a", json!({"view": "Player/list"})).await;
        client.expect("a", "subscribed").await;
        if ping {
            client.socket.ping().await;
        }
        assert_eq!(keys(&client.snapshot("a").await), ["a"]);
        if ping {
            assert_eq!(client.socket.next().await, Event::Pong);
        }
    }
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed_without_an_answer() {
    let server = players().max_clients(1).start();
    let mut first = Client::connect(&server).await;
    first.open_view("a", "Player/list").await;
    assert!(Socket::try_connect(&server.url(), &[]).await.is_err());
    first.open_view("b", "Player/list").await;
}
