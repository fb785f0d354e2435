//! What a program can learn of the connection: its states with their causes, the last error, and the server's
//! errors.

use std::time::Duration;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Refusal;
use hyperstack_sdk::{AuthErrorCode, StateChange};
use tokio::net::TcpListener;

use crate::support::*;

fn states(changes: &[StateChange]) -> Vec<ConnectionState> {
    changes.iter().map(|change| change.state).collect()
}

#[tokio::test]
async fn every_state_has_its_cause_and_the_stream_ends_with_the_client() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).max_reconnect_attempts(2).connect().await?;
    let mut changes = hs.connection_states();
    let first = next(&mut changes).await;
    assert_eq!(
        (first.state, first.cause),
        (ConnectionState::Connected, None)
    );
    assert_eq!(hs.last_error(), None);

    server.drop_connections();
    let lost = next(&mut changes).await;
    assert_eq!(lost.state, ConnectionState::Reconnecting { attempt: 1 });
    assert!(
        matches!(lost.cause, Some(ConnectError::Lost { .. })),
        "{lost:?}"
    );
    let back = next(&mut changes).await;
    assert_eq!((back.state, back.cause), (ConnectionState::Connected, None));
    assert_eq!(hs.last_error(), lost.cause);

    server.stop().await;
    let rest: Vec<_> = soon(changes.collect()).await;
    assert_eq!(
        states(&rest),
        [
            // The connection was not up for long, so attempts continue to count.
            ConnectionState::Reconnecting { attempt: 2 },
            ConnectionState::Error
        ]
    );
    let cause = rest[1].cause.clone();
    assert!(
        matches!(cause, Some(ConnectError::Unreachable { .. })),
        "{cause:?}"
    );
    assert_eq!(hs.last_error(), cause);

    // A late subscriber gets the current state.
    let late: Vec<_> = soon(hs.connection_states().collect()).await;
    assert_eq!(states(&late), [ConnectionState::Error]);
    Ok(())
}

#[tokio::test]
async fn errors_of_a_connection_name_the_url_without_its_secrets() -> anyhow::Result<()> {
    // This port was bound and closed again, so connections are refused.
    let unused = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let secret = format!("ws://me:secret@{unused}/feed?token=secret");
    let error = soon(HyperStack::connect(secret)).await.unwrap_err();
    let start = format!("cannot reach ws://{unused}/feed: ");
    assert!(error.to_string().starts_with(&start), "{error}");

    // The system accepts connections, but this server never replies.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}", silent.local_addr()?);
    let builder = HyperStack::builder().url(url.as_str());
    let builder = builder.connect_timeout(Duration::from_millis(50));
    let error = soon(builder.connect()).await.unwrap_err();
    let expected = format!("connecting to {url} timed out after 50ms");
    assert_eq!(error.to_string(), expected);

    let server = games().start().await?;
    let url = server.url();
    let hs = client(&server).auto_reconnect(false).connect().await?;
    let mut changes = hs.connection_states();
    next(&mut changes).await;
    server.close_connections(1001, "restarting");
    let last = soon(changes.collect::<Vec<_>>()).await.pop().unwrap();
    let expected =
        format!("lost the connection to {url}: the server closed the connection: restarting");
    assert_eq!(last.cause.map(|cause| cause.to_string()), Some(expected));
    assert_eq!(
        hs.end_reason().unwrap().to_string(),
        "lost the connection, and reconnecting is off: the server closed the connection: restarting"
    );
    Ok(())
}

#[tokio::test]
async fn disconnect_has_no_cause() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let mut changes = hs.connection_states();
    next(&mut changes).await;
    server.drop_connections();
    soon(server.wait_for_accepted(2)).await;
    soon(hs.disconnect()).await;
    let last = soon(changes.collect::<Vec<_>>()).await.pop().unwrap();
    assert_eq!(last.state, ConnectionState::Disconnected);
    assert_eq!(last.cause, None);
    Ok(())
}

#[tokio::test]
async fn server_errors_are_a_stream() -> anyhow::Result<()> {
    let server = games().max_subscriptions(1).start().await?;
    let hs = client(&server).connect().await?;
    let mut issues = hs.socket_issues();
    assert_eq!(issues.next().now_or_never(), None);
    let refusal = Refusal::new("rate-limit-exceeded").retry_after(7);
    server.send_issue(&refusal, false);
    let issue = next(&mut issues).await;
    assert_eq!(issue.code, AuthErrorCode::RateLimitExceeded);
    assert_eq!((issue.retry_after, issue.fatal), (Some(7), false));
    soon(hs.disconnect()).await;
    assert_eq!(soon(issues.next()).await, None);
    Ok(())
}

/// The real server sends this and then falls silent. The client does not wait for the ping deadline.
#[tokio::test]
async fn a_fatal_server_error_ends_the_connection_at_once() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut changes = hs.connection_states();
    next(&mut changes).await;
    let refusal = Refusal::new("rate-limit-exceeded").retry_after(90);
    server.send_issue(&refusal, true);
    assert!(matches!(next(&mut faults).await, Fault::Issue(_)));
    let Fault::Connection(cause) = next(&mut faults).await else {
        panic!("the connection is not lost");
    };
    assert_eq!(cause.retry_after(), Some(Duration::from_secs(90)));
    let ConnectError::Lost {
        cause: ConnectionLost::Expelled { code, .. },
        ..
    } = &cause
    else {
        panic!("{cause}");
    };
    assert_eq!(*code, AuthErrorCode::RateLimitExceeded);
    assert_eq!(next(&mut changes).await.cause.as_ref(), Some(&cause));
    pass(Duration::from_secs(85)).await;
    assert_eq!(server.connections_accepted(), 1);
    pass(Duration::from_secs(5)).await;
    assert_eq!(next(&mut changes).await.state, ConnectionState::Connected);
    Ok(())
}

#[tokio::test]
async fn a_final_server_error_ends_the_client() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    server.send_issue(&Refusal::new("origin-mismatch"), true);
    assert_eq!(soon(updates.next()).await, None);
    let Some(CloseReason::Failed(ConnectError::Lost {
        cause: ConnectionLost::Expelled { code, .. },
        ..
    })) = hs.end_reason()
    else {
        panic!("{:?}", hs.end_reason());
    };
    assert_eq!(code, AuthErrorCode::OriginMismatch);
    Ok(())
}

#[tokio::test]
async fn a_close_reason_with_a_code_is_decoded() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    server.close_connections(1008, "quota-exceeded: come back tomorrow");
    let Fault::Connection(ConnectError::Lost {
        cause: ConnectionLost::Expelled { code, message, .. },
        ..
    }) = next(&mut faults).await
    else {
        panic!("no reason");
    };
    assert_eq!(code, AuthErrorCode::QuotaExceeded);
    assert_eq!(message, "come back tomorrow");
    soon(server.wait_for_accepted(2)).await;
    server.close_connections(1008, "token-missing: say who you are");
    let end: Vec<_> = soon(faults.collect()).await;
    assert_eq!(end.len(), 1, "{end:?}");
    assert!(matches!(hs.end_reason(), Some(CloseReason::Failed(_))));
    Ok(())
}
