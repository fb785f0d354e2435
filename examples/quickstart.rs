//! Price alerts: a typed stream of what changes, with the values before and after.
//!
//! `cargo run --example quickstart` needs no server and no network: it plays a recorded session
//! with the real server, and ends with it. To run it against a server, give its URL, and end it
//! with ctrl-c: `cargo run --example quickstart -- wss://…`

use std::cell::Cell;
use std::pin::pin;

use hyperstack_examples::{replay, Progress};
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Pace;

/// The fields of the server's entity that this program cares for.
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
    /// `None` until the server has sent it, `Some(None)` where it sent null.
    last_trade_price: Option<Option<f64>>,
}

/// A change of the price between two updates that is worth an alert, in percent.
const THRESHOLD: f64 = 5.0;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let given = std::env::args().nth(1);
    let live = given.is_some();
    let url = match given {
        Some(url) => url,
        None => replay("v2/tokens.jsonl.gz", Pace::Recorded).await?,
    };
    let hs = HyperStack::builder()
        .url(url)
        .auto_reconnect(live) // the recording ends when its connection does
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
