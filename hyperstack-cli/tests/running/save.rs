//! `hs stream --save`, and what was saved.

use std::path::Path;
use std::process::Command;

use hyperstack_sdk::testing::{Entry, Recording, Side, TestServer};
use serde_json::json;

use crate::support::{hs, no_file, run, served, session, Ran, Running};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

#[test]
fn what_is_saved_can_be_served() {
    for name in ["plain.jsonl", "compressed.jsonl.gz"] {
        let path = no_file(name);
        let stream = |url: &str, more: &[&str]| {
            let ran = run(&[&["stream", url, "Round", "--json", "--count", "5"], more].concat());
            assert_eq!(ran.code, Some(0), "{ran:?}");
            ran.json()
        };
        let (_server, url) = served(&session(), &["--instant"]);
        let told = stream(&url, &["--save", text(&path)]);

        let bytes = std::fs::read(&path).expect("a recording");
        assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), name.ends_with(".gz"));
        let recording = Recording::open(&path).expect("a whole recording");
        assert_eq!(recording.views()[0], "Round/list");
        assert_eq!(recording.entries()[0].from, Side::Client);

        let mut saved = Vec::new();
        recording
            .write(&mut saved)
            .expect("it is written to memory");
        let saved = String::from_utf8(saved).expect("a recording is text");
        let (_server, url) = served(&saved, &["--instant"]);
        assert_eq!(stream(&url, &[]), told);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_loses_nothing() {
    let (_server, url) = served(&session(), &["--instant"]);
    for signal in ["-INT", "-TERM"] {
        let path = no_file("interrupted.jsonl.gz");
        let command = hs(&["stream", &url, "Round", "--save", text(&path)]);
        let mut stream = Running::new(command, "");
        let lines: Vec<_> = (0..5).map(|_| stream.line()).collect();
        let id = stream.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        assert_eq!(stream.code(), Some(0));
        let recording = Recording::open(&path).expect("a whole recording");
        let told = |entry: &Entry| entry.from == Side::Server && entry.text.contains("\"patch\"");
        let patches = recording.iter().filter(|entry| told(entry));
        assert_eq!((lines.len(), patches.count()), (5, 2));
    }
}

#[test]
fn a_file_that_is_there_is_left_alone() {
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
        refused.err.contains("`--force` overwrites it"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), Some("mine"));

    let forced = run(&[&arguments[..], &["--force"]].concat());
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert!(Recording::open(&path).is_ok());
}

#[test]
fn of_a_connection_that_was_not_made_nothing_is_left() {
    let path = no_file("nothing.jsonl");
    let ran = run(&["stream", "http://a.b", "Round", "--save", text(&path)]);
    assert_eq!(ran.code, Some(1));
    assert!(!path.exists());
}

#[tokio::test]
async fn a_token_is_shown_nowhere() -> Result<(), Box<dyn std::error::Error>> {
    let server = TestServer::builder()
        .entity("Round")
        .token("secret-of-mine");
    let server = server.start().await?;
    server.upsert("Round", "a", json!({"n": 1}));
    let (url, path) = (server.url(), no_file("secret.jsonl"));
    let told = tokio::task::spawn_blocking(move || {
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
        let given = run(&[&arguments[..], &["--token", "secret-of-mine"]].concat());
        let mut command = hs(&arguments);
        command.env("HYPERSTACK_TOKEN", "secret-of-mine");
        let of_environment = Ran::new(command.output().expect("hs can be started"));
        let wrong = run(&[&arguments[..], &["--token", "secret-of-yours"]].concat());
        let codes = [given.code, of_environment.code, wrong.code];
        assert_eq!(codes, [Some(0), Some(0), Some(1)], "{wrong:?}");
        assert!(wrong.err.contains("HYPERSTACK_TOKEN"), "{wrong:?}");
        let saved = std::fs::read_to_string(&path).unwrap_or_default();
        format!("{given:?} {of_environment:?} {wrong:?} {saved}")
    })
    .await?;
    assert!(!told.contains("secret-of"), "{told}");
    Ok(())
}
