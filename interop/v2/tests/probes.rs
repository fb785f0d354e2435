//! How a client tells a quiet subscription from one that the server ended without a message
//! (protocol-v2.md, S2).

use hyperstack_interop_v2::{Limits, Server, Setup};
use serde_json::json;

use crate::support::*;

/// More changes than the bus of these tests holds.
const MANY: i64 = 200;

/// A server that ends a subscription without a message if it falls behind and then has more than 60 rows.
pub(crate) fn limited() -> Setup {
    let limits = Limits {
        max_snapshot_rows: Some(60),
        ..Limits::default()
    };
    players().bus(16).limits(limits)
}

/// Ends the subscriptions of all players without a message.
pub(crate) async fn end_silently(server: &Server) {
    let stall = server.stall();
    server.apply([player("one more", 1)]).await;
    server
        .apply((0..MANY).map(|n| change("p0", json!({"score": -n}))))
        .await;
    drop(stall);
    // The server's only thread was late with the players' subscriptions before it accepts this client.
    let mut last = Client::connect(server).await;
    last.open_view("last", "Team/list").await;
}

/// Returns the greatest position of these rows.
fn newest(rows: &[Row]) -> &str {
    let positions = rows.iter().filter_map(|(_, row)| row["_seq"].as_str());
    positions.max_by_key(|text| position(text)).expect("a row")
}

fn position(text: &str) -> (u64, u64) {
    let (slot, index) = text.split_once(':').expect("a position");
    let number = |text: &str| text.parse().expect("a number");
    (number(slot), number(index))
}

/// Reads the first row after a position, and unsubscribes at once.
async fn probe(client: &mut Client, view: &str, after: &str) -> Vec<Row> {
    let query = json!({"view": view, "after": after, "take": 1, "snapshotLimit": 1});
    client.subscribe("probe", query).await;
    client.unsubscribe("probe").await;
    let mut rows = Vec::new();
    loop {
        let message = client.socket.message().await;
        if message["subscriptionId"] != "probe" {
            continue;
        }
        match message["op"].as_str() {
            Some("snapshot") => rows.extend(batch_rows(&message)),
            Some("unsubscribed") => return rows,
            _ => assert_eq!(message["op"], "subscribed", "{message}"),
        }
    }
}

#[tokio::test]
async fn a_second_subscribe_and_an_unsubscribe_are_answered_alike_dead_or_alive() {
    let server = limited().start();
    server.apply(crowd(60)).await;
    for is_dead in [false, true] {
        let mut client = Client::connect(&server).await;
        client.open_view("a", "Player/list").await;
        if is_dead {
            end_silently(&server).await;
        }
        client.subscribe("a", json!({"view": "Player/list"})).await;
        client.error("duplicate-subscription-id").await;
        client.unsubscribe("a").await;
        client.expect("a", "unsubscribed").await;
    }
}

#[tokio::test]
async fn a_row_after_the_newest_position_shows_that_a_subscription_has_missed_it() {
    for view in ["Player/list", "Player/ranked"] {
        let server = limited().start();
        server.apply(crowd(60)).await;
        let mut client = Client::connect(&server).await;
        let rows = client.open_view("a", view).await;
        let quiet = probe(&mut client, view, newest(&rows)).await;
        assert_eq!(quiet, [], "{view}");
        end_silently(&server).await;
        let missed = probe(&mut client, view, newest(&rows)).await;
        assert_eq!(missed.len(), 1, "{view}");
    }
}
