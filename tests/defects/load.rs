//! Readers under load.

use std::collections::{BTreeSet, HashMap};

use hyperstack_sdk::prelude::*;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn p09_a_reader_that_pauses_gets_the_last_state_of_every_key() -> anyhow::Result<()> {
    let server = games().start().await?;
    let key = |n: u32| format!("k{}", n % 10);
    for n in 0..10 {
        put(&server, &key(n), 0.0);
    }
    let hs = client(&server).connect().await?;
    let (mut paused, mut awake) = (hs.watch::<Game>(), hs.watch::<Game>());
    read(&mut paused, 10).await;
    read(&mut awake, 10).await;
    for n in 1..=5000 {
        server.patch("Game", &key(n), json!({"score": n}));
    }
    put(&server, "last", 0.0);
    while next(&mut awake).await.key() != "last" {}

    let conflated = paused.conflated();
    assert!(conflated > 0);
    let mut items = 0;
    let mut scores: HashMap<String, f64> = HashMap::new();
    loop {
        let update = next(&mut paused).await;
        items += 1;
        if update.key() == "last" {
            break;
        }
        let score = update.data().unwrap().score;
        let before = scores.insert(update.into_key(), score);
        assert!(before < Some(score), "{before:?} then {score}");
    }
    assert_eq!(items + conflated, 5001);
    for n in 4991..=5000 {
        assert_eq!(scores[&key(n)], f64::from(n));
    }
    // The reader has caught up, so it gets every change again.
    put(&server, "k1", 1.0);
    put(&server, "k1", 2.0);
    assert_eq!(read(&mut paused, 2).await, ["patch k1 1", "patch k1 2"]);
    Ok(())
}

#[tokio::test]
async fn p19_every_row_of_a_large_snapshot_reaches_the_stream() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..10_000 {
        put(&server, &format!("k{n}"), f64::from(n));
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut keys = BTreeSet::new();
    for _ in 0..10_000 {
        let update = next(&mut updates).await;
        assert!(matches!(update, Update::Upsert { .. }), "{update:?}");
        assert!(keys.insert(update.into_key()));
    }
    assert_eq!(updates.conflated(), 0);
    put(&server, "k0", 1.0);
    assert_eq!(read(&mut updates, 1).await, ["patch k0 1"]);
    Ok(())
}

#[tokio::test]
async fn p20_a_flood_leaves_the_last_state_right() -> anyhow::Result<()> {
    let server = games().start().await?;
    let key = |n: u32| format!("k{}", n % 100);
    for n in 0..100 {
        put(&server, &key(n), 0.0);
    }
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 100).await;
    for n in 1..=20_000 {
        server.patch("Game", &key(n), json!({"score": n}));
    }
    put(&server, "last", 0.0);
    let mut scores: HashMap<String, f64> = HashMap::new();
    let mut items = 0;
    loop {
        let update = next(&mut updates).await;
        items += 1;
        if update.key() == "last" {
            break;
        }
        let score = update.data().unwrap().score;
        let before = scores.insert(update.into_key(), score);
        assert!(before < Some(score), "{before:?} then {score}");
    }
    assert_eq!(items + updates.conflated(), 20_001);
    for n in 19_901..=20_000 {
        assert_eq!(scores[&key(n)], f64::from(n));
    }
    Ok(())
}
