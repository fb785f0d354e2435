//! Shared by the tests: one entity, its server, and waits with a deadline.

use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hyperstack_interop::{derived, entity, Change, Server, Setup};
use hyperstack_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{json, Value};

#[derive(Debug, Clone, PartialEq, Entity, Views, Deserialize)]
#[view(best, single)]
#[view(top)]
#[view(places, keyed, id = "Player/top")]
pub(crate) struct Player {
    pub(crate) name: String,
    pub(crate) score: i64,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) log: Vec<u64>,
}

/// An entity without rows.
#[derive(Debug, Clone, PartialEq, Entity)]
pub(crate) struct Other {
    pub(crate) n: u32,
}

/// Starts a server of players. `Player/best` is a window of one, `Player/top` of three, both by score,
/// greatest first.
pub(crate) fn players() -> Setup {
    let mut views = entity("Player");
    views.extend(entity("Other"));
    views.push(derived("Player/best", "score", 1));
    views.push(derived("Player/top", "score", 3));
    Setup::new(views)
}

/// Returns a player whose name is the key.
pub(crate) fn player(key: &str, score: i64) -> Change {
    change(key, json!({"name": key, "score": score}))
}

pub(crate) fn change(key: &str, patch: Value) -> Change {
    Change::new("Player", key, patch)
}

/// Returns this many players, the best one last.
pub(crate) fn crowd(count: i64) -> Vec<Change> {
    (0..count).map(|n| player(&format!("p{n}"), n)).collect()
}

/// Returns a client that reconnects at once.
pub(crate) fn client(server: &Server) -> HyperStackBuilder {
    HyperStack::builder()
        .url(server.url())
        .reconnect_intervals(vec![Duration::ZERO])
}

/// Awaits something that must happen. The deadline fails the test if it does not.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    let deadline = Duration::from_secs(30);
    match tokio::time::timeout(deadline, future).await {
        Ok(output) => output,
        Err(_) => panic!("what should happen at once did not happen in {deadline:?}"),
    }
}

/// Returns the next item of a stream that must not end.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    match soon(stream.next()).await {
        Some(item) => item,
        None => panic!("the stream ended"),
    }
}

/// Makes one more change and reads until it arrives. By then, everything sent to the subscription before has
/// arrived too.
pub(crate) async fn settle<S>(server: &Server, updates: &mut S) -> Vec<Update<Player>>
where
    S: Stream<Item = Update<Player>> + Unpin,
{
    static ENDS: AtomicI64 = AtomicI64::new(1_000_000);
    let end = ENDS.fetch_add(1, Ordering::Relaxed);
    server.apply([player("the end", end)]).await;
    let mut read = Vec::new();
    loop {
        let update = next(updates).await;
        if update.data().is_some_and(|row| row.score == end) {
            return read;
        }
        read.push(update);
    }
}

/// Reads until the condition holds.
pub(crate) async fn until<S>(updates: &mut S, mut so: impl AsyncFnMut() -> bool)
where
    S: Stream + Unpin,
{
    while !so().await {
        next(updates).await;
    }
}

/// Lets the client's task run until it holds no more views than these.
pub(crate) async fn held(hs: &HyperStack, views: usize) {
    soon(async {
        while hs.stats().views > views {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
