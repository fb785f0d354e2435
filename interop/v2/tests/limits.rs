//! Limits, and how connections end (protocol-v2.md, section 9).

use std::time::Duration;

use hyperstack_interop_socket::Event;
use hyperstack_interop_v2::{Granted, Limits, Paced, RateLimitConfig};
use serde_json::json;

use crate::support::*;

/// Everyone's session has these limits. (The server applies its defaults for messages and bytes to no
/// session.)
fn session(limits: Limits) -> Granted {
    Granted {
        limits,
        expired: false,
    }
}

#[tokio::test]
async fn a_snapshot_above_the_row_limit_is_rejected_and_a_smaller_one_is_not() {
    let limits = Limits {
        max_snapshot_rows: Some(10),
        ..Limits::default()
    };
    let server = players().limits(limits).start();
    server.apply(crowd(12)).await;
    let mut client = Client::connect(&server).await;
    client.subscribe("a", json!({"view": "Player/list"})).await;
    let error = client.error("subscription-rejected").await;
    assert_eq!(
        (&error["retryable"], &error["fatal"]),
        (&json!(false), &json!(false))
    );
    assert!(error["message"].as_str().expect("text").contains("12"));
    for query in [
        json!({"view": "Player/list", "take": 10}),
        json!({"view": "Player/list", "snapshotLimit": 10}),
    ] {
        let (_, rows) = client.open("a", query).await;
        assert_eq!(rows.len(), 10);
        client.unsubscribe("a").await;
        client.expect("a", "unsubscribed").await;
    }
    // Without a snapshot, the rows count too.
    client
        .subscribe_live("a", json!({"view": "Player/list"}))
        .await;
    client.error("subscription-rejected").await;
}

#[tokio::test]
async fn more_subscriptions_than_allowed_are_refused_and_an_unsubscribe_makes_room() {
    let limits = Limits {
        max_subscriptions: Some(2),
        ..Limits::default()
    };
    for setup in [
        players().limits(limits.clone()),
        players().auth(Granted {
            limits,
            expired: false,
        }),
    ] {
        let server = setup.start();
        let mut client = Client::connect(&server).await;
        client.open_view("a", "Player/list").await;
        client.open_view("b", "Player/list").await;
        client.subscribe("c", json!({"view": "Player/list"})).await;
        let error = client.error("subscription-limit-exceeded").await;
        assert_eq!(
            (&error["subscriptionId"], &error["fatal"]),
            (&json!("c"), &json!(false))
        );
        assert_eq!(error["retryable"], true);
        // The limit is tested before the id.
        client.subscribe("a", json!({"view": "Player/list"})).await;
        client.error("subscription-limit-exceeded").await;
        client.unsubscribe("a").await;
        client.expect("a", "unsubscribed").await;
        client.open_view("c", "Player/list").await;
    }
}

#[tokio::test]
async fn more_messages_than_allowed_end_the_connection_without_a_close_code() {
    let limits = Limits {
        max_messages_per_minute: Some(2),
        ..Limits::default()
    };
    let server = players().auth(session(limits)).start();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    client.open_view("b", "Player/list").await;
    client.socket.send(&json!({"type": "ping"})).await;
    let error = client.error("rate-limit-exceeded").await;
    assert_eq!(
        (&error["fatal"], &error["retryable"]),
        (&json!(true), &json!(true))
    );
    assert!(error["retryAfter"].is_u64(), "{error}");
    let end = client.socket.end().await;
    assert_eq!(end, Event::Close(None));
}

#[tokio::test]
async fn more_bytes_than_allowed_end_the_connection_without_a_close_code() {
    let limits = Limits {
        max_bytes_per_minute: Some(2_000),
        ..Limits::default()
    };
    let server = players().auth(session(limits)).start();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    server.apply(crowd(20)).await;
    let end = client.socket.end().await;
    assert_eq!(end, Event::Close(None));
}

#[tokio::test]
async fn a_full_send_queue_ends_the_connection_without_a_close_code() {
    let rates = RateLimitConfig::default().with_message_queue_size(4);
    let server = players().rates(rates).start();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    // One thread serves both ends of the queue: the changes fill it before any message is sent.
    let stall = server.stall();
    server
        .apply((0..200).map(|n| change(&format!("p{n}"), json!({"score": n}))))
        .await;
    drop(stall);
    let end = client.socket.end().await;
    assert_eq!(end, Event::Close(None));
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_a_code() {
    let rates = RateLimitConfig::default().with_timeout(Duration::ZERO);
    let mut server = players().rates(rates).prepare();
    server.start_with_sweeps();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    server.sweep();
    let end = client.socket.end().await;
    assert_eq!(end, Event::Close(None));
}

#[tokio::test]
async fn a_killed_server_ends_the_connection_without_a_close_frame() {
    let mut server = players().start();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    server.kill().await;
    assert_eq!(client.socket.end().await, Event::Lost);
}

/// The server's own limits of this kind need a service beside it; a host of many stacks has its own. The error is not
/// fatal, unlike the one for too many messages, which has the same code.
#[tokio::test]
async fn a_host_can_make_a_subscription_wait() {
    let pace = Paced::default();
    let server = players().admission(pace.clone()).start();
    let mut client = Client::connect(&server).await;
    client.subscribe("a", json!({"view": "Player/list"})).await;
    let error = client.error("rate-limit-exceeded").await;
    assert_eq!(
        (&error["subscriptionId"], &error["retryAfter"]),
        (&json!("a"), &json!(60))
    );
    assert_eq!(
        (&error["retryable"], &error["fatal"]),
        (&json!(true), &json!(false))
    );
    pace.allow(1);
    client.open_view("a", "Player/list").await;
}
