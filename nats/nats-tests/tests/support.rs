//! Shared by the tests: an entity, waits with a deadline, and what a bridge writes, written by hand.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use async_nats::jetstream::{self, stream, Context};
use futures_util::future::join_all;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::{Feed, StateChange};
use nats_tests::NatsServer;
use serde_json::{json, Value};
use tokio::task::JoinHandle;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(top)]
pub(crate) struct Player {
    pub(crate) score: i64,
    pub(crate) team: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
pub(crate) struct Trade {
    pub(crate) price: Option<i64>,
    pub(crate) side: Option<String>,
}

pub(crate) const PREFIX: &str = "game";

/// How long to wait for something that must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn player(score: i64) -> Player {
    Player { score, team: None }
}

/// Returns the settings of a client that reconnects soon and unsubscribes at once. It resumes no lists: a server that
/// replays a recording starts again instead, which would append twice to the lists in rows.
pub(crate) fn settings() -> HyperStackBuilder {
    HyperStack::builder()
        .resume(false)
        .reconnect_intervals(vec![Duration::from_millis(20)])
        .linger(Duration::ZERO)
}

/// Connects a client.
pub(crate) async fn connect(nats: &NatsServer) -> HyperStack {
    let builder = hyperstack_nats::builder(nats.url(), PREFIX).client(settings());
    soon(builder.connect()).await.expect("cannot connect")
}

/// Awaits something that must happen. The deadline makes a broken promise fail the test instead of hanging it.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(output) => output,
        Err(_) => panic!("it did not happen in {DEADLINE:?}"),
    }
}

/// Returns the next item of a stream that must not end.
pub(crate) async fn next<S: futures_util::Stream + Unpin>(stream: &mut S) -> S::Item {
    soon(stream.next()).await.expect("the stream has ended")
}

/// Waits until the client has lost its connection. Returns the cause.
pub(crate) async fn lost(states: &mut Feed<StateChange>) -> String {
    loop {
        let change = next(states).await;
        if let ConnectionState::Reconnecting { .. } = change.state {
            return change
                .cause
                .map(|cause| cause.to_string())
                .unwrap_or_default();
        }
    }
}

/// Waits until the client has connected.
pub(crate) async fn connected(hs: &HyperStack) {
    soon(hs.wait_connected())
        .await
        .expect("the client has closed");
}

/// Writes to NATS as a bridge does. It spells all names, so that it tests them.
pub(crate) struct Hand {
    pub(crate) jetstream: Context,
}

/// A heartbeat. It stops when you drop it.
pub(crate) struct Heartbeat(JoinHandle<()>);

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Hand {
    pub(crate) async fn new(nats: &NatsServer) -> Self {
        let client = async_nats::connect(nats.url()).await.unwrap();
        Hand {
            jetstream: jetstream::new(client),
        }
    }

    /// Creates a bucket, unless it exists.
    pub(crate) async fn bucket(&self, name: &str) {
        // async-nats asks for the account first, and cannot read what NATS 2.9 answers.
        let config = stream::Config {
            name: format!("KV_{name}"),
            subjects: vec![format!("$KV.{name}.>")],
            max_messages_per_subject: 1,
            allow_rollup: true,
            deny_delete: true,
            allow_direct: true,
            discard: stream::DiscardPolicy::New,
            ..stream::Config::default()
        };
        self.jetstream.create_stream(config).await.unwrap();
    }

    /// Creates the bucket of a view, sorted by score, and describes the view for a minute.
    pub(crate) async fn view(&self, view: &str, bucket: &str) {
        self.bucket(bucket).await;
        self.describe(view, rows(None), 20_000).await;
    }

    /// Creates the stream of the tape `Trade/append`.
    pub(crate) async fn tape(&self, max_messages: i64) {
        self.jetstream
            .create_stream(stream::Config {
                name: "TAPE_game_Trade_append".to_owned(),
                subjects: vec![
                    "game.Trade.append".to_owned(),
                    "game.Trade.append.>".to_owned(),
                ],
                max_messages,
                ..stream::Config::default()
            })
            .await
            .unwrap();
        self.describe("Trade/append", json!({"kind": "tape"}), 20_000)
            .await;
    }

    /// Writes the description of a view, which is valid for three intervals.
    pub(crate) async fn describe(&self, view: &str, kind: Value, interval: u64) {
        self.bucket("game").await;
        let subject = format!("$KV.game.{view}");
        self.publish(&[(subject, meta(view, kind, interval))]).await;
    }

    /// Writes the description of a view again and again.
    pub(crate) async fn heartbeat(&self, view: &str, kind: Value) -> Heartbeat {
        let interval = 200;
        self.describe(view, kind.clone(), interval).await;
        let (jetstream, view) = (self.jetstream.clone(), view.to_owned());
        Heartbeat(tokio::spawn(async move {
            let mut interval_ = tokio::time::interval(Duration::from_millis(interval));
            loop {
                interval_.tick().await;
                let subject = format!("$KV.game.{view}");
                let meta = meta(&view, kind.clone(), interval).to_string();
                let _ = jetstream.publish(subject, meta.into()).await;
            }
        }))
    }

    /// Publishes messages, and waits until all are stored.
    pub(crate) async fn publish(&self, messages: &[(String, Value)]) {
        // async-nats has a limit on messages without an acknowledgement.
        for messages in messages.chunks(1_000) {
            let mut acks = Vec::new();
            for (subject, payload) in messages {
                let payload = payload.to_string();
                let ack = self.jetstream.publish(subject.clone(), payload.into());
                acks.push(ack.await.unwrap().into_future());
            }
            for ack in join_all(acks).await {
                ack.unwrap();
            }
        }
    }

    /// Writes a row of `Player/list`.
    pub(crate) async fn put(&self, key: &str, score: i64) {
        let row = row(key, score);
        self.publish(&[row]).await;
    }

    /// Deletes a row of `Player/list`.
    pub(crate) async fn delete(&self, key: &str) {
        let bucket = self
            .jetstream
            .get_key_value("game_Player_list")
            .await
            .unwrap();
        bucket.delete(key).await.unwrap();
    }

    /// Writes records of `Trade/append`. Prices are numbers, and keys are A and B in turn.
    pub(crate) async fn trades(&self, prices: std::ops::Range<i64>) {
        let trades: Vec<_> = prices.map(trade).collect();
        self.publish(&trades).await;
    }

    /// Writes a gap of `Trade/append`.
    pub(crate) async fn gap(&self) {
        let gap =
            json!({"after": "e:1", "resumed": "e:9", "lost": null, "cause": "x", "message": "x"});
        self.publish(&[("game.Trade.append".to_owned(), gap)]).await;
    }
}

/// The description of rows that are sorted by score.
pub(crate) fn rows(take: Option<u64>) -> Value {
    json!({"kind": "rows", "sort": {"field": ["score"], "order": "desc"}, "take": take})
}

fn meta(view: &str, kind: Value, interval: u64) -> Value {
    json!({
        "view": view, "kind": kind, "source": "wss://example.com", "protocol": "v2",
        "interval": interval,
    })
}

/// The message that writes a row of `Player/list`.
pub(crate) fn row(key: &str, score: i64) -> (String, Value) {
    (
        format!("$KV.game_Player_list.{key}"),
        json!({"score": score}),
    )
}

fn trade(price: i64) -> (String, Value) {
    let (key, side) = [("A", "buy"), ("B", "sell")][price as usize % 2];
    let patch = json!({"price": price, "side": side});
    (
        format!("game.Trade.append.{key}"),
        json!({"key": key, "patch": patch}),
    )
}
