//! Handshakes that the server refuses: the status, the code and the server's message reach the caller.

use std::time::Duration;

use async_trait::async_trait;
use hyperstack_auth::{AuthErrorCode, Limits};
use hyperstack_interop::{Granted, Mint, Server, Setup};
use hyperstack_sdk::prelude::*;
use hyperstack_server::websocket::{
    AuthDecision, AuthDeny, ConnectionAuthRequest, SignedSessionAuthPlugin, StaticTokenAuthPlugin,
    WebSocketAuthPlugin,
};
use hyperstack_server::RateLimitConfig;

use crate::support::*;
use crate::Outcome;

/// Returns the refusal that a client with this token gets.
async fn refusal(server: &Server, token: Option<&str>) -> (u16, String) {
    let mut client = client(server);
    if let Some(token) = token {
        client = client.token(token);
    }
    match soon(client.connect()).await {
        Err(ConnectError::Rejected {
            status,
            code: Some(code),
            message,
            ..
        }) => {
            assert!(message.contains(' '), "no words for people: {message}");
            (status, code.to_string())
        }
        other => panic!("no refusal: {other:?}"),
    }
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn with_static_token() -> Setup {
    players().auth(StaticTokenAuthPlugin::new(["let me in".to_owned()]))
}

#[tokio::test]
async fn static_tokens() {
    let server = with_static_token().start();
    assert_eq!(refusal(&server, None).await, refused(401, "token-missing"));
    assert_eq!(
        refusal(&server, Some("please")).await,
        refused(401, "invalid-static-token")
    );
}

#[tokio::test]
async fn signed_tokens() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    let cases = [
        (None, 401, "token-missing"),
        (Some("no.jwt".to_owned()), 400, "token-invalid-format"),
        (Some(mint.token(Duration::ZERO)), 401, "token-expired"),
        (
            Some(mint.token_with(|claims| claims.nbf = u64::MAX)),
            400,
            "token-invalid-format",
        ),
        (
            Some(Mint::new().token(Duration::from_secs(300))),
            401,
            "token-invalid-signature",
        ),
        (
            Some(mint.token_with(|claims| claims.iss = "another".to_owned())),
            401,
            "token-invalid-issuer",
        ),
        (
            Some(mint.token_with(|claims| claims.aud = "another".to_owned())),
            401,
            "token-invalid-audience",
        ),
    ];
    for (token, status, code) in cases {
        assert_eq!(
            refusal(&server, token.as_deref()).await,
            refused(status, code)
        );
    }
}

#[tokio::test]
async fn a_token_that_is_bound_to_an_origin() {
    let mint = Mint::new();
    let plugin = SignedSessionAuthPlugin::new(mint.verifier().with_origin_validation());
    let server = players().auth(plugin).start();
    let token = mint.token_with(|claims| claims.origin = Some("https://a.example".to_owned()));
    assert_eq!(
        refusal(&server, Some(&token)).await,
        refused(403, "origin-required")
    );
}

/// Refuses for a while. The server has such limits but never installs them.
struct Later;

#[async_trait]
impl WebSocketAuthPlugin for Later {
    async fn authorize(&self, _request: &ConnectionAuthRequest) -> AuthDecision {
        let wait = Duration::from_secs(7);
        AuthDecision::Deny(AuthDeny::rate_limited(wait, "websocket handshakes"))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Fails.
struct Broken;

#[async_trait]
impl WebSocketAuthPlugin for Broken {
    async fn authorize(&self, _request: &ConnectionAuthRequest) -> AuthDecision {
        let code = AuthErrorCode::InternalError;
        AuthDecision::Deny(AuthDeny::new(code, "the database is away"))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[tokio::test]
async fn servers_that_are_temporarily_unavailable() {
    let server = players().auth(Later).start();
    assert_eq!(
        refusal(&server, None).await,
        refused(429, "rate-limit-exceeded")
    );
    let server = players().auth(Broken).start();
    assert_eq!(refusal(&server, None).await, refused(500, "internal-error"));
}

#[tokio::test]
async fn more_connections_than_a_session_may_have() -> Outcome {
    let limits = Limits {
        max_connections: Some(1),
        ..Limits::default()
    };
    let granted = Granted {
        limits,
        ..Granted::default()
    };
    let server = players().auth(granted).start();
    one_at_a_time(&server).await
}

#[tokio::test]
async fn more_connections_than_an_address_may_have() -> Outcome {
    let rates = RateLimitConfig::default().with_max_connections_per_ip(1);
    let server = players().rates(rates).start();
    one_at_a_time(&server).await
}

/// A second client is refused. A client that waits connects when the first one leaves.
async fn one_at_a_time(server: &Server) -> Outcome {
    server.apply(crowd(3)).await;
    let first = client(server).connect().await?;
    soon(first.try_list::<Player>()).await?;
    assert_eq!(
        refusal(server, None).await,
        refused(429, "connection-limit-exceeded")
    );
    let second = client(server).wait_for_server(true).connect();
    let (second, ()) = tokio::join!(soon(second), first.disconnect());
    let read = soon(second?.try_list::<Player>()).await?;
    assert_eq!(read, server.rows("Player/list").await);
    Ok(())
}

#[tokio::test]
async fn more_clients_than_the_server_takes() -> Outcome {
    let server = players().max_clients(1).start();
    let first = client(&server).connect().await?;
    soon(first.try_list::<Player>()).await?;
    // The server closes the connection without an answer.
    let second = soon(client(&server).connect()).await;
    assert!(
        matches!(second, Err(ConnectError::Unreachable { .. })),
        "{second:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_refusal_that_is_final_ends_the_client() -> Outcome {
    let mut server = with_static_token().start();
    server.apply(crowd(3)).await;
    let hs = client(&server).token("let me in").connect().await?;
    let mut updates = hs.watch::<Player>();
    next(&mut updates).await;
    server.kill().await;
    let server = server.replaced_by(players().auth(StaticTokenAuthPlugin::new([])));
    while soon(updates.next()).await.is_some() {}
    assert!(matches!(
        updates.end_reason(),
        Some(EndReason::Closed(CloseReason::Failed(
            ConnectError::Rejected { status: 401, .. }
        )))
    ));
    drop(server);
    Ok(())
}
