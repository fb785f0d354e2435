//! Price alerts: a typed stream of changes, with the values before and after.
//!
//! `cargo run --example quickstart` needs no server and no network: it replays a recorded session with a real server
//! and then exits. To connect to a server instead, pass its URL: `cargo run --example quickstart -- wss://…`. Stop
//! it with ctrl-c.

use std::cell::Cell;
use std::pin::pin;

use hyperstack_examples::{replay, Progress};
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Pace;

/// The fields of the server's entity that this program needs.
#[derive(Debug, Clone, PartialEq, Entity)]
struct PumpfunToken {
    info: TokenInfo,
    trading: TokenTrading,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct TokenInfo {
    name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct TokenTrading {
    /// `None` until the server sends the field, `Some(None)` if it sends null.
    last_trade_price: Option<Option<f64>>,
}

/// The price change between two updates that triggers an alert, in percent.
const THRESHOLD: f64 = 5.0;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = std::env::args().nth(1);
    let live = server.is_some();
    let url = match server {
        Some(url) => url,
        None => replay("v2/tokens.jsonl.gz", Pace::Recorded).await?,
    };
    let hs = HyperStack::builder()
        .url(url)
        .auto_reconnect(live) // a recording is replayed once
        .connect()
        .await?;
    println!("{hs:?}");

    let tokens = hs.list::<PumpfunToken>().await;
    println!("Found {} tokens", tokens.len());
    for token in tokens.iter().take(3) {
        println!("  {token:?}");
    }

    println!("Watching for prices that change by more than {THRESHOLD}%");
    let received = Cell::new(0u64);
    let mut alerts = hs.watch_rich::<PumpfunToken>().filter_map(|update| {
        received.set(received.get() + 1);
        match update {
            RichUpdate::Updated {
                key, before, after, ..
            } => {
                let prev = before.trading.last_trade_price.flatten()?;
                let curr = after.trading.last_trade_price.flatten()?;
                let pct = (curr - prev) / prev * 100.0;
                (pct.abs() > THRESHOLD).then(|| (after.info.name.unwrap_or(key), pct))
            }
            _ => None,
        }
    });

    let mut alerted = 0;
    let progress = Progress::new();
    let mut tick = tokio::time::interval(progress.interval());
    let mut ctrl_c = pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            alert = alerts.next() => {
                let Some((name, pct)) = alert else { break };
                alerted += 1;
                progress.print(format_args!("[PRICE] {name} changed by {pct:+.2}%"));
            }
            _ = tick.tick() => {
                progress.show(format_args!(
                    "{} updates received, {} tokens, {alerted} alerts",
                    received.get(),
                    hs.stats().rows,
                ));
            }
            _ = &mut ctrl_c => break,
        }
    }

    let stats = hs.stats();
    progress.print("Summary");
    if let Some(reason) = alerts.end_reason() {
        println!("  ended:    {reason}");
    }
    println!("  rows:     {}", stats.rows);
    println!("  messages: {}, {} bytes", stats.frames, stats.bytes);
    println!("  updates:  {}", received.get());
    println!("  alerts:   {alerted}");
    println!("  errors:   {}", stats.row_errors + stats.frame_errors);
    Ok(())
}
