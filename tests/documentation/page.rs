//! What turns a snippet into a test.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use hyperstack_sdk::testing::TestServer;
use serde_json::{json, Value};
use tokio::sync::watch;

/// A safety net: a test that gets here hangs.
const NET: Duration = Duration::from_secs(60);

tokio::task_local! {
    static SCREEN: watch::Sender<Vec<String>>;
}

/// Stands in for the one of `std`, so that the snippets need no change.
macro_rules! println {
    ($($text:tt)*) => { $crate::documentation::page::print(format!($($text)*)) };
}

/// Runs a test with a screen of its own.
pub(super) async fn run<T>(test: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    run_for(NET, test).await
}

/// The same for a test that pauses the clock, whose time flies by.
pub(super) async fn run_for_an_hour<T>(
    test: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    run_for(60 * NET, test).await
}

async fn run_for<T>(
    limit: Duration,
    test: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let test = tokio::time::timeout(limit, test);
    let result = SCREEN.scope(watch::Sender::default(), test).await;
    result.context("the test hangs")?
}

pub(super) fn print(line: String) {
    SCREEN.with(|screen| screen.send_modify(|lines| lines.push(line)));
}

/// What was printed so far.
pub(super) fn printed() -> Vec<String> {
    SCREEN.with(|screen| screen.borrow().clone())
}

/// Waits until this many lines were printed.
pub(super) async fn lines(count: usize) {
    let mut screen = SCREEN.with(watch::Sender::subscribe);
    // The sender lives as long as the test.
    let _ = screen.wait_for(|lines| lines.len() >= count).await;
}

/// A server of tokens, with these, last changed last.
pub(super) async fn token_server(tokens: &[(&str, f64)]) -> anyhow::Result<TestServer> {
    let server = TestServer::builder().entity("PumpfunToken").start().await?;
    for (key, price) in tokens {
        server.upsert("PumpfunToken", key, token(key, *price));
    }
    Ok(server)
}

/// A whole token, on the wire.
pub(super) fn token(mint: &str, price: f64) -> Value {
    json!({
        "id": {"mint": mint},
        "info": {"name": mint.to_uppercase(), "symbol": null},
        "trading": {"last_trade_price": price, "total_trades": 1},
    })
}

/// The change of a token's last price, on the wire.
pub(super) fn traded_at(price: f64) -> Value {
    json!({"trading": {"last_trade_price": price}})
}

/// A deletion, which the server's list of an entity announces by no other means.
pub(super) fn deletion(entity: &str, key: &str) -> Value {
    json!({
        "mode": "list",
        "entity": format!("{entity}/list"),
        "op": "delete",
        "key": key,
        "data": null,
    })
}

/// Waits until the row of this key is subscribed.
pub(super) async fn wait_for_key(server: &TestServer, key: &str) {
    let subscribed = |live: &[(String, Option<String>)]| {
        let mut keys = live.iter().map(|(_, key)| key.as_deref());
        keys.any(|live| live == Some(key))
    };
    server.wait_for_subscriptions(subscribed).await;
}
