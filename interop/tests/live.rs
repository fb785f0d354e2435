//! Changes during and after a snapshot.

use hyperstack_sdk::prelude::*;
use serde_json::json;

use crate::support::*;
use crate::Outcome;

#[tokio::test]
async fn changes_while_the_snapshot_is_in_flight() -> Outcome {
    let server = players().start();
    server.apply(crowd(400)).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    let changes = (0..400).map(|n| change(&format!("p{}", n * 7 % 400), json!({"score": -n})));
    tokio::join!(server.apply(changes), next(&mut updates));
    settle(&server, &mut updates).await;
    let rows = hs.list_sync::<Player>();
    assert_eq!(rows, server.rows("Player/list").await);
    assert_eq!(rows.len(), 401);
    Ok(())
}

#[tokio::test]
async fn a_change_that_is_in_the_snapshot_and_is_sent_again() -> Outcome {
    let server = players().start();
    server.apply(crowd(3)).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    let mut first = server
        .apply_around(
            change("p1", json!({"score": 5})),
            updates.by_ref().take(3).collect::<Vec<_>>(),
        )
        .await;
    first.sort_by(|a, b| a.key().cmp(b.key()));
    let scores: Vec<_> = first
        .iter()
        .filter_map(Update::data)
        .map(|row| row.score)
        .collect();
    assert_eq!(scores, [0, 5, 2]);
    // A repeated change produces no update.
    assert_eq!(settle(&server, &mut updates).await, []);
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    Ok(())
}

#[tokio::test]
async fn every_change_of_a_row_arrives_in_order() -> Outcome {
    let server = players().start();
    server.apply([player("a", 0)]).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    next(&mut updates).await;
    server
        .apply((1..=200).map(|n| change("a", json!({"score": n}))))
        .await;
    let read = settle(&server, &mut updates).await;
    let scores: Vec<_> = read
        .iter()
        .filter_map(Update::data)
        .map(|row| row.score)
        .collect();
    assert_eq!(scores, (1..=200).collect::<Vec<_>>());
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    Ok(())
}

#[tokio::test]
async fn a_row_is_merged_as_the_server_merges_it() -> Outcome {
    let server = players().start();
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    assert_eq!(soon(hs.try_list::<Player>()).await?, []);
    // The first message of an entity is a patch without all fields.
    server.apply([change("a", json!({"name": "a"}))]).await;
    server.apply([change("a", json!({"score": 1}))]).await;
    server.apply([change("a", json!({"note": "new"}))]).await;
    server.apply([change("a", json!({"note": null}))]).await;
    let read = settle(&server, &mut updates).await;
    assert!(read
        .iter()
        .all(|update| matches!(update, Update::Patch { .. })));
    let notes: Vec<_> = read
        .iter()
        .filter_map(Update::data)
        .map(|row| row.note.as_deref())
        .collect();
    assert_eq!(notes, [None, Some("new"), None]);
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    Ok(())
}

/// A row's position is that of the event that arrived last, which may have an earlier position than others.
#[tokio::test]
async fn a_position_that_goes_back() -> Outcome {
    let server = players().start();
    server.apply_in(100, [player("a", 1), player("b", 1)]).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    next(&mut updates).await;
    next(&mut updates).await;
    server
        .apply_in(99, [change("a", json!({"score": 2}))])
        .await;
    assert_eq!(
        next(&mut updates).await.data().map(|row| row.score),
        Some(2)
    );
    let row = server.row("Player/list", "a").await.expect("a row");
    assert_eq!(row["_seq"], "99:000000000000");
    Ok(())
}
