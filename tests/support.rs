//! Shared by the tests: one entity, its server, and short forms of updates.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Mode, Sort, TestServer, TestServerBuilder};
use serde_json::{json, Value};

// Clippy takes the second `single` for a mistake.
#[allow(clippy::duplicated_attributes)]
#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(best, single)]
#[view(top)]
#[view(front, single, id = "Game/top")]
#[view(places, keyed, id = "Game/top")]
#[view(ranked)]
#[view(nowhere)]
pub(crate) struct Game {
    pub(crate) name: String,
    pub(crate) score: f64,
    pub(crate) note: Option<String>,
}

/// Another entity, for reads that must not touch the first one.
#[derive(Debug, Clone, PartialEq, Entity)]
pub(crate) struct Other {
    pub(crate) n: u32,
}

/// Returns a server of both entities. `Game/best` is a window of 1, `Game/top` of 3, both by score, greatest
/// first. `Game/ranked` is a scripted view with the same sort.
pub(crate) fn games() -> TestServerBuilder {
    TestServer::builder()
        .protocol(Protocol::V1)
        .entity("Game")
        .entity("Other")
        .view("Game/best", Sort::desc("score"), 1)
        .view("Game/top", Sort::desc("score"), 3)
        .scripted_view("Game/ranked", Mode::List, Some(Sort::desc("score")))
}

pub(crate) fn game(name: &str, score: f64) -> Value {
    json!({"name": name, "score": score})
}

/// Puts a row whose name is its key.
pub(crate) fn put(server: &TestServer, key: &str, score: f64) {
    server.upsert("Game", key, game(key, score));
}

/// Returns a frame of `Game/ranked`.
pub(crate) fn ranked(operation: &str, key: &str, data: Value) -> Value {
    json!({"mode": "list", "entity": "Game/ranked", "op": operation, "key": key, "data": data})
}

/// Returns a client that reconnects at once, and unsubscribes without lingering.
pub(crate) fn client(server: &TestServer) -> HyperStackBuilder {
    HyperStack::builder()
        .url(server.url())
        .reconnect_intervals(vec![Duration::ZERO])
        .linger(Duration::ZERO)
}

/// Awaits something that must happen. The deadline makes a broken promise fail the test instead of hanging
/// it.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    let deadline = Duration::from_secs(20);
    match tokio::time::timeout(deadline, future).await {
        Ok(output) => output,
        Err(_) => panic!("what should happen at once did not happen in {deadline:?}"),
    }
}

/// Returns the next item of a stream that must not end.
pub(crate) async fn next<S: futures_util::Stream + Unpin>(stream: &mut S) -> S::Item {
    match soon(stream.next()).await {
        Some(item) => item,
        None => panic!("the stream ended"),
    }
}

/// Returns the next `count` items in short form.
pub(crate) async fn read<S>(stream: &mut S, count: usize) -> Vec<String>
where
    S: futures_util::Stream<Item = Update<Game>> + Unpin,
{
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(brief(&next(stream).await));
    }
    items
}

/// `upsert a 1.5`, `patch a 2`, `delete a`.
pub(crate) fn brief(update: &Update<Game>) -> String {
    match update {
        Update::Upsert { key, data } => format!("upsert {key} {}", data.score),
        Update::Patch { key, data } => format!("patch {key} {}", data.score),
        Update::Delete { key } => format!("delete {key}"),
    }
}

/// Returns the rows' names in order. [`put`] makes them equal to the keys.
pub(crate) fn names(rows: &[Game]) -> Vec<&str> {
    rows.iter().map(|row| row.name.as_str()).collect()
}

/// Lets every other task run until the condition holds, without letting time pass.
pub(crate) async fn until(so: impl Fn() -> bool) {
    soon(async {
        while !so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Lets this much time pass for the client, and lets it do what is due by then.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Waits until the client has read everything that the server has sent so far. The mark goes through the same
/// connection.
pub(crate) async fn settled(server: &TestServer, faults: impl futures_util::Stream<Item = Fault>) {
    let mark = hyperstack_sdk::testing::Refusal::new("end-of-scene");
    server.send_issue(&mark, false);
    match next(&mut pin!(faults)).await {
        Fault::Issue(issue) if issue.code == "end-of-scene" => {}
        other => panic!("before the end of the scene: {other}"),
    }
}

/// Returns the messages for a view, without the client's barriers.
pub(crate) fn asked(server: &TestServer, view: &str) -> Vec<Value> {
    let mut messages = server.messages();
    messages.retain(|message| {
        let key = message["key"].as_str().unwrap_or_default();
        message["view"] == view && !key.starts_with("hyperstack-sdk:")
    });
    messages
}

/// Returns the types of these messages: `subscribe`, `unsubscribe`.
pub(crate) fn requests(server: &TestServer, view: &str) -> Vec<String> {
    let messages = asked(server, view).into_iter();
    messages
        .map(|message| message["type"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Returns the items that can be read now, without waiting. The first poll of a stream subscribes.
pub(crate) fn pending<S: futures_util::Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    std::iter::from_fn(|| stream.next().now_or_never().flatten()).collect()
}

/// The same in short form.
pub(crate) fn now<S>(stream: &mut S) -> Vec<String>
where
    S: futures_util::Stream<Item = Update<Game>> + Unpin,
{
    pending(stream).iter().map(brief).collect()
}
