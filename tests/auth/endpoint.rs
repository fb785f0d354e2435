//! Tokens from an endpoint, for a key.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{TokenEndpoint, TokenReply};
use hyperstack_sdk::{AuthErrorCode, Protocol};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn a_key_is_exchanged_for_a_token() -> anyhow::Result<()> {
    let server = guarded().await?;
    let endpoint = TokenEndpoint::start().await?;
    endpoint.reply(TokenReply::token("one", FAR));
    let builder = client(&server)
        .url(server.url() + "/games?secret=1")
        .api_key("sk_1")
        .token_endpoint(endpoint.url() + "?tenant=7")
        .token_endpoint_header("X-Tenant", "7");
    let hs = soon(builder.connect()).await?;
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a"]);
    assert_eq!(presented(&server), ["one"]);

    let requests = endpoint.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(request.target, "POST /ws/sessions?tenant=7");
    let host = endpoint.address().to_string();
    for (name, value) in [
        ("host", host.as_str()),
        ("authorization", "Bearer sk_1"),
        ("content-type", "application/json"),
        ("x-tenant", "7"),
    ] {
        assert_eq!(request.header(name), Some(value));
    }
    let url = server.url() + "/games";
    assert_eq!(request.body, json!({"websocket_url": url}));
    Ok(())
}

#[tokio::test]
async fn a_custom_endpoint_needs_no_key_and_may_spell_the_expiry_differently() -> anyhow::Result<()>
{
    let server = guarded().await?;
    let still = Still::new();
    let endpoint = TokenEndpoint::start().await?;
    // It has expired by any clock, so it is not believed and not renewed.
    let body = json!({"token": "one", "expiresAt": 1000}).to_string();
    endpoint.reply(TokenReply::new(201, body));
    let builder = quiet(&server).token_endpoint(endpoint.url());
    let hs = soon(builder.connect()).await?;
    assert_eq!(endpoint.requests()[0].header("authorization"), None);
    still.advance(SECOND * 1000).await;
    put(&server, "b", 2.0);
    assert_eq!(soon(hs.list::<Game>()).await.len(), 2);
    assert_eq!(endpoint.requests().len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_user_and_password_of_the_endpoints_url_are_sent_as_basic_auth() -> anyhow::Result<()> {
    let server = guarded().await?;
    let endpoint = TokenEndpoint::start().await?;
    endpoint.reply(TokenReply::refusal(
        503,
        "internal-error",
        "no, sup3rs3cr3t",
    ));
    let url = endpoint.url().replace("http://", "http://me:sup3rs3cr3t@");
    let builder = client(&server).token_endpoint(url);
    let error = soon(builder.connect()).await.unwrap_err();
    let requests = endpoint.requests();
    // `me:sup3rs3cr3t`
    let basic = requests[0].header("authorization");
    assert_eq!(basic, Some("Basic bWU6c3VwM3JzM2NyM3Q="));
    let url = endpoint.url();
    assert_eq!(
        error.to_string(),
        format!(
            "no token: the token endpoint {url} replied with status 503: no, *** (internal-error)"
        )
    );
    Ok(())
}

#[tokio::test]
async fn a_token_request_names_the_release_and_the_environment() -> anyhow::Result<()> {
    let server = guarded().await?;
    let endpoint = TokenEndpoint::start().await?;
    endpoint.reply(TokenReply::token("one", FAR));
    let builder = client(&server)
        .api_key("a4_sk_1")
        .token_endpoint(endpoint.url())
        .stack_release("arete:h1:stack-manifest:sha256:bb", "live")
        .environment("preview");
    soon(builder.connect()).await?;
    assert_eq!(
        endpoint.requests()[0].body,
        json!({
            "websocket_url": server.url(),
            "stackManifestHash": "arete:h1:stack-manifest:sha256:bb",
            "liveAlias": "live",
            "environment": "preview",
        })
    );
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
struct Round {
    id: u64,
}

#[derive(Stack)]
#[stack(
    manifest_hash = "arete:h1:stack-manifest:sha256:bb",
    live_alias = "live",
    protocol = v2,
    entities(Round)
)]
struct ReleasedStack;

#[tokio::test]
async fn a_token_request_of_a_stack_names_its_release() -> anyhow::Result<()> {
    assert_eq!(ReleasedStack::PROTOCOL, Protocol::V2);
    let server = guarded().await?;
    let endpoint = TokenEndpoint::start().await?;
    endpoint.reply(TokenReply::token("one", FAR));
    let builder = ReleasedStack::builder()
        .url(server.url())
        .api_key("a4_sk_1")
        .token_endpoint(endpoint.url());
    soon(builder.connect()).await?;
    assert_eq!(
        endpoint.requests()[0].body,
        json!({
            "websocket_url": server.url(),
            "stackManifestHash": ReleasedStack::MANIFEST_HASH,
            "liveAlias": ReleasedStack::LIVE_ALIAS,
        })
    );
    Ok(())
}

#[tokio::test]
async fn a_stack_with_a_release_needs_no_token() -> anyhow::Result<()> {
    let server = TestServer::builder().entity("Round").start().await?;
    server.upsert("Round", "1", json!({"id": 1}));
    let stack = soon(ReleasedStack::connect_to(server.url())).await?;
    let round = soon(stack.round.list().get()).await;
    assert_eq!(round, [Round { id: 1 }]);
    Ok(())
}

#[tokio::test]
async fn the_origin_is_sent_to_the_endpoint_and_to_the_server() -> anyhow::Result<()> {
    let server = guarded().await?;
    let endpoint = TokenEndpoint::start().await?;
    let builder = client(&server)
        .publishable_key("a4_pk_1")
        .token_endpoint(endpoint.url())
        .origin("https://app.example");
    endpoint.reply(TokenReply::token("one", FAR));
    soon(builder.clone().connect()).await?;
    endpoint.reply(TokenReply::token("one", FAR));
    let builder = builder.header("origin", "https://a.example");
    let builder = builder.token_endpoint_header("ORIGIN", "https://b.example");
    soon(builder.connect()).await?;
    let (handshakes, requests) = (server.handshakes(), endpoint.requests());
    let origins: Vec<_> = handshakes.iter().map(|it| it.header("origin")).collect();
    let wanted = [Some("https://app.example"), Some("https://a.example")];
    assert_eq!(origins, wanted);
    let origins: Vec<_> = requests.iter().map(|it| it.header("origin")).collect();
    let wanted = [Some("https://app.example"), Some("https://b.example")];
    assert_eq!(origins, wanted);
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_requires_an_origin_says_how_to_set_it() -> anyhow::Result<()> {
    let error = error(TokenReply::refusal(403, "origin-required", "no origin")).await?;
    assert!(error.is_final());
    let end = "status 403: no origin (set an origin that the server accepts with \
               `.origin(\"https://…\")`) (origin-required)";
    assert!(error.to_string().ends_with(end), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_retired_release_is_final() -> anyhow::Result<()> {
    for code in ["stack-version-retired", "stack-version-unknown"] {
        let error = error(TokenReply::refusal(410, code, "ore 1.2.0 was retired")).await?;
        assert!(error.is_final());
        let end = format!("status 410: ore 1.2.0 was retired ({code})");
        assert!(error.to_string().ends_with(&end), "{error}");
    }
    Ok(())
}

/// Returns the error of a client whose endpoint replies with this at the first attempt.
async fn error(reply: TokenReply) -> anyhow::Result<TokenError> {
    let server = guarded().await?;
    let endpoint = TokenEndpoint::start().await?;
    endpoint.reply(reply);
    let builder = client(&server)
        .publishable_key("pk_0123456789")
        .token_endpoint(endpoint.url() + "?pk_0123456789");
    let error = soon(builder.connect()).await.unwrap_err();
    assert_eq!(server.handshakes().len(), 0);
    let ConnectError::Token(error) = error else {
        panic!("{error:?}");
    };
    assert!(!format!("{error:?}").contains("pk_0123456789"), "{error:?}");
    Ok(error)
}

#[tokio::test]
async fn endpoint_errors_are_distinct() -> anyhow::Result<()> {
    let refusal = |status, code| TokenReply::refusal(status, code, "no, pk_0123456789");
    let plain = |status| TokenReply::new(status, "oops");
    let cases = [
        (refusal(401, "invalid-api-key"), true, None),
        (refusal(403, "deployment-access-denied"), true, None),
        (refusal(403, "origin-not-allowed"), true, None),
        (refusal(400, "invalid-request"), true, None),
        (refusal(400, "something-new"), true, None),
        (plain(401), true, None),
        (
            refusal(429, "rate-limit-exceeded").retry_after(7),
            false,
            Some(7),
        ),
        (refusal(503, "expired-api-key"), true, None),
        (refusal(500, "internal-error"), false, None),
        (plain(502).retry_after(9), false, Some(9)),
        (
            plain(503).header("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT"),
            false,
            None,
        ),
        (plain(408), false, None),
    ];
    for (reply, is_final, retry_after) in cases {
        let error = error(reply.clone()).await?;
        assert_eq!(error.is_final(), is_final, "{reply:?}: {error}");
        let wait = retry_after.map(Duration::from_secs);
        assert_eq!(error.retry_after(), wait, "{reply:?}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn errors_have_the_endpoints_message() -> anyhow::Result<()> {
    let refusal = TokenReply::refusal(401, "invalid-api-key", "no such key: pk_0123456789");
    let error = error(refusal).await?;
    assert_eq!(error.code(), Some(&AuthErrorCode::InvalidApiKey));
    let text = error.to_string();
    let end = "replied with status 401: no such key: *** (invalid-api-key)";
    assert!(
        text.starts_with("the token endpoint http://127.0.0.1:"),
        "{text}"
    );
    assert!(text.ends_with(end), "{text}");
    Ok(())
}

#[tokio::test]
async fn an_invalid_answer_is_not_final() -> anyhow::Result<()> {
    let cases = [
        (
            TokenReply::new(200, "pk_0123456789"),
            "replied with status 200 but without a token",
        ),
        (
            TokenReply::new(200, "<!doctype html><title>Sign in</title>"),
            "replied with status 200 and an HTML page instead of a token (a captive portal or a \
             plain web server answers): the page \"Sign in\"",
        ),
        (
            TokenReply::new(200, "<title>Sign in with pk_0123456789</title>"),
            "the page \"Sign in with ***\"",
        ),
        (
            TokenReply::new(502, "<h1>Bad\nGateway</h1>"),
            "replied with status 502: <h1>Bad Gateway</h1>",
        ),
        (
            TokenReply::new(200, r#"{"token": 7}"#),
            "but without a token",
        ),
        (
            TokenReply::new(200, "x".repeat(70_000)),
            "replied with more than 65536 bytes",
        ),
        (
            TokenReply::new(307, "").header("Location", "https://b.c/pk_0123456789?pk_0123456789"),
            "redirects to https://b.c/*** with status 307, which the client does not follow: set \
             `token_endpoint` to the new URL",
        ),
    ];
    for (reply, expected) in cases {
        let error = error(reply).await?;
        assert!(error.to_string().ends_with(expected), "{error}");
        assert!(!error.is_final(), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_reply_of_a_connection_that_stays_open_costs_no_wait() -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let server = guarded().await?;
    let cases = [
        (
            "HTTP/1.1 403 No\r\n\r\n{\"error\": \"not you\"}",
            "replied with status 403: not you",
        ),
        ("HTTP/1.1 403 No\r\n\r\nnot you", "status 403: not you"),
        (
            "HTTP/1.1 200 OK\r\n\r\nhello",
            "replied with status 200 but without a token",
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n<title>Wi-Fi</title>",
            ": the page \"Wi-Fi\"",
        ),
    ];
    for (reply, expected) in cases {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await?;
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await? > 0);
            stream.write_all(reply.as_bytes()).await?;
            // Until the client closes the connection.
            while stream.read(&mut request).await? > 0 {}
            std::io::Result::Ok(())
        });
        // If the client waited for the end of the body, the test would time out.
        let builder = client(&server)
            .token_endpoint(url)
            .token_timeout(Duration::MAX);
        let error = soon(builder.connect()).await.unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
        soon(peer).await??;
    }
    Ok(())
}

#[tokio::test]
async fn an_unreachable_endpoint_is_tried_again() -> anyhow::Result<()> {
    let server = guarded().await?;
    // This port was bound and closed again, so connections are refused.
    let unused = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let url = format!("http://{unused}/ws/sessions");
    let builder = client(&server).api_key("sk_1").token_endpoint(url);
    let error = soon(builder.connect()).await.unwrap_err();
    let expected =
        format!("no token: the token endpoint http://{unused}/ws/sessions cannot be reached");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(!error.is_final());
    Ok(())
}

#[tokio::test]
async fn a_silent_endpoint_times_out() -> anyhow::Result<()> {
    let server = guarded().await?;
    let still = Still::new();
    let endpoint = TokenEndpoint::start().await?;
    let builder = quiet(&server)
        .token_endpoint(endpoint.url())
        .token_timeout(SECOND * 3);
    let connecting = tokio::spawn(builder.connect());
    soon(endpoint.wait_for_requests(1)).await;
    still.advance(SECOND * 3).await;
    let error = soon(connecting).await?.unwrap_err();
    let url = endpoint.url();
    let expected = format!("no token: the token endpoint {url} did not reply within 3s");
    assert_eq!(error.to_string(), expected);
    Ok(())
}

#[tokio::test]
async fn an_endpoint_that_fails_while_reconnecting_is_survived() -> anyhow::Result<()> {
    let server = guarded().await?;
    let endpoint = TokenEndpoint::start().await?;
    endpoint.reply(TokenReply::token("one", FAR));
    let builder = client(&server)
        .api_key("sk_1")
        .token_endpoint(endpoint.url());
    let hs = soon(builder.connect()).await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.expire_token("one");
    server.accept_token("two");
    endpoint.reply(TokenReply::refusal(503, "internal-error", "down"));
    endpoint.reply(TokenReply::token("two", FAR));
    server.drop_connections();
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert b 2"]);
    assert_eq!(endpoint.requests().len(), 3);
    Ok(())
}
