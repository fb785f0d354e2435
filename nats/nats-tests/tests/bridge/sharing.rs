//! Many clients share one subscription.

use std::time::Duration;

use futures_util::future::join_all;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use nats_tests::NatsServer;
use serde_json::json;

use super::{client, equal, Running};
use crate::support::{next, Player};

#[tokio::test(flavor = "multi_thread")]
async fn ten_consumers_cost_the_source_one_subscription() {
    let server = TestServer::builder()
        .entity("Player")
        .start()
        .await
        .unwrap();
    let nats = NatsServer::start();
    for n in 0..100 {
        server.upsert("Player", &format!("k{n}"), json!({"score": n}));
    }
    let bridge = Running::start(&server, &nats, |bridge| bridge.view("Player/list")).await;
    bridge.caught_up().await;
    let clients = join_all((0..10).map(|_| client(&nats))).await;
    let mut watches = Vec::new();
    for hs in &clients {
        assert_eq!(hs.list::<Player>().await.len(), 100);
        watches.push(hs.watch_key::<Player>("k7"));
    }
    for watch in &mut watches {
        assert_eq!(next(watch).await.data().map(|row| row.score), Some(7));
    }
    server.upsert("Player", "k7", json!({"score": 700}));
    for watch in &mut watches {
        assert_eq!(next(watch).await.data().map(|row| row.score), Some(700));
    }
    assert_eq!(server.subscriptions(), [("Player/list".to_owned(), None)]);
    assert_eq!(
        (server.connections(), server.connections_accepted()),
        (1, 1)
    );
    let direct = HyperStack::builder()
        .linger(Duration::ZERO)
        .url(server.url());
    let direct = direct.connect().await.unwrap().raw("Player").list();
    for hs in &clients {
        assert_eq!(
            equal(direct.clone(), hs.raw("Player").list(), true).await,
            100
        );
    }
}
