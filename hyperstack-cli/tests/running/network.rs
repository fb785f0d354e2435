//! `hs stream` through a proxy, to a server with a private root certificate.

use std::process::Command;

use hyperstack_sdk::testing::TestServer;

use crate::proxy::Proxy;
use crate::support::{hs, no_file, rounds, Ran, Running};
use crate::tls::{identity, in_front_of};

/// A server for `wss://localhost`, and the file with its root certificate.
pub(crate) struct Secure {
    _server: TestServer,
    pub(crate) port: u16,
    pub(crate) root: String,
}

pub(crate) async fn secure(file: &str) -> Secure {
    let server = rounds().await.expect("a server");
    let (root, acceptor) = identity();
    let port = in_front_of(server.address(), acceptor).await;
    let path = no_file(file);
    std::fs::write(&path, root).expect("a file");
    Secure {
        _server: server,
        port,
        root: path.display().to_string(),
    }
}

impl Secure {
    /// Returns the command that reads one row of this server.
    fn stream(&self, variables: &[(&str, &str)]) -> Command {
        let url = format!("wss://localhost:{}", self.port);
        let mut command = hs(&["stream", &url, "Round", "--count", "1"]);
        command.envs(variables.iter().copied());
        command
    }
}

/// Runs a command while the servers of the test run.
async fn run(command: Command) -> Ran {
    let ran = tokio::task::spawn_blocking(|| Running::new(command, "").end());
    ran.await.expect("it does not panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_sets_the_proxy_and_the_roots() {
    let secure = secure("environment.pem").await;
    let root = secure.root.as_str();
    let proxy = Proxy::start("HTTP/1.1 200 Connection established").await;
    let proxy_url = format!("http://me:password@{}", proxy.address());
    let variables = [("SSL_CERT_FILE", root), ("HTTPS_PROXY", &proxy_url)];
    let ran = run(secure.stream(&variables)).await;
    assert_eq!((ran.code, ran.out.len()), (Some(0), 1), "{ran:?}");
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let start = format!("CONNECT localhost:{} HTTP/1.1\r\n", secure.port);
    assert!(requests[0].starts_with(&start), "{requests:?}");
    let credentials = "\r\nProxy-Authorization: Basic bWU6cGFzc3dvcmQ=\r\n";
    assert!(requests[0].contains(credentials), "{requests:?}");

    let direct = [&variables[..], &[("NO_PROXY", "127.0.0.0/8,localhost")]].concat();
    let ran = run(secure.stream(&direct)).await;
    assert_eq!((ran.code, ran.out.len()), (Some(0), 1), "{ran:?}");
    assert_eq!(proxy.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_refusal_of_a_proxy_is_explained_without_its_password() {
    let secure = secure("refused.pem").await;
    let proxy = Proxy::start("HTTP/1.1 407 Proxy Authentication Required").await;
    let proxy_url = format!("http://me:password@{}", proxy.address());
    let variables = [
        ("SSL_CERT_FILE", secure.root.as_str()),
        ("https_proxy", &proxy_url),
    ];
    let ran = run(secure.stream(&variables)).await;
    assert_eq!(ran.code, Some(1));
    let expected = format!(
        "the proxy http://{} rejected the connection with status 407: Proxy Authentication Required",
        proxy.address()
    );
    assert!(ran.err.contains(&expected), "{ran:?}");
    assert!(!ran.err.contains("me:password@127"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_in_the_environment_are_explained() {
    let secure = secure("mistakes.pem").await;
    let root = secure.root.as_str();
    let cases = [
        (&[][..], "invalid peer certificate: UnknownIssuer"),
        (
            &[("SSL_CERT_FILE", "/no/such.pem")],
            "no PEM certificate was found at `SSL_CERT_FILE` and `SSL_CERT_DIR`: ",
        ),
        (
            &[("SSL_CERT_FILE", root), ("HTTPS_PROXY", "socks5://me:secret@localhost:1")],
            "the environment variable `HTTPS_PROXY`: invalid proxy URL: it must start with http:// or https:// (to \
             connect directly, add \"localhost\" to `NO_PROXY`)",
        ),
    ];
    for (variables, expected) in cases {
        let ran = run(secure.stream(variables)).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains(expected), "{ran:?}");
        assert!(!ran.err.contains("secret"), "{ran:?}");
    }
}
