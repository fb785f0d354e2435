//! Handshakes that the server refuses: the caller gets the status, the code and the server's text.

use std::any::Any;

use arete_auth::AuthErrorCode;
use arete_server::websocket::{AuthDecision, AuthDeny, ConnectionAuthRequest, WebSocketAuthPlugin};
use async_trait::async_trait;
use hyperstack_interop_v2::{Granted, Limits, Mint, RateLimitConfig, Setup, StaticTokenAuthPlugin};

use super::*;

/// How the server refuses a client with this token: the status and the code.
async fn refusal(server: &Server, token: Option<&str>) -> (u16, String) {
    let mut builder = client(server);
    if let Some(token) = token {
        builder = builder.token(token);
    }
    match deadline(builder.connect()).await {
        Err(ConnectError::Rejected {
            status,
            code: Some(code),
            message,
            ..
        }) => {
            assert!(message.contains(' '), "no text for people: {message}");
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
async fn a_missing_or_wrong_static_token_is_refused() {
    let server = with_static_token().start();
    assert_eq!(refusal(&server, None).await, refused(401, "token-missing"));
    assert_eq!(
        refusal(&server, Some("please")).await,
        refused(401, "invalid-static-token")
    );
}

#[tokio::test]
async fn a_wrong_signed_token_is_refused_with_its_code() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    let cases = [
        (None, 401, "token-missing"),
        (Some("no.jwt".to_owned()), 400, "token-invalid-format"),
        (
            Some(mint.token_with(|claims| claims.exp = claims.iat - 1_000)),
            401,
            "token-expired",
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
async fn a_token_for_another_origin_is_refused() {
    let mint = Mint::new();
    let server = players().auth(mint.plugin()).start();
    let token = mint.token_with(|claims| claims.origin = Some("https://a.example".to_owned()));
    let builder = client(&server)
        .token(&*token)
        .header("origin", "https://b.example");
    let refused = deadline(builder.connect()).await;
    let Err(ConnectError::Rejected { status, code, .. }) = refused else {
        panic!("no refusal: {refused:?}");
    };
    assert_eq!(status, 403);
    assert_eq!(code.expect("a code"), "origin-mismatch");
    let builder = client(&server)
        .token(token)
        .header("origin", "https://a.example");
    deadline(builder.connect()).await.expect("a connection");
}

/// Refuses for a while.
struct Later;

#[async_trait]
impl WebSocketAuthPlugin for Later {
    async fn authorize(&self, _request: &ConnectionAuthRequest) -> AuthDecision {
        let wait = Duration::from_secs(7);
        AuthDecision::Deny(AuthDeny::rate_limited(wait, "websocket handshakes"))
    }

    fn as_any(&self) -> &dyn Any {
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

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[tokio::test]
async fn a_server_that_is_busy_or_broken_says_so() {
    let server = players().auth(Later).start();
    let refused_later = deadline(client(&server).connect()).await;
    let Err(ConnectError::Rejected {
        status,
        retry_after,
        ..
    }) = refused_later
    else {
        panic!("no refusal: {refused_later:?}");
    };
    assert_eq!(status, 429);
    assert!(retry_after.is_some_and(|wait| wait > Duration::ZERO && wait <= Duration::from_secs(7)));
    let server = players().auth(Broken).start();
    assert_eq!(refusal(&server, None).await, refused(500, "internal-error"));
}

#[tokio::test]
async fn more_connections_than_a_session_or_an_address_may_have_wait_for_one_to_close() {
    let limits = Limits {
        max_connections: Some(1),
        ..Limits::default()
    };
    let expired = false;
    let rates = RateLimitConfig::default().with_max_connections_per_ip(1);
    for setup in [
        players().auth(Granted { limits, expired }),
        players().rates(rates),
    ] {
        let server = setup.start();
        server.apply(crowd(3)).await;
        let first = connect(&server).await;
        deadline(first.try_list::<Player>()).await.expect("rows");
        assert_eq!(
            refusal(&server, None).await,
            refused(429, "connection-limit-exceeded")
        );
        let second = client(&server).wait_for_server(true).connect();
        let (second, ()) = tokio::join!(deadline(second), first.disconnect());
        let second = second.expect("a connection");
        let read = deadline(second.try_list::<Player>()).await.expect("rows");
        assert_eq!(names(&read), keys(&server.rows("Player/list").await));
    }
}

#[tokio::test]
async fn more_clients_than_the_server_takes_are_not_answered() {
    let server = players().max_clients(1).start();
    let first = connect(&server).await;
    deadline(first.try_list::<Player>()).await.expect("rows");
    let second = deadline(client(&server).connect()).await;
    assert!(
        matches!(second, Err(ConnectError::Unreachable { .. })),
        "{second:?}"
    );
}

#[tokio::test]
async fn a_refusal_that_is_final_ends_the_client() {
    let mut server = with_static_token().start();
    server.apply(crowd(3)).await;
    let builder = client(&server).token("let me in");
    let hs = builder.connect().await.expect("a connection");
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    server.kill().await;
    server.change_setup(players().auth(StaticTokenAuthPlugin::new([])));
    server.start();
    let end = list.end().await;
    assert!(
        matches!(
            end,
            EndReason::Closed(CloseReason::Failed(ConnectError::Rejected {
                status: 401,
                ..
            }))
        ),
        "{end:?}"
    );
}
