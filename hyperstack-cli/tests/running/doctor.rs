//! `hs doctor`.

use std::net::TcpListener;

use hyperstack_sdk::testing::{ServerError, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};

use crate::network::secure;
use crate::support::{hs, rounds_of, run, Ran, Running};

fn doctor(arguments: &[&str]) -> Ran {
    run(&[&["doctor"], arguments, &["--seconds", "0.1"]].concat())
}

/// Returns the checks and their status, in order, such as `address ok`.
fn statuses(ran: &Ran) -> Vec<String> {
    let words = ran.out.iter().map(|line| {
        let mut words = line.split_whitespace();
        let (status, check) = (words.next(), words.next());
        format!(
            "{} {}",
            check.unwrap_or_default(),
            status.unwrap_or_default()
        )
    });
    // The second line of an error is indented.
    let is_check = |text: &String| {
        ["ok", "FAILED", "skipped"]
            .iter()
            .any(|status| text.ends_with(&format!(" {status}")))
    };
    words.filter(is_check).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_server_passes_all_checks() -> Result<(), ServerError> {
    for (protocol, shown) in [(Protocol::V1, "v1 "), (Protocol::V2, "v2 ")] {
        let server = rounds_of(protocol).await?;
        let ran = doctor(&[&server.url(), "Round"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(
            statuses(&ran),
            [
                "settings ok",
                "address ok",
                "TCP ok",
                "TLS skipped",
                "handshake ok",
                "token ok",
                "protocol ok",
                "view ok",
                "updates ok",
            ]
        );
        let out = ran.out.join("\n");
        assert!(out.contains(shown), "{out}");
        assert!(out.contains("Round/list has 3 rows"), "{out}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_are_also_printed_as_json() -> Result<(), ServerError> {
    let server = rounds_of(Protocol::V2).await?;
    let ran = doctor(&[&server.url(), "Round/nowhere", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let json: Value = serde_json::from_str(&ran.out.concat()).expect("JSON");
    assert_eq!(json["ok"], false);
    let checks = json["checks"].as_array().expect("a list");
    let view = &checks[checks.len() - 2];
    assert_eq!(
        *view,
        json!({
            "check": "view",
            "status": "failed",
            "detail": "the server does not know the view \"Round/nowhere\"",
        })
    );
    assert_eq!(checks[checks.len() - 1]["status"], "skipped");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tape_is_a_view_too() -> Result<(), ServerError> {
    let server = TestServer::builder().tape("Trade/append", 9);
    let server = server.start().await?;
    let ran = doctor(&[&server.url(), "Trade/append"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.join("\n").contains("Trade/append is a tape"),
        "{ran:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_check_that_fails_is_named() -> Result<(), ServerError> {
    let failed = |arguments: &[&str], check: &str, words: &str| {
        let ran = doctor(arguments);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let statuses = statuses(&ran);
        let mut failed = statuses.iter().filter(|text| text.ends_with(" FAILED"));
        assert_eq!(failed.next(), Some(&format!("{check} FAILED")), "{ran:?}");
        assert_eq!((failed.next(), statuses.len()), (None, 9), "{ran:?}");
        assert!(ran.out.join("\n").contains(words), "{ran:?}");
        assert!(!ran.out.join("\n").contains("s3cr3t"), "{ran:?}");
    };
    failed(&["https://a.b"], "settings", "wss://host");
    failed(
        &["ws://host.invalid"],
        "address",
        "cannot reach ws://host.invalid",
    );

    let stopped = TestServer::builder().start().await?;
    stopped.stop().await;
    failed(&[&stopped.url()], "TCP", "refused");

    // A server that accepts connections, but never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("an address");
    let url = format!("ws://{address}");
    failed(&[&url, "--timeout", "0.2"], "handshake", "timed out");

    let guarded = TestServer::builder().token("open-sesame").start().await?;
    failed(&[&guarded.url()], "token", "HYPERSTACK_TOKEN");
    failed(
        &[&guarded.url(), "--token", "s3cr3t-s3cr3t"],
        "token",
        "HYPERSTACK_TOKEN",
    );
    let ran = doctor(&[&guarded.url(), "--token", "open-sesame"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");

    let v1 = rounds_of(Protocol::V1).await?;
    failed(
        &[&v1.url(), "No/where", "--timeout", "0.2"],
        "view",
        "No/where",
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_checked() {
    let secure = secure("doctor.pem").await;
    let url = format!("wss://localhost:{}", secure.port);
    let examine = |root: Option<String>| {
        let mut command = hs(&["doctor", &url, "--seconds", "0.1"]);
        command.envs(root.map(|root| ("SSL_CERT_FILE", root)));
        tokio::task::spawn_blocking(|| Running::new(command, "").end())
    };
    let ran = examine(Some(secure.root.clone())).await.expect("it ends");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(statuses(&ran).contains(&"TLS ok".to_owned()), "{ran:?}");
    let ran = examine(None).await.expect("it ends");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(statuses(&ran).contains(&"TLS FAILED".to_owned()), "{ran:?}");
    assert!(ran.out.join("\n").contains("UnknownIssuer"), "{ran:?}");
}

#[test]
fn a_state_is_a_usage_error() {
    let ran = doctor(&["ws://a.b", "Round/state"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}
