//! Errors and their exit codes.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use hyperstack_sdk::testing::{ServerError, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::json;

use crate::support::{hs, no_file, rounds_of, run, served, session, Ran, Running};

#[test]
fn a_usage_error_exits_with_2() {
    for (arguments, words) in [
        (&["stream", "ws://a.b"][..], "<VIEW>"),
        (&["stream", "ws://a.b", "a/b/c"], "expected Entity/name"),
        (&["stream", "ws://a.b", "Round/state"], "--key KEY"),
        (
            &["stream", "ws://a.b", "Round", "--where", "open"],
            "PATH=VALUE",
        ),
        (
            &["stream", "ws://a.b", "Round", "--fields", "a..b"],
            "names joined by dots",
        ),
        (&["stream", "ws://a.b", "Round", "--count", "0"], "--count"),
        (
            &["stream", "ws://a.b", "Round", "--key", "a", "--take", "1"],
            "--take",
        ),
        (&["stream", "ws://a.b", "Round", "--force"], "--save"),
        (
            &["stream", "ws://a.b", "Round", "--sort", "id.n:down"],
            "PATH:desc",
        ),
        (
            &["stream", "ws://a.b", "Round", "--sort", "id.n"],
            "only in a terminal",
        ),
        (
            &["stream", "ws://a.b", "Round", "--plot", "id.n"],
            "--plot needs the table, which is drawn only in a terminal",
        ),
        (
            &["stream", "ws://a.b", "Round", "--plot", "id.n", "--json"],
            "--json",
        ),
        (
            &["stream", "Round/list", "ws://a.b", "--json"],
            "the URL comes first: hs stream ws://a.b Round/list",
        ),
        (
            &["tape", "Trade", "wss://a.b"],
            "the URL comes first: hs tape wss://a.b Trade",
        ),
        (
            &["serve", "x", "--speed", "0"],
            "expected a number greater than zero",
        ),
        (&["serve", "x", "--loop", "--once"], "--once"),
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(words), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_connection_exits_with_1() -> Result<(), ServerError> {
    let failed = |url: &str, words: &str| {
        let ran = run(&["stream", url, "Round"]);
        assert_eq!((ran.code, ran.out.len()), (Some(1), 0), "{ran:?}");
        assert!(
            ran.err.starts_with("error: ") && ran.err.contains(words),
            "{ran:?}"
        );
    };
    failed("https://a.b", "wss://host");
    // No other server has this port.
    let stopped = TestServer::builder().start().await?;
    stopped.stop().await;
    failed(&stopped.url(), "check that the server is running");
    Ok(())
}

#[test]
fn a_view_that_the_server_does_not_know_ends_the_stream() {
    let (_server, url) = served(&session(), &["--instant"]);
    let ran = run(&["stream", &url, "Round/nowhere"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err
            .contains("the server does not know the view \"Round/nowhere\""),
        "{ran:?}"
    );
}

#[test]
fn a_token_goes_unencrypted_to_another_machine_only_with_insecure() {
    let (_server, url) = served(&session(), &["--instant"]);
    // This address counts as another machine, but leads to this one.
    let url = url.replace("127.0.0.1", "0.0.0.0");
    let arguments = ["stream", &url, "Round", "--token", "s3cr3t", "--count", "1"];
    let ran = run(&arguments);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = format!("error: cannot send the token unencrypted to {url}\n");
    assert!(ran.err.starts_with(&expected), "{ran:?}");
    assert!(ran.err.contains("--insecure"), "{ran:?}");
    let ran = run(&[&arguments[..], &["--insecure"]].concat());
    assert_eq!((ran.code, ran.out.len()), (Some(0), 1), "{ran:?}");
}

#[test]
fn an_invalid_recording_or_host_exits_with_1() {
    let serve = |input: &str, more: &[&str]| {
        let mut command = hs(&["serve", "-", "--port", "0"]);
        command.args(more);
        let ran = Running::new(command, input).end();
        assert_eq!(ran.code, Some(1), "{ran:?}");
        ran.err
    };
    assert!(serve("", &[]).contains("cannot replay standard input: it has no subscription"));
    let broken = session().replacen("\"server\"", "\"other\"", 1);
    assert!(serve(&broken, &[]).contains("line 2 of the recording: `from` should be"));
    assert!(serve(&session(), &["--host", "999.1.1.1"]).contains("999.1.1.1"));
}

#[test]
fn a_file_that_is_not_a_recording_is_named() {
    let serve = |file: &Path| {
        let ran = run(&["serve", file.to_str().expect("text"), "--port", "0"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        ran.err
    };
    let missing = no_file("no.jsonl");
    let error = serve(&missing);
    let words = format!("the recording {} does not exist\n", missing.display());
    assert!(error.contains(&words), "{error}");
    let hint = format!("hs stream URL VIEW --save {}", missing.display());
    assert!(error.contains(&hint), "{error}");

    let error = serve(missing.parent().expect("a directory"));
    assert!(
        error.contains(" is a directory, not a recording\n"),
        "{error}"
    );

    for (content, kind) in [
        (r#"{"stack_name": "Ore", "entities": []}"#, "a stack file"),
        ("{\n \"state_name\": \"Round\"\n}", "a stack file"),
        (
            r#"{"kind": "stack-manifest", "payload": {}}"#,
            "a stack-manifest",
        ),
        (r#"{"kind": "live-spec", "payload": {}}"#, "a live-spec"),
        (
            r#"{"kind": "program-spec", "payload": {}}"#,
            "a program-spec",
        ),
    ] {
        let file = no_file("artifact.json");
        fs::write(&file, content).expect("a file");
        let error = serve(&file);
        let words = format!(" is {kind}, not a recording\n");
        assert!(error.contains(&words), "{error}");
        assert!(error.contains("hs stream URL VIEW --save FILE"), "{error}");
    }
    // Other mistakes name the line or what is missing.
    let file = no_file("broken.jsonl");
    for (content, words) in [
        ("{\"ms\": 1}\n", "line 1 of the recording: `from` should be"),
        ("", "it has no subscription"),
    ] {
        fs::write(&file, content).expect("a file");
        let error = serve(&file);
        let start = format!("error: cannot replay {}", file.display());
        assert!(
            error.starts_with(&start) && error.contains(words),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_a_row_gets_a_note_and_the_stream_waits() -> Result<(), ServerError> {
    for protocol in [Protocol::V1, Protocol::V2] {
        for view in ["Round/list", "Round/state"] {
            let server = rounds_of(protocol).await?;
            let url = server.url();
            let mut stream = Running::new(hs(&["stream", &url, view, "--key", "x"]), "");
            let note = stream.wait_for("note: ");
            let words = format!(r#"{view} has no row with the key "x"; waiting for it"#);
            assert!(note.contains(&words), "{note}");
            assert!(note.contains("`hs stream URL Round` shows"), "{note}");
            server.upsert("Round", "x", json!({"id": {"n": 9}}));
            assert_eq!(stream.line(), r#"upsert x {"id":{"n":9}}"#);
        }
    }
    Ok(())
}

#[test]
fn a_port_in_use_gets_a_hint() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let mut server = Running::new(hs(&["serve", "-", "--port", &port]), &session());
    let ran = server.end();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let lines: Vec<_> = ran.err.lines().collect();
    let [hint, listening, cause] = lines[..] else {
        panic!("{ran:?}");
    };
    assert!(hint.contains(&port) && hint.contains("--port 0"), "{hint}");
    assert_eq!(
        listening,
        format!("  caused by: cannot listen on 127.0.0.1:{port}")
    );
    assert!(cause.starts_with("  caused by: "), "{cause}");
}

#[test]
fn an_address_of_another_machine_is_an_error() {
    // This address is reserved for documentation.
    let host = ["serve", "-", "--host", "192.0.2.1"];
    let ran = Running::new(hs(&host), &session()).end();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err
            .starts_with("error: cannot listen on 192.0.2.1:8877\n"),
        "{ran:?}"
    );
}

#[test]
fn help_exits_with_0() {
    for command in ["get", "stream", "tape", "serve", "doctor"] {
        let Ran { code, out, .. } = run(&[command, "--help"]);
        assert_eq!(code, Some(0));
        assert!(out.iter().any(|line| line.contains("Examples:")), "{out:?}");
    }
}
