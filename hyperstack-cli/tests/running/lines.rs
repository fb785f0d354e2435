//! What `hs stream` writes.

use hyperstack_sdk::testing::TestServer;
use serde_json::json;

use crate::support::{hs, run, served, session, Running};

#[test]
fn json_lines_are_the_recording_as_it_is_played() {
    let (_server, url) = served(&session(), &["--instant"]);
    let ran = run(&["stream", &url, "Round", "--json", "--count", "5"]);
    let row = |name: &str, n: u64, open: bool| json!({"id": {"n": n, "name": name}, "open": open});
    assert_eq!(
        ran.json(),
        [
            json!({"op": "upsert", "key": "a", "data": row("a", 1, true)}),
            json!({"op": "upsert", "key": "b", "data": row("b", 2, false)}),
            json!({"op": "upsert", "key": "c", "data": row("c", 3, true)}),
            json!({"op": "patch", "key": "a", "data": row("a", 1, false), "changed": {"open": false}}),
            json!({"op": "patch", "key": "b", "data": row("b", 4, false), "changed": {"id": {"n": 4}}}),
        ]
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), "connected\n"));
}

#[test]
fn lines_for_people_say_what_changed() {
    let (_server, url) = served(&session(), &["--instant"]);
    let ran = run(&["stream", &url, "Round/list", "--count", "5"]);
    assert_eq!(
        ran.out,
        [
            r#"upsert a {"id":{"n":1,"name":"a"},"open":true}"#,
            r#"upsert b {"id":{"n":2,"name":"b"},"open":false}"#,
            r#"upsert c {"id":{"n":3,"name":"c"},"open":true}"#,
            r#"patch a {"open":false}"#,
            r#"patch b {"id":{"n":4}}"#,
        ]
    );
}

#[test]
fn a_derived_view_has_deletes() {
    let (_server, url) = served(&session(), &["--instant"]);
    let ran = run(&[
        "stream",
        &url,
        "Round/best",
        "--fields",
        "id.n",
        "--count",
        "3",
    ]);
    let lines = [
        r#"upsert c {"id":{"n":3}}"#,
        r#"upsert b {"id":{"n":4}}"#,
        "delete c",
    ];
    assert_eq!(ran.out, lines);
}

#[test]
fn only_what_is_asked_for_is_shown() {
    let (_server, url) = served(&session(), &["--instant"]);
    let lines = |arguments: &[&str]| {
        let ran = run(&[&["stream", &url, "Round"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out
    };
    // What changes nothing that is shown is no line, and does not count.
    assert_eq!(
        lines(&["--fields", "id.n,no.such", "--count", "4"]),
        [
            r#"upsert a {"id":{"n":1}}"#,
            r#"upsert b {"id":{"n":2}}"#,
            r#"upsert c {"id":{"n":3}}"#,
            r#"patch b {"id":{"n":4}}"#,
        ]
    );
    let open = ["--where", "open=true", "--fields", "id.n", "--count", "3"];
    let left = [
        r#"upsert a {"id":{"n":1}}"#,
        r#"upsert c {"id":{"n":3}}"#,
        "delete a",
    ];
    assert_eq!(lines(&open), left);
    let name = [
        "--where",
        "id.name=b",
        "--where",
        "id.n=4",
        "--fields",
        "id",
        "--count",
        "1",
    ];
    assert_eq!(lines(&name), [r#"patch b {"id":{"n":4,"name":"b"}}"#]);
    let key = ["--key", "b", "--fields", "id.n", "--count", "2"];
    assert_eq!(
        lines(&key),
        [r#"upsert b {"id":{"n":2}}"#, r#"patch b {"id":{"n":4}}"#]
    );
    let first = lines(&["--take", "1", "--fields", "id.n", "--count", "1"]);
    let second = lines(&[
        "--skip", "1", "--take", "1", "--fields", "id.n", "--count", "1",
    ]);
    assert_ne!(first, second);
}

#[test]
fn a_filter_that_no_row_passes_is_said_and_no_error() {
    let (_server, url) = served(&session(), &["--instant"]);
    let command = hs(&["stream", &url, "Round", "--where", "no.such=1"]);
    let mut stream = Running::new(command, "");
    stream.wait_for("3 rows came, and none passes `--where`");
    assert!(stream.child.try_wait().expect("a child").is_none());
}

#[test]
fn an_end_that_was_asked_for_is_a_success() {
    let (_server, url) = served(&session(), &["--instant"]);
    let ran = run(&["stream", &url, "Round", "--duration", "0"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[tokio::test]
async fn nobody_has_to_read_to_the_end() -> Result<(), Box<dyn std::error::Error>> {
    let server = TestServer::builder().entity("Round").start().await?;
    server.upsert("Round", "a", json!({"n": 0}));
    let mut stream = Running::new(hs(&["stream", &server.url(), "Round"]), "");
    let mut stream = tokio::task::spawn_blocking(move || {
        assert!(stream.line().starts_with("upsert a "));
        stream.out = None;
        stream
    })
    .await?;
    let mut n = 0;
    let ended = loop {
        n += 1;
        server.patch("Round", "a", json!({"n": n}));
        server.wait_idle().await;
        match stream.child.try_wait()? {
            Some(ended) => break ended,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(ended.code(), Some(0));
    assert_eq!(stream.wait_for("connected"), "connected");
    assert!(stream.err.next().is_none(), "it ends in silence");
    Ok(())
}
