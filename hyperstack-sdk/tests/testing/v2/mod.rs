//! Protocol v2, spoken by a bare WebSocket client.

mod changes;
mod convergence;
mod errors;
mod faults;
mod generations;
mod limits;
mod replay;
mod snapshots;
mod tapes;
mod windows;

use hyperstack_sdk::testing::{Sort, TestServer, TestServerBuilder};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};

use crate::client::{Client, Got};

/// A v2 server of rounds: the base views, and `Round/top` with the two best scores.
fn builder() -> TestServerBuilder {
    TestServer::builder()
        .protocol(Protocol::V2)
        .view("Round/top", Sort::desc("score"), 2)
}

/// A server with these scores, and a client.
async fn scored(scores: &[(&str, i64)]) -> (TestServer, Client) {
    let server = builder().start().await.unwrap();
    for (key, score) in scores {
        server.upsert("Round", key, json!({"score": score}));
    }
    let client = Client::connect(&server).await;
    (server, client)
}

impl Client {
    /// Subscribes, and returns the answer and the snapshot.
    async fn open(&mut self, id: &str, query: Value) -> Vec<Value> {
        self.ask(id, query).await;
        values(self.drain_v2().await)
    }

    async fn ask(&mut self, id: &str, query: Value) {
        self.say(json!({
            "type": "subscribe", "protocolVersion": 2, "subscriptionId": id, "query": query
        }))
        .await;
    }

    /// Subscribes without a snapshot.
    async fn open_blind(&mut self, id: &str, query: Value) {
        self.say(json!({
            "type": "subscribe", "protocolVersion": 2, "subscriptionId": id, "query": query,
            "snapshot": {"enabled": false}
        }))
        .await;
        assert_eq!(self.drain_v2().await.len(), 1);
    }

    async fn unsubscribe(&mut self, id: &str) {
        self.say(json!({"type": "unsubscribe", "protocolVersion": 2, "subscriptionId": id}))
            .await;
    }

    /// Everything that arrives before the answer to a request made now.
    async fn drain_v2(&mut self) -> Vec<Got> {
        self.unsubscribe("no such id").await;
        let mut got = Vec::new();
        loop {
            let message = self.next().await.expect("the answer");
            if message.value["subscriptionId"] == "no such id" {
                return got;
            }
            got.push(message);
        }
    }

    /// The same, as `op key`.
    async fn steps(&mut self) -> Vec<String> {
        crate::client::steps(&values(self.drain_v2().await))
    }
}

fn values(got: Vec<Got>) -> Vec<Value> {
    got.into_iter().map(|got| got.value).collect()
}

/// The keys of a subscription's first snapshot.
fn snapshot_keys(answer: &[Value]) -> Vec<&str> {
    answer[1..].iter().flat_map(crate::client::keys).collect()
}
