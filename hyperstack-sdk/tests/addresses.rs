//! Hosts whose first address does not work, in a network namespace of their own.
//!
//! Runs only where Linux lets the user create namespaces; elsewhere it says that it did not run. Paths that need no such
//! address are tested in `src/driver/race.rs` and `src/driver/route.rs`.
#![cfg(all(feature = "testing", target_os = "linux"))]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Entity)]
struct Token {
    name: String,
}

/// Set in the namespace.
const INSIDE: &str = "HYPERSTACK_TEST_NAMESPACE";

/// Nothing has the address of the neighbours, so packets to them get lost. The system prefers IPv6.
const HOSTS: &str = "\
127.0.0.1 localhost
2001:db8::9 half.test
127.0.0.1 half.test
2001:db8::8 gone.test
2001:db8::9 gone.test
2001:db8::1 two.test
127.0.0.1 two.test
";

/// `$1` is the hosts file. The rest is the command.
const SETUP: &str = "
ip link set lo up
ip link add hs0 type veth peer name hs1
ip -6 addr add 2001:db8::1/64 dev hs0 nodad
ip link set hs0 up
ip link set hs1 up
for address in 2001:db8::8 2001:db8::9; do
    ip -6 neigh add $address lladdr 02:00:00:00:00:09 dev hs0 nud permanent
done
mount --bind \"$1\" /etc/hosts
shift
echo namespace
exec \"$@\"
";

#[tokio::test]
async fn an_unresponsive_address_does_not_stop_the_next() {
    if std::env::var_os(INSIDE).is_some() {
        connect_to_the_second_address().await;
        connect_after_a_refusal_and_after_a_close().await;
        #[cfg(feature = "token-endpoint")]
        fetch_a_token_from_the_second_address().await;
        name_the_addresses_that_do_not_answer().await;
        return;
    }
    let hosts = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("hosts");
    std::fs::write(&hosts, HOSTS).unwrap();
    let test = "an_unresponsive_address_does_not_stop_the_next";
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--net"])
        .args(["sh", "-ec", SETUP, "sh"])
        .arg(hosts)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let (text, success) = match ran {
        Ok(ran) => {
            let [out, err] = [&ran.stdout, &ran.stderr].map(|text| String::from_utf8_lossy(text));
            (format!("{out}{err}"), ran.status.success())
        }
        Err(error) => (format!("unshare: {error}"), false),
    };
    if text.starts_with("namespace") {
        assert!(success, "{text}");
        assert!(text.contains("1 passed"), "{text}");
    } else {
        println!("skipped: this system has no network namespaces for tests: {text}");
    }
}

async fn connect_to_the_second_address() {
    let server = TestServer::builder().entity("Token").start().await.unwrap();
    server.upsert("Token", "t", json!({"name": "Ore"}));
    let port = server.address().port();
    let mut addresses = tokio::net::lookup_host(("half.test", port)).await.unwrap();
    assert!(addresses.next().is_some_and(|first| first.is_ipv6()));
    let hs = HyperStack::connect(format!("ws://half.test:{port}"))
        .await
        .unwrap();
    let expected = Token { name: "Ore".into() };
    assert_eq!(hs.list::<Token>().await, [expected]);
}

async fn connect_after_a_refusal_and_after_a_close() {
    let server = TestServer::builder().entity("Token").start().await.unwrap();
    server.upsert("Token", "t", json!({"name": "Ore"}));
    let port = server.address().port();
    let mut addresses = tokio::net::lookup_host(("two.test", port)).await.unwrap();
    let first = addresses.next().unwrap();
    assert_eq!(first.ip().to_string(), "2001:db8::1");
    let connects = || async {
        let hs = HyperStack::connect(format!("ws://two.test:{port}")).await;
        assert_eq!(hs.unwrap().list::<Token>().await.len(), 1);
    };
    connects().await;
    let closing = tokio::net::TcpListener::bind(first).await.unwrap();
    let (closed, ()) = tokio::join!(closing.accept(), connects());
    closed.unwrap();
}

#[cfg(feature = "token-endpoint")]
async fn fetch_a_token_from_the_second_address() {
    use hyperstack_sdk::testing::{TokenEndpoint, TokenReply};

    let server = TestServer::builder().token("t").start().await.unwrap();
    let endpoint = TokenEndpoint::start().await.unwrap();
    endpoint.reply(TokenReply::token("t", 1_893_456_000));
    let client = || {
        let builder = HyperStack::builder().url(server.url()).api_key("key");
        builder.allow_insecure_auth(true)
    };
    let url = format!("http://half.test:{}", endpoint.address().port());
    client().token_endpoint(url).connect().await.unwrap();

    let builder = client().token_endpoint("http://gone.test:8877");
    let builder = builder.token_timeout(Duration::from_secs(2));
    let error = builder.connect().await.unwrap_err().to_string();
    let start = "no token: the token endpoint http://gone.test:8877 did not reply within 2s: no connection at [2001:";
    assert!(error.starts_with(start), "{error}");
}

async fn name_the_addresses_that_do_not_answer() {
    let builder = HyperStack::builder().url("ws://gone.test:8877");
    let builder = builder.connect_timeout(Duration::from_secs(2));
    let error = builder.connect().await.unwrap_err().to_string();
    let start = "connecting to ws://gone.test:8877 timed out after 2s: no connection at ";
    assert!(error.starts_with(start), "{error}");
    for address in ["[2001:db8::8]:8877", "[2001:db8::9]:8877"] {
        assert!(error.contains(address), "{error}");
    }
}
