//! Streams of single rows.

use hyperstack_sdk::prelude::*;
use serde_json::json;

use crate::support::*;
use crate::Outcome;

#[tokio::test]
async fn a_key_is_read_and_followed_without_its_neighbours() -> Outcome {
    let server = players().start();
    server.apply(crowd(100)).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch_key::<Player>("p7");
    assert_eq!(
        next(&mut updates).await.data().map(|row| row.score),
        Some(7)
    );
    server.apply(crowd(50)).await;
    server.apply([change("p7", json!({"score": 70}))]).await;
    let update = next(&mut updates).await;
    assert_eq!(update.data().map(|row| row.score), Some(70));
    assert_eq!(hs.stats().rows, 1);
    let row = server.row("Player/list", "p7").await.expect("a row");
    assert_eq!(update.into_data(), Some(serde_json::from_value(row)?));
    Ok(())
}

#[tokio::test]
async fn a_key_that_does_not_exist_yet() -> Outcome {
    let server = players().start();
    let hs = client(&server).connect().await?;
    assert_eq!(soon(hs.try_get::<Player>("a")).await?, None);
    let mut updates = hs.watch_key::<Player>("a");
    let first = async { next(&mut updates).await };
    tokio::join!(server.apply([player("a", 1)]), async {
        assert_eq!(first.await.data().map(|row| row.score), Some(1));
    });
    Ok(())
}

/// The server's own `state` view keeps only the last patch, so a burst loses fields for good.
#[tokio::test]
async fn a_state_loses_no_field_of_a_burst() -> Outcome {
    let server = players().start();
    server.apply([player("a", 0)]).await;
    let hs = client(&server).connect().await?;
    let state = hs.views::<PlayerViews>().state();
    let mut updates = state.watch("a");
    next(&mut updates).await;
    let stall = server.stall();
    server.apply([change("a", json!({"note": "early"}))]).await;
    server
        .apply((1..=100).map(|n| change("a", json!({"score": n}))))
        .await;
    drop(stall);
    until(&mut updates, async || {
        state.get_sync("a").is_some_and(|row| row.score == 100)
    })
    .await;
    let row = server.row("Player/state", "a").await.expect("a row");
    let row: Player = serde_json::from_value(row)?;
    assert_eq!(row.note.as_deref(), Some("early"));
    assert_eq!(state.get_sync("a"), Some(row));
    Ok(())
}

#[tokio::test]
async fn some_keys_and_no_others() -> Outcome {
    let server = players().start();
    server.apply(crowd(100)).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch_keys::<Player>(&["p1", "p2", "nobody"]);
    let mut first = [next(&mut updates).await, next(&mut updates).await];
    first.sort_by(|a, b| a.key().cmp(b.key()));
    assert_eq!(first.each_ref().map(Update::key), ["p1", "p2"]);
    server.apply(crowd(1)).await;
    server.apply([player("nobody", 1)]).await;
    assert_eq!(next(&mut updates).await.key(), "nobody");
    assert_eq!(hs.stats().rows, 3);
    Ok(())
}

#[tokio::test]
async fn a_key_of_a_derived_view() -> Outcome {
    let server = players().start();
    server.apply(crowd(4)).await;
    let hs = client(&server).connect().await?;
    let places = hs.views::<PlayerViews>().places();
    assert_eq!(soon(places.try_get("p0")).await?, None);
    let mut updates = places.watch("p1");
    assert_eq!(next(&mut updates).await.key(), "p1");
    server.apply([player("new", 9)]).await;
    assert!(next(&mut updates).await.is_delete());
    Ok(())
}
