//! `hs stream --save` and its recordings.

#[cfg(unix)]
use std::net::TcpListener;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::process::Command;

use hyperstack_sdk::testing::{Entry, Recording, Side, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::json;

use crate::support::{
    ending_signals, hs, last_rows, no_file, rounds, rounds_of, run, served, served_by, session,
    Running,
};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_session_can_be_served() -> Result<(), Box<dyn std::error::Error>> {
    for (name, protocol) in [
        ("plain.jsonl", Protocol::V1),
        ("compressed.jsonl.gz", Protocol::V2),
    ] {
        let (server, path) = (rounds_of(protocol).await?, no_file(name));
        let arguments = ["stream", &server.url(), "Round", "--count", "5", "--save"];
        let mut stream = Running::new(hs(&[&arguments[..], &[text(&path)]].concat()), "");
        stream.first_lines(3);
        server.patch("Round", "a", json!({"open": false}));
        server.patch("Round", "b", json!({"id": {"n": 4}}));
        let ran = stream.end();
        assert_eq!((ran.code, ran.out.len()), (Some(0), 2), "{ran:?}");

        let bytes = std::fs::read(&path)?;
        assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), name.ends_with(".gz"));
        let recording = Recording::open(&path)?;
        assert_eq!(recording.views()[0], "Round/list");
        assert_eq!(recording.entries()[0].from, Side::Client);

        let command = hs(&["serve", text(&path), "--port", "0", "--instant"]);
        let (_served, url) = served_by(command, "");
        let mut stream = Running::new(
            hs(&["stream", &url, "Round", "--json", "--fields", "id,open"]),
            "",
        );
        stream.wait_for_rows(&last_rows());
    }
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_loses_no_messages() -> Result<(), Box<dyn std::error::Error>> {
    let ending = ending_signals().into_iter().map(|signal| (signal, Some(0)));
    for (signal, code) in ending.chain([("-KILL", None)]) {
        let (server, path) = (rounds().await?, no_file("interrupted.jsonl.gz"));
        let arguments = ["stream", &server.url(), "Round", "--save", text(&path)];
        let mut stream = Running::new(hs(&arguments), "");
        stream.first_lines(3);
        server.patch("Round", "a", json!({"open": false}));
        server.patch("Round", "b", json!({"id": {"n": 4}}));
        stream.lines(2);
        stream.signal(signal);
        let ran = stream.end();
        assert_eq!(ran.code, code, "{ran:?}");
        let recording = Recording::open(&path)?;
        let is_patch =
            |entry: &Entry| entry.from == Side::Server && entry.text.contains("\"patch\"");
        let patches = recording.iter().filter(|entry| is_patch(entry));
        assert_eq!(patches.count(), 2);
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_ignored_hangup_does_not_end_the_stream() -> Result<(), Box<dyn std::error::Error>> {
    let server = rounds().await?;
    let mut command = Command::new("sh");
    let ignoring = "trap '' HUP; exec \"$@\"";
    command.args(["-c", ignoring, "sh", env!("CARGO_BIN_EXE_hs")]);
    command.args(["stream", &server.url(), "Round"]);
    let mut stream = Running::new(command, "");
    stream.first_lines(3);
    stream.signal("-HUP");
    server.patch("Round", "a", json!({"open": false}));
    assert_eq!(stream.line(), r#"patch a {"open":false}"#);
    Ok(())
}

#[test]
fn an_existing_file_is_only_overwritten_with_force() {
    let path = no_file("kept.jsonl");
    std::fs::write(&path, "mine").expect("a file can be written");
    let (_server, url) = served(&session(), &["--instant"]);
    let arguments = [
        "stream",
        &url,
        "Round",
        "--count",
        "1",
        "--save",
        text(&path),
    ];
    let refused = run(&arguments);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("pass `--force` to overwrite it"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some("mine"));

    let forced = run(&[&arguments[..], &["--force"]].concat());
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert!(Recording::open(&path).is_ok());
}

#[test]
fn a_failed_connection_leaves_no_file_and_overwrites_none() {
    for name in ["nothing.jsonl", "nothing.jsonl.gz"] {
        let path = no_file(name);
        let arguments = ["stream", "http://a.b", "Round", "--save", text(&path)];
        assert_eq!(run(&arguments).code, Some(1));
        assert!(!path.exists());

        std::fs::write(&path, "mine").expect("a file can be written");
        let forced = run(&[&arguments[..], &["--force"]].concat());
        assert_eq!(forced.code, Some(1), "{forced:?}");
        assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some("mine"));
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_does_not_wait_for_a_connection() -> std::io::Result<()> {
    let (silent, path) = (TcpListener::bind("127.0.0.1:0")?, no_file("silent.jsonl"));
    let url = format!("ws://{}", silent.local_addr()?);
    let mut stream = Running::new(hs(&["stream", &url, "Round", "--save", text(&path)]), "");
    let _connection = silent.accept()?;
    stream.signal("-INT");
    let ran = stream.end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!path.exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_never_printed_or_saved() -> Result<(), Box<dyn std::error::Error>> {
    let server = TestServer::builder()
        .entity("Round")
        .token("secret-of-mine");
    let server = server.start().await?;
    server.upsert("Round", "a", json!({"n": 1}));
    let (url, path) = (server.url(), no_file("secret.jsonl"));
    let arguments = [
        "stream",
        &url,
        "Round",
        "--count",
        "1",
        "--save",
        text(&path),
        "--force",
    ];
    let from_flag = run(&[&arguments[..], &["--token", "secret-of-mine"]].concat());
    let mut command = hs(&arguments);
    command.env("HYPERSTACK_TOKEN", "secret-of-mine");
    let from_environment = Running::new(command, "").end();
    let wrong = run(&[&arguments[..], &["--token", "secret-of-yours"]].concat());
    let codes = [from_flag.code, from_environment.code, wrong.code];
    assert_eq!(codes, [Some(0), Some(0), Some(1)], "{wrong:?}");
    assert!(wrong.err.contains("HYPERSTACK_TOKEN"), "{wrong:?}");
    let saved = std::fs::read_to_string(&path).unwrap_or_default();
    let all = format!("{from_flag:?} {from_environment:?} {wrong:?} {saved}");
    assert!(!all.contains("secret-of"), "{all}");
    Ok(())
}
