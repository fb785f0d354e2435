//! Turns a snippet into a test.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use hyperstack_sdk::testing::{TestServer, TestServerBuilder};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};
use tokio::sync::watch;

/// The deadline of a hanging test.
const NET: Duration = Duration::from_secs(60);

tokio::task_local! {
    static SCREEN: watch::Sender<Vec<String>>;
    static PROTOCOL: Protocol;
}

/// Replaces `println!` of `std`, so that the snippets need no change.
macro_rules! println {
    ($($text:tt)*) => { $crate::documentation::page::print(format!($($text)*)) };
}

/// Runs a test against a server of each protocol generation, each time with a screen of its own.
pub(super) async fn run<F>(test: impl Fn() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    run_for(NET, test).await
}

/// The same for a test with a paused clock.
pub(super) async fn run_for_an_hour<F>(test: impl Fn() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    run_for(60 * NET, test).await
}

async fn run_for<F>(limit: Duration, test: impl Fn() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    for protocol in [Protocol::V1, Protocol::V2] {
        // A failed assertion does not name the generation.
        std::println!("a server of protocol {protocol}");
        let test = tokio::time::timeout(limit, test());
        let test = SCREEN.scope(watch::Sender::default(), test);
        let result = PROTOCOL.scope(protocol, test).await;
        result.context("the test hangs")??;
    }
    Ok(())
}

/// Returns a builder for a server of the generation under test.
pub(super) fn server() -> TestServerBuilder {
    TestServer::builder().protocol(PROTOCOL.get())
}

pub(super) fn print(line: String) {
    SCREEN.with(|screen| screen.send_modify(|lines| lines.push(line)));
}

/// Returns the output so far.
pub(super) fn printed() -> Vec<String> {
    SCREEN.with(|screen| screen.borrow().clone())
}

/// Waits until this many lines were printed.
pub(super) async fn lines(count: usize) {
    let mut screen = SCREEN.with(watch::Sender::subscribe);
    // The sender lives as long as the test.
    let _ = screen.wait_for(|lines| lines.len() >= count).await;
}

/// Starts a server with these tokens. The last one is the most recently changed.
pub(super) async fn token_server(tokens: &[(&str, f64)]) -> anyhow::Result<TestServer> {
    let server = server().entity("PumpfunToken").start().await?;
    for (key, price) in tokens {
        server.upsert("PumpfunToken", key, token(key, *price));
    }
    Ok(server)
}

/// Returns the JSON of a whole token.
pub(super) fn token(mint: &str, price: f64) -> Value {
    json!({
        "id": {"mint": mint},
        "info": {"name": mint.to_uppercase(), "symbol": null},
        "trading": {"last_trade_price": price, "total_trades": 1},
    })
}

/// Returns the JSON of a change of a token's last price.
pub(super) fn traded_at(price: f64) -> Value {
    json!({"trading": {"last_trade_price": price}})
}

/// Deletes an entity. A v1 server does not announce that in a list, so the frame is sent by hand.
pub(super) fn delete(server: &TestServer, entity: &str, key: &str) {
    match PROTOCOL.get() {
        Protocol::V1 => server.send(json!({
            "mode": "list",
            "entity": format!("{entity}/list"),
            "op": "delete",
            "key": key,
            "data": null,
        })),
        _ => server.delete(entity, key),
    }
}

/// Returns the kind of update by which a new row arrives.
pub(super) fn arrival() -> &'static str {
    match PROTOCOL.get() {
        Protocol::V1 => "patch",
        _ => "upsert",
    }
}

/// Returns the view and key of the client's subscriptions.
pub(super) fn subscribed(server: &TestServer) -> Vec<(String, Option<String>)> {
    let messages = server.messages().into_iter();
    let queries = messages.filter_map(|message| match &message["query"] {
        Value::Null if PROTOCOL.get() == Protocol::V1 => Some(message),
        Value::Null => None,
        query => Some(query.clone()).filter(|_| PROTOCOL.get() == Protocol::V2),
    });
    queries
        .filter_map(|query| {
            let text = |name: &str| query[name].as_str().map(str::to_owned);
            Some((text("view")?, text("key")))
        })
        .collect()
}

/// Waits until the row of this key is subscribed.
pub(super) async fn wait_for_key(server: &TestServer, key: &str) {
    let subscribed = |live: &[(String, Option<String>)]| {
        let mut keys = live.iter().map(|(_, key)| key.as_deref());
        keys.any(|live| live == Some(key))
    };
    server.wait_for_subscriptions(subscribed).await;
}
