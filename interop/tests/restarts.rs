//! The server dies in the middle of a stream and comes back on the same port.

use hyperstack_interop::Server;
use hyperstack_sdk::prelude::*;
use serde_json::json;

use crate::support::*;
use crate::Outcome;

/// Returns a client that has read 200 rows, and has noticed that the server is down.
async fn cut_off(
    server: &mut Server,
) -> Result<(HyperStack, EntityStream<Player>), Box<dyn std::error::Error>> {
    server.apply(crowd(200)).await;
    let hs = client(server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Player>();
    for _ in 0..200 {
        next(&mut updates).await;
    }
    server.kill().await;
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    Ok((hs, updates))
}

#[tokio::test]
async fn only_the_connection_was_lost() -> Outcome {
    let mut server = players().start();
    let (hs, mut updates) = cut_off(&mut server).await?;
    server
        .apply((0..20).map(|n| change(&format!("p{n}"), json!({"score": -1}))))
        .await;
    server.start();
    let read = soon(hs.try_list::<Player>()).await?;
    assert_eq!(read, server.rows("Player/list").await);
    // Unchanged rows produce no update.
    let read = settle(&server, &mut updates).await;
    assert_eq!(read.len(), 20);
    assert!(read
        .iter()
        .all(|update| matches!(update, Update::Upsert { .. })));
    assert_eq!(hs.stats().reconnects, 1);
    Ok(())
}

/// The server never reports a deleted entity, and does not keep all entities. A row that is not in the
/// snapshot may still exist, so it stays.
#[tokio::test]
async fn a_new_server_has_other_rows() -> Outcome {
    let mut server = players().start();
    let (hs, mut updates) = cut_off(&mut server).await?;
    let before = hs.list_sync::<Player>();
    server.forget();
    server.apply([player("new", 1), player("p0", -1)]).await;
    server.start();
    let read = soon(hs.try_list::<Player>()).await?;
    assert_eq!(read[..2], server.rows::<Player>("Player/list").await);
    assert_eq!(read[2..], before[..199]);
    assert_eq!(settle(&server, &mut updates).await.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_new_server_is_empty() -> Outcome {
    let mut server = players().start();
    let (hs, mut updates) = cut_off(&mut server).await?;
    let before = hs.list_sync::<Player>();
    server.forget();
    server.start();
    assert_eq!(soon(hs.try_list::<Player>()).await?, before);
    assert_eq!(settle(&server, &mut updates).await, []);
    let read = hs.list_sync::<Player>();
    assert_eq!(read[..1], server.rows::<Player>("Player/list").await);
    Ok(())
}

#[tokio::test]
async fn a_window_has_moved_on_meanwhile() -> Outcome {
    let mut server = players().start();
    server.apply(crowd(10)).await;
    let hs = client(&server).connect().await?;
    let top = hs.views::<PlayerViews>().top();
    let mut updates = top.watch();
    for _ in 0..3 {
        next(&mut updates).await;
    }
    server.kill().await;
    server.apply([player("new", 100), player("p9", 0)]).await;
    server.start();
    until(&mut updates, async || {
        top.get_sync() == server.window::<Player>("Player/top", 0, 3).await
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn changes_go_on_while_the_server_comes_and_goes() -> Outcome {
    let mut server = players().start();
    server.apply(crowd(100)).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    for round in 0..5 {
        next(&mut updates).await;
        server
            .apply((0..100).map(|n| player(&format!("p{n}"), round * 100 + n)))
            .await;
        server.kill().await;
        server.apply([player("away", round)]).await;
        server.start();
    }
    settle(&server, &mut updates).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    Ok(())
}
