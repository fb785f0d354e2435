//! `wss://` against an in-process TLS server with its own root certificate, with each enabled TLS library.
#![cfg(all(feature = "testing", any(feature = "rustls", feature = "native-tls")))]

use std::net::SocketAddr;
use std::sync::Arc;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

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

/// Starts a TLS proxy in front of a server. Returns its port.
async fn in_front_of(inner: SocketAddr, acceptor: TlsAcceptor) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate ends the handshake.
                if let Ok(mut outer) = acceptor.accept(stream).await {
                    let mut inner = TcpStream::connect(inner).await.unwrap();
                    let _ = copy_bidirectional(&mut outer, &mut inner).await;
                }
            });
        }
    });
    port
}

/// A new root, and a server identity for `localhost` that it signed.
fn identity() -> (String, TlsAcceptor) {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new([]).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // A certificate that names itself as its issuer would count as self-signed.
    root.distinguished_name.push(DnType::CommonName, "root");
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = Issuer::new(root, root_key);

    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    (root_pem, TlsAcceptor::from(Arc::new(config)))
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
