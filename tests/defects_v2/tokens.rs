//! Tokens that are fetched and renewed.

use std::time::{Duration, SystemTime};

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Refresh, TokenEndpoint, TokenReply};

use super::{client, games};
use crate::auth::{settle, Still};
use crate::defects::HOUR;
use crate::support::*;

const SECOND: Duration = Duration::from_secs(1);

/// A later date than any test runs at.
const FAR: u64 = 32_503_680_000;

// A13
#[tokio::test]
async fn a_failed_token_call_while_reconnecting_is_tried_again() -> anyhow::Result<()> {
    let server = games().token("one").start().await?;
    put(&server, "a", 1.0);
    let endpoint = TokenEndpoint::start().await?;
    endpoint.reply(TokenReply::token("one", FAR));
    let hs = client(&server)
        .token_endpoint(endpoint.url())
        .connect()
        .await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.expire_token("one");
    server.accept_token("two");
    endpoint.reply(TokenReply::refusal(503, "busy", "try later"));
    endpoint.reply(TokenReply::token("two", FAR));
    server.drop_connections();
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(endpoint.requests().len(), 3);
    let failed = pending(&mut faults)
        .into_iter()
        .any(|fault| matches!(fault, Fault::Connection(ConnectError::Token(_))));
    assert!(failed);
    Ok(())
}

// A21
#[tokio::test]
async fn a_token_is_renewed_before_the_expiry_that_a_refresh_announces() -> anyhow::Result<()> {
    // Only the server knows when the second token expires.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let expires_at = (now + SECOND * 100).as_secs();
    let refresh = Refresh::Accept { expires_at };
    let server = games().refresh(refresh).start().await?;
    let still = Still::new();
    let endpoint = TokenEndpoint::start().await?;
    // {"iat":1000,"exp":1100}: it lives 100 seconds, whatever the time is.
    let token = "e30.eyJpYXQiOjEwMDAsImV4cCI6MTEwMH0.c2ln";
    endpoint.reply(TokenReply::token(token, 1100));
    endpoint.reply(TokenReply::new(200, r#"{"token":"two"}"#));
    endpoint.reply(TokenReply::new(200, r#"{"token":"three"}"#));
    let _hs = client(&server)
        .ping_interval(HOUR * 1000)
        .token_endpoint(endpoint.url())
        .connect()
        .await?;
    for token in ["two", "three"] {
        settle().await;
        still.advance(SECOND * 50).await;
        soon(server.wait_for_message(|message| message["token"] == token)).await;
    }
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}
