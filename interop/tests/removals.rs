//! Clients that the server removes without a message. It sends nothing more, but keeps the socket open and
//! answers pings until the client's next text message.

use std::time::Duration;

use hyperstack_interop::Server;
use hyperstack_sdk::prelude::*;
use hyperstack_server::RateLimitConfig;
use serde_json::json;

use crate::support::*;
use crate::Outcome;

const OFTEN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_client_whose_queue_is_full() -> Outcome {
    let rates = RateLimitConfig::default().with_message_queue_size(16);
    let server = players().rates(rates).start();
    server.apply([player("a", 0)]).await;
    let hs = client(&server).ping_interval(OFTEN).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Player>();
    next(&mut updates).await;
    let stall = server.stall();
    server
        .apply((1..=100).map(|n| change("a", json!({"score": n}))))
        .await;
    drop(stall);
    assert!(matches!(
        next(&mut faults).await,
        Fault::Connection(ConnectError::Lost { .. })
    ));
    settle(&server, &mut updates).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    assert_eq!(hs.stats().reconnects, 1);
    Ok(())
}

#[tokio::test]
async fn a_client_that_was_idle() -> Outcome {
    let rates = RateLimitConfig::default().with_timeout(Duration::ZERO);
    let mut server = players().rates(rates).prepare();
    server.start_with_sweeps();
    server.apply([player("a", 0)]).await;
    let hs = client(&server).ping_interval(OFTEN).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Player>();
    // By then, the client has sent everything that it sends by itself, except pings.
    settle(&server, &mut updates).await;
    server.sweep();
    assert!(matches!(
        next(&mut faults).await,
        Fault::Connection(ConnectError::Lost { .. })
    ));
    server.apply([player("a", 1)]).await;
    settle(&server, &mut updates).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    Ok(())
}

/// A client of one row falls behind by more changes than the server keeps for a subscription. The
/// subscription ends, and the connection continues.
async fn left_behind(
    server: &Server,
    client: HyperStackBuilder,
) -> Result<(HyperStack, EntityStream<Player>), Box<dyn std::error::Error>> {
    server.apply([player("a", 0)]).await;
    let hs = client.linger(Duration::ZERO).connect().await?;
    let mut updates = hs.watch::<Player>();
    next(&mut updates).await;
    let stall = server.stall();
    server
        .apply((1..=2000).map(|n| change("a", json!({"score": n}))))
        .await;
    drop(stall);
    // The answer to this comes after everything that the first subscription could still deliver.
    assert_eq!(soon(hs.try_get::<Other>("nobody")).await, Ok(None));
    Ok((hs, updates))
}

/// The client is not notified, but a new subscription works.
#[tokio::test]
async fn a_subscription_that_fell_behind() -> Outcome {
    let server = players().start();
    let (hs, updates) = left_behind(&server, client(&server)).await?;
    assert_eq!(hs.get_sync::<Player>("a").map(|row| row.score), Some(0));
    drop(updates);
    held(&hs, 0).await;
    let mut updates = hs.watch::<Player>();
    settle(&server, &mut updates).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    assert_eq!(hs.stats().reconnects, 0);
    Ok(())
}

#[tokio::test]
async fn a_subscription_that_fell_behind_with_a_limit_on_silence() -> Outcome {
    let server = players().start();
    let client = client(&server).stale_after(Duration::from_secs(2));
    let (hs, mut updates) = left_behind(&server, client).await?;
    let update = next(&mut updates).await;
    assert_eq!(update.data().map(|row| row.score), Some(2000));
    settle(&server, &mut updates).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    assert_eq!(hs.stats().reconnects, 0);
    Ok(())
}
