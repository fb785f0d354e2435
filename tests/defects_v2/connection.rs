//! A connection that is lost, silent, refused or closed.

use std::time::Duration;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Refusal;
use tokio::net::TcpSocket;

use super::{client, games};
use crate::auth::{settle, Still};
use crate::defects::HOUR;
use crate::support::*;

const SECOND: Duration = Duration::from_secs(1);

// A4
#[tokio::test]
async fn the_client_reconnects_after_a_long_outage() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.refuse(Refusal::new("out-of-order"));
    server.drop_connections();
    soon(server.wait_for_handshakes(30)).await;
    assert!(matches!(
        hs.connection_state().await,
        ConnectionState::Reconnecting { attempt } if attempt > 5
    ));
    put(&server, "a", 2.0);
    server.refuse(None);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(hs.connection_state().await, ConnectionState::Connected);
    Ok(())
}

// A5
#[tokio::test]
async fn connecting_to_a_closed_port_fails_at_once() -> anyhow::Result<()> {
    // Bound, so that no other process gets the port, and not listening.
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let url = format!("ws://{}", socket.local_addr()?);
    let _still = Still::new();
    let builder = HyperStack::builder().url(url).protocol(Protocol::V2);
    let error = soon(builder.connect()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    Ok(())
}

// A12
#[tokio::test]
async fn a_refused_handshake_is_tried_again_when_the_server_says() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let still = Still::new();
    let hs = client(&server).ping_interval(HOUR).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.refuse_next(Refusal::new("connection-limit-exceeded").retry_after(60));
    server.drop_connections();
    still.advance(Duration::ZERO).await;
    soon(server.wait_for_handshakes(2)).await;
    still.advance(SECOND * 58).await;
    settle().await;
    assert_eq!(server.handshakes().len(), 2);
    put(&server, "a", 2.0);
    still.advance(SECOND * 2).await;
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(server.handshakes().len(), 3);
    Ok(())
}

// A14
#[tokio::test]
async fn disconnect_acts_at_once_during_a_wait_to_reconnect() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .reconnect_intervals(vec![HOUR * 1000])
        .connect()
        .await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    assert_eq!(
        hs.connection_state().await,
        ConnectionState::Reconnecting { attempt: 1 }
    );
    soon(hs.disconnect()).await;
    assert_eq!(hs.connection_state().await, ConnectionState::Disconnected);
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(hs.end_reason(), Some(CloseReason::Disconnected));
    Ok(())
}

// A18
#[tokio::test]
async fn a_silent_server_is_noticed_within_two_ping_intervals() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let still = Still::new();
    let hs = client(&server).ping_interval(SECOND * 15).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.freeze();
    put(&server, "a", 2.0);
    let is_connected = || {
        let state = hs.connection_state().now_or_never();
        state == Some(ConnectionState::Connected)
    };
    still.advance(SECOND * 14).await;
    settle().await;
    assert!(is_connected());
    // The first ping may have gone out just before the server froze.
    for _ in 0..3 {
        still.advance(SECOND * 15).await;
    }
    let fault = next(&mut faults).await;
    assert!(
        matches!(
            fault,
            Fault::Connection(ConnectError::Lost {
                cause: ConnectionLost::Silent { .. },
                ..
            })
        ),
        "{fault}"
    );
    server.thaw();
    still.advance(SECOND).await;
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    Ok(())
}

// A19
#[tokio::test]
async fn connecting_has_a_deadline() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.freeze();
    let still = Still::new();
    let builder = HyperStack::builder().url(server.url());
    let connecting = tokio::spawn(builder.protocol(Protocol::V2).connect());
    still.advance(SECOND * 9).await;
    settle().await;
    assert!(!connecting.is_finished());
    still.advance(SECOND).await;
    let error = soon(connecting).await?.unwrap_err();
    assert!(matches!(error, ConnectError::Timeout { .. }), "{error}");
    Ok(())
}

// A19
#[tokio::test]
async fn an_attempt_to_reconnect_has_a_deadline_too() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let still = Still::new();
    let hs = client(&server).ping_interval(HOUR).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.freeze();
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    still.advance(Duration::ZERO).await;
    settle().await;
    still.advance(SECOND * 10).await;
    let fault = next(&mut faults).await;
    assert!(
        matches!(fault, Fault::Connection(ConnectError::Timeout { .. })),
        "{fault}"
    );
    Ok(())
}
