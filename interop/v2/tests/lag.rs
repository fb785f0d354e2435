//! A subscription that falls behind the feed of its view, and messages that arrive late
//! (protocol-v2.md, sections 3, 4 and 12).

use hyperstack_interop_socket::Encoding;
use hyperstack_interop_v2::Limits;
use serde_json::{json, Value};

use crate::support::*;

/// More changes than the bus of these tests holds.
const MANY: i64 = 200;

#[tokio::test]
async fn a_list_that_falls_behind_gets_a_new_authoritative_snapshot() {
    for view in ["Player/list", "Player/ranked"] {
        let server = players().bus(16).start();
        server.apply(crowd(60)).await;
        let mut client = Client::connect(&server).await;
        let mut replica = Replica::new(client.open_view("a", view).await);
        let stall = server.stall();
        server
            .apply((0..MANY).map(|n| change(&format!("p{}", n % 60), json!({"score": n}))))
            .await;
        server.apply([delete("p7")]).await;
        drop(stall);
        let messages = client.settle(&server, &mut replica).await;
        assert!(replica.snapshots > 0, "{view}");
        // No second acknowledgement announces it.
        assert!(messages.iter().all(|message| message["op"] != "subscribed"));
        assert!(!replica.rows.contains_key("p7"));
        assert_converged(&server, "Player/list", &replica).await;
    }
}

#[tokio::test]
async fn a_new_snapshot_has_another_id_and_ignores_the_snapshot_limit() {
    let server = players().bus(16).start();
    server.apply(crowd(60)).await;
    let mut client = Client::connect(&server).await;
    let query = json!({"view": "Player/list", "snapshotLimit": 2});
    client.subscribe("a", query).await;
    client.expect("a", "subscribed").await;
    let first = client.expect("a", "snapshot").await;
    let mut replica = Replica::new(batch_rows(&first));
    let stall = server.stall();
    server
        .apply((0..MANY).map(|n| change("p0", json!({"score": n}))))
        .await;
    drop(stall);
    let messages = client.settle(&server, &mut replica).await;
    let snapshot = messages.iter().find(|message| message["op"] == "snapshot");
    assert_ne!(
        snapshot.expect("a snapshot")["snapshotId"],
        first["snapshotId"]
    );
    assert_converged(&server, "Player/list", &replica).await;
}

/// `fatal` speaks of the subscription, not of the connection: its id stays active until the client
/// unsubscribes.
#[tokio::test]
async fn a_subscription_without_a_snapshot_that_falls_behind_ends_with_subscription_lagged() {
    let server = players().bus(16).start();
    server.apply([player("x", 0), player("other", 0)]).await;
    let mut client = Client::connect(&server).await;
    client
        .subscribe_live("live", json!({"view": "Player/list"}))
        .await;
    client.expect("live", "subscribed").await;
    let stall = server.stall();
    server
        .apply((0..MANY).map(|n| change("x", json!({"score": n}))))
        .await;
    drop(stall);
    lagged(&mut client, "live").await;
    // The subscription is dead, and its id is taken.
    server.apply([change("x", json!({"score": -1}))]).await;
    client
        .subscribe("live", json!({"view": "Player/list"}))
        .await;
    client.error("duplicate-subscription-id").await;
    client.unsubscribe("live").await;
    client.expect("live", "unsubscribed").await;
    let rows = client.open_view("live", "Player/list").await;
    assert_eq!(rows[0].1["score"], -1);
}

#[tokio::test]
async fn an_append_view_without_a_journal_that_falls_behind_ends_with_subscription_lagged() {
    let server = players().bus(16).start();
    server.apply([player("x", 0)]).await;
    let mut client = Client::connect(&server).await;
    client.open_view("append", "Player/append").await;
    let stall = server.stall();
    server
        .apply((0..MANY).map(|n| change("x", json!({"score": n}))))
        .await;
    drop(stall);
    lagged(&mut client, "append").await;
    client.open_view("list", "Player/list").await;
    server.apply([change("x", json!({"score": -1}))]).await;
    client.expect("list", "patch").await;
}

/// Reads up to the error that ends the subscription. A delivery task sends it, so it is binary.
async fn lagged(client: &mut Client, id: &str) {
    loop {
        let (message, encoding) = client.socket.encoded_message().await;
        assert_eq!(message["subscriptionId"], id, "{message}");
        if message["type"] == "error" {
            assert_eq!(message["code"], "subscription-lagged");
            assert_eq!(
                (&message["fatal"], &message["retryable"]),
                (&json!(true), &json!(true))
            );
            assert_eq!(encoding, Encoding::Binary);
            return;
        }
    }
}

/// A defect of the server: the new snapshot counts against the row limit, and the subscription ends
/// without a message.
#[tokio::test]
async fn a_new_snapshot_above_the_row_limit_ends_the_subscription_silently() {
    let limits = Limits {
        max_snapshot_rows: Some(10),
        ..Limits::default()
    };
    let server = players().bus(16).limits(limits).start();
    server.apply(crowd(60)).await;
    let mut client = Client::connect(&server).await;
    let query = json!({"view": "Player/list", "snapshotLimit": 2});
    client.open("a", query).await;
    let stall = server.stall();
    server
        .apply((0..MANY).map(|n| change("p0", json!({"score": n}))))
        .await;
    drop(stall);
    // Its id stays taken, and nothing else arrives for it.
    client.subscribe("a", json!({"view": "Player/top"})).await;
    loop {
        let message = client.socket.message().await;
        if message["type"] == "error" {
            assert_eq!(message["code"], "duplicate-subscription-id");
            break;
        }
        assert_ne!(message["op"], "snapshot", "{message}");
    }
    server.apply([change("p0", json!({"score": -1}))]).await;
    let (_, rows) = client
        .open("b", json!({"view": "Player/list", "take": 10}))
        .await;
    assert_eq!(rows[0].1["score"], -1);
}

/// A task per subscription writes the updates, so one that it holds already follows `unsubscribed`.
#[tokio::test]
async fn updates_of_an_ended_subscription_can_follow_its_unsubscribed() {
    let server = players().start();
    server.apply([player("x", 0)]).await;
    let mut client = Client::connect(&server).await;
    let mut late = 0;
    for n in 0..400 {
        let id = format!("s{n}");
        client.open_view(&id, "Player/list").await;
        client.unsubscribe(&id).await;
        server
            .apply((0..20).map(|m| change("x", json!({"score": 100 * n + m}))))
            .await;
        while client.socket.message().await["op"] != "unsubscribed" {}
        // A subscription of its own marks the end of what can be late.
        client.subscribe("mark", json!({"view": "Team/list"})).await;
        loop {
            let message = client.socket.message().await;
            match message["subscriptionId"].as_str() {
                Some("mark") if message["op"] == "snapshot" => break,
                Some("mark") => {}
                _ => {
                    assert_eq!(message["subscriptionId"], json!(id), "{message}");
                    late += 1;
                }
            }
        }
        client.unsubscribe("mark").await;
        client.expect("mark", "unsubscribed").await;
        if late > 0 {
            return;
        }
    }
    panic!("no late update in 400 subscriptions");
}

#[tokio::test]
async fn every_change_of_a_row_arrives_in_order() {
    let server = players().start();
    server.apply([player("x", 0)]).await;
    let mut client = Client::connect(&server).await;
    let mut replica = Replica::new(client.open_view("a", "Player/list").await);
    server
        .apply((1..=300).map(|n| change("x", json!({"score": n}))))
        .await;
    let updates = client.settle(&server, &mut replica).await;
    let scores: Vec<_> = updates
        .iter()
        .filter(|update| update["key"] == "x")
        .map(|update| update["data"]["score"].clone())
        .collect();
    assert_eq!(scores, (1..=300).map(Value::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn changes_during_a_snapshot_are_not_lost() {
    let server = players().start();
    server.apply(crowd(400)).await;
    let mut client = Client::connect(&server).await;
    let changes = (0..400).map(|n| change(&format!("p{}", n * 7 % 400), json!({"score": -n})));
    let (rows, ()) = tokio::join!(client.open_view("a", "Player/list"), server.apply(changes));
    let mut replica = Replica::new(rows);
    client.settle(&server, &mut replica).await;
    assert_converged(&server, "Player/list", &replica).await;
}
