//! `wss://` against an in-process TLS server with its own root certificate, with each enabled TLS library.
#![cfg(all(feature = "testing", any(feature = "rustls", feature = "native-tls")))]

#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/tls.rs"]
mod tls;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::json;

use proxy::Proxy;
use tls::{identity, in_front_of};

#[derive(Debug, Clone, PartialEq, Entity)]
struct Token {
    name: String,
}

/// A server behind TLS.
struct Secure {
    server: TestServer,
    url: String,
    /// The root that signed its certificate, in PEM.
    root: String,
}

async fn secure() -> Secure {
    let server = TestServer::builder().entity("Token").start().await.unwrap();
    let (root, acceptor) = identity();
    let port = in_front_of(server.address(), acceptor).await;
    let url = format!("wss://localhost:{port}");
    Secure { server, url, root }
}

#[tokio::test]
async fn a_server_with_a_configured_root_is_trusted() {
    let Secure { server, url, root } = secure().await;
    server.upsert("Token", "t", json!({"name": "Ore"}));
    let hs = HyperStack::builder()
        .url(url)
        .root_certificates(root)
        .connect()
        .await
        .unwrap();
    let expected = Token { name: "Ore".into() };
    assert_eq!(hs.list::<Token>().await, [expected]);
}

#[tokio::test]
async fn a_server_with_an_unknown_root_is_not_trusted() {
    let Secure { server, url, .. } = secure().await;
    let error = HyperStack::connect(url).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert_eq!(server.connections_accepted(), 0);
}

#[tokio::test]
async fn roots_that_are_not_pem_are_refused_before_dialling() {
    let builder = HyperStack::builder()
        .url("wss://localhost:1")
        .root_certificates("no certificate");
    let error = builder.connect().await.unwrap_err();
    let expected = "invalid setting `root_certificates`";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[cfg(feature = "token-endpoint")]
#[tokio::test]
async fn token_endpoints_use_the_same_roots() {
    use hyperstack_sdk::testing::{TokenEndpoint, TokenReply};

    let server = TestServer::builder().token("t").start().await.unwrap();
    let endpoint = TokenEndpoint::start().await.unwrap();
    let (root, acceptor) = identity();
    let port = in_front_of(endpoint.address(), acceptor).await;
    let builder = HyperStack::builder()
        .url(server.url())
        .api_key("key")
        .token_endpoint(format!("https://localhost:{port}"));
    let error = builder.clone().connect().await.unwrap_err();
    let expected =
        format!("no token: the token endpoint https://localhost:{port} cannot be reached");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(endpoint.requests(), []);

    endpoint.reply(TokenReply::token("t", 1_893_456_000));
    builder.root_certificates(root).connect().await.unwrap();
    let request = &endpoint.requests()[0];
    let host = format!("localhost:{port}");
    assert_eq!(request.header("host"), Some(host.as_str()));
    assert_eq!(request.header("authorization"), Some("Bearer key"));
    assert_eq!(server.connections_accepted(), 1);
}

#[tokio::test]
async fn a_proxy_tunnels_to_secure_servers() {
    let Secure { server, url, root } = secure().await;
    server.upsert("Token", "t", json!({"name": "Ore"}));
    let proxy = Proxy::start("HTTP/1.0 200 Connection established").await;
    let hs = HyperStack::builder()
        .url(&url)
        .root_certificates(root)
        .proxy(format!("http://me:p%40ss@{}", proxy.address()))
        .connect()
        .await
        .unwrap();
    let expected = Token { name: "Ore".into() };
    assert_eq!(hs.list::<Token>().await, [expected]);
    let host = url.strip_prefix("wss://").unwrap();
    assert_eq!(
        proxy.requests(),
        [format!(
            "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
        )]
    );
}

#[tokio::test]
async fn a_proxy_can_be_secure_itself() {
    let server = TestServer::builder().start().await.unwrap();
    let proxy = Proxy::start("HTTP/1.1 200 OK").await;
    let (root, acceptor) = identity();
    let port = in_front_of(server.address(), acceptor.clone()).await;
    let url = format!("wss://localhost:{port}");
    let port = in_front_of(proxy.address(), acceptor).await;
    let builder = HyperStack::builder()
        .url(&url)
        .proxy(format!("https://localhost:{port}"));
    let error = builder.clone().connect().await.unwrap_err();
    let expected = format!("cannot reach {url}: through the proxy https://localhost:{port}: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(proxy.requests().len(), 0);
    builder.root_certificates(root).connect().await.unwrap();
    assert_eq!(proxy.requests().len(), 1);
    assert_eq!(server.connections_accepted(), 1);
}

#[tokio::test]
async fn the_refusal_of_a_proxy_names_it_without_its_password() {
    let cases = [
        ("407 Proxy Authentication Required", true),
        ("403 Forbidden by policy", true),
        ("502 Bad Gateway", false),
    ];
    for (reply, is_final) in cases {
        let proxy = Proxy::start(format!("HTTP/1.1 {reply}")).await;
        let address = proxy.address();
        let builder = HyperStack::builder()
            .url("wss://ore.example")
            .proxy(format!("http://me:password@{address}"));
        assert!(!format!("{builder:?}").contains("password"), "{builder:?}");
        let error = builder.connect().await.unwrap_err();
        let (status, message) = reply.split_once(' ').unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "cannot reach wss://ore.example: the proxy http://{address} rejected the connection with status \
                 {status}: {message}"
            )
        );
        assert_eq!(error.is_final(), is_final, "{error}");
        assert!(!format!("{error:?}").contains("password"), "{error:?}");
    }
}

#[cfg(feature = "token-endpoint")]
#[tokio::test]
async fn token_endpoints_use_the_same_proxy() {
    use hyperstack_sdk::testing::{TokenEndpoint, TokenReply};

    let server = TestServer::builder().token("t").start().await.unwrap();
    let endpoint = TokenEndpoint::start().await.unwrap();
    endpoint.reply(TokenReply::token("t", 1_893_456_000));
    let (root, acceptor) = identity();
    let port = in_front_of(endpoint.address(), acceptor).await;
    let builder = HyperStack::builder()
        .url(server.url())
        .api_key("key")
        .token_endpoint(format!("https://localhost:{port}"))
        .root_certificates(root);
    let proxy = Proxy::start("HTTP/1.1 200 OK").await;
    let url = format!("http://{}", proxy.address());
    builder.clone().proxy(url).connect().await.unwrap();
    let requests = proxy.requests();
    let of =
        |host: String| move |request: &String| request.starts_with(&format!("CONNECT {host} "));
    assert!(
        of(format!("localhost:{port}"))(&requests[0]),
        "{requests:?}"
    );
    assert!(
        of(server.address().to_string())(&requests[1]),
        "{requests:?}"
    );

    let proxy = Proxy::start("HTTP/1.1 403 Forbidden").await;
    let url = format!("http://{}", proxy.address());
    let error = builder.proxy(&url).connect().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "no token: the token endpoint https://localhost:{port} cannot be reached: the proxy {url} rejected the \
             connection with status 403: Forbidden"
        )
    );
}
