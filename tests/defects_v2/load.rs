//! Readers under load.

use std::collections::{BTreeSet, HashMap};

use hyperstack_sdk::prelude::*;
use serde_json::json;

use super::{client, games};
use crate::support::*;

// A7
#[tokio::test]
async fn a_reader_that_is_behind_misses_no_last_value() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..10 {
        put(&server, &format!("k{n}"), 0.0);
    }
    put(&server, "rare", 0.0);
    server.upsert("Other", "x", json!({"n": 0}));
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut others = hs.watch::<Other>();
    read(&mut updates, 11).await;
    next(&mut others).await;
    // After the only change of these two rows come more changes of another view than a queue holds.
    put(&server, "rare", 1.0);
    server.upsert("Other", "x", json!({"n": 1}));
    for n in 1..=5000 {
        server.patch("Game", &format!("k{}", n % 10), json!({"score": n}));
    }
    settled(&server, hs.faults()).await;

    assert_eq!(next(&mut others).await.data(), Some(&Other { n: 1 }));
    assert_eq!(others.conflated(), 0);
    let mut scores = HashMap::new();
    let read = pending(&mut updates);
    for update in &read {
        scores.insert(update.key(), update.data().unwrap().score);
    }
    assert_eq!(scores["rare"], 1.0);
    for n in 4991..=5000 {
        assert_eq!(scores[&*format!("k{}", n % 10)], f64::from(n));
    }
    assert_eq!(read.len() as u64 + updates.conflated(), 5001);
    assert_eq!(hs.stats().missed, 0);
    Ok(())
}

// A8
#[tokio::test]
async fn every_row_of_a_large_snapshot_reaches_the_stream() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..5000 {
        put(&server, &format!("k{n}"), f64::from(n));
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut keys = BTreeSet::new();
    for _ in 0..5000 {
        let update = next(&mut updates).await;
        assert!(matches!(update, Update::Upsert { .. }), "{update:?}");
        assert!(keys.insert(update.into_key()));
    }
    assert_eq!(updates.conflated(), 0);
    put(&server, "k0", 1.0);
    assert_eq!(read(&mut updates, 1).await, ["patch k0 1"]);
    Ok(())
}
