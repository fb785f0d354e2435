//! A server with players and trades that bridges copy, and its tape as clients read it.

use std::ops::Range;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::{Tape, TapeError};
use serde_json::json;

use crate::support::{next, soon, Trade, TradeViews};

pub(crate) async fn server(retained: usize) -> TestServer {
    TestServer::builder()
        .protocol(Protocol::V2)
        .entity("Player")
        .entity("Trade")
        .tape("Trade/append", retained)
        .start()
        .await
        .unwrap()
}

/// Writes rows whose scores are their numbers times `factor`.
pub(crate) fn put(server: &TestServer, rows: Range<i64>, factor: i64) {
    for n in rows {
        server.upsert("Player", &format!("k{n}"), json!({"score": n * factor}));
    }
}

/// Appends records with these prices.
pub(crate) fn trade(server: &TestServer, prices: Range<i64>) {
    for price in prices {
        let key = ["A", "B"][price as usize % 2];
        server.upsert("Trade", key, json!({"price": price, "side": "buy"}));
    }
}

pub(crate) fn tape(hs: &HyperStack) -> Tape<Trade> {
    hs.views::<TradeViews>().append().tape()
}

/// Returns the prices of the next records.
pub(crate) async fn prices(tape: &mut Tape<Trade>, count: usize) -> Vec<i64> {
    let mut prices = Vec::new();
    let read = async {
        while prices.len() < count {
            match next(tape).await {
                Ok(record) => prices.push(record.patch.price.flatten().expect("a price")),
                // While a bridge is behind, it does not confirm the tape.
                Err(TapeError::OverLimit { .. }) => {}
                Err(error) => panic!("after {:?}: {error}", prices.last()),
            }
        }
    };
    soon(read).await;
    prices
}
