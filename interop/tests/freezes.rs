//! Faults that freeze the server. It removes a client while it holds a lock on it, and so waits for itself.
//! The connection is silent, and soon the server accepts no others. Only a new process helps.

use std::time::Duration;

use hyperstack_auth::Limits;
use hyperstack_interop::{Process, Scene};
use hyperstack_sdk::prelude::*;

use crate::support::*;
use crate::Outcome;

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");

/// The client treats the server as dead, and converges once another server runs.
async fn survives(limits: Limits, expired: bool) -> Outcome {
    let mut server = players().prepare();
    let frozen = Process::start(
        PROGRAM,
        &Scene {
            address: server.address(),
            entity: "Player".to_owned(),
            changes: crowd(60),
            limits,
            expired,
        },
    );
    let often = Duration::from_millis(500);
    let hs = client(&server).ping_interval(often).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Player>();
    let fault = loop {
        tokio::select! {
            fault = next(&mut faults) => break fault,
            _ = next(&mut updates) => {}
        }
    };
    assert!(matches!(
        fault,
        Fault::Connection(ConnectError::Lost {
            cause: ConnectionLost::Silent { .. },
            ..
        })
    ));
    drop(frozen);
    server.apply(crowd(60)).await;
    server.apply([player("p0", -1)]).await;
    server.start();
    settle(&server, &mut updates).await;
    until(&mut updates, async || {
        hs.list_sync::<Player>() == server.rows::<Player>("Player/list").await
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn an_expired_session() -> Outcome {
    survives(Limits::default(), true).await
}

#[tokio::test]
async fn more_messages_than_allowed() -> Outcome {
    let limits = Limits {
        max_messages_per_minute: Some(5),
        ..Limits::default()
    };
    survives(limits, false).await
}

#[tokio::test]
async fn more_bytes_than_allowed() -> Outcome {
    let limits = Limits {
        max_bytes_per_minute: Some(500),
        ..Limits::default()
    };
    survives(limits, false).await
}
