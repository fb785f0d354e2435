//! The lines of `hs stream`.

use hyperstack_sdk::testing::{Refusal, ServerError, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};

use crate::support::{hs, rounds, rounds_of, run, served, session, Running};

type Done = Result<(), Box<dyn std::error::Error>>;

fn stream(arguments: &[&str]) -> Running {
    Running::new(hs(&[&["stream"], arguments].concat()), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn with_json_each_line_is_an_object() -> Done {
    let server = rounds().await?;
    let mut stream = stream(&[&server.url(), "Round", "--json", "--count", "5"]);
    let json = |lines: Vec<String>| -> Result<Vec<Value>, _> {
        lines
            .iter()
            .map(|line| serde_json::from_str(line))
            .collect()
    };
    let row = |name: &str, n: u64, open: bool| json!({"id": {"n": n, "name": name}, "open": open});
    let rows = [
        json!({"op": "upsert", "key": "a", "data": row("a", 1, true)}),
        json!({"op": "upsert", "key": "b", "data": row("b", 2, false)}),
        json!({"op": "upsert", "key": "c", "data": row("c", 3, true)}),
    ];
    let mut first = json(stream.lines(3))?;
    first.sort_by_key(|line| line["key"].to_string());
    assert_eq!(first, rows);
    server.patch("Round", "a", json!({"open": false}));
    server.patch("Round", "b", json!({"id": {"n": 4}}));
    let ran = stream.end();
    assert_eq!(
        json(ran.out)?,
        [
            json!({"op": "patch", "key": "a", "data": row("a", 1, false), "changed": {"open": false}}),
            json!({"op": "patch", "key": "b", "data": row("b", 4, false), "changed": {"id": {"n": 4}}}),
        ]
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), "connected"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn text_lines_show_the_changed_fields() -> Done {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = rounds_of(protocol).await?;
        let mut stream = stream(&[&server.url(), "Round/list"]);
        assert_eq!(
            stream.first_lines(3),
            [
                r#"upsert a {"id":{"n":1,"name":"a"},"open":true}"#,
                r#"upsert b {"id":{"n":2,"name":"b"},"open":false}"#,
                r#"upsert c {"id":{"n":3,"name":"c"},"open":true}"#,
            ]
        );
        server.patch("Round", "a", json!({"open": false}));
        assert_eq!(stream.line(), r#"patch a {"open":false}"#);
        server.patch("Round", "b", json!({"id": {"n": 4}}));
        assert_eq!(stream.line(), r#"patch b {"id":{"n":4}}"#);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_leaves_a_derived_view_is_a_delete() -> Done {
    let server = rounds().await?;
    let mut stream = stream(&[&server.url(), "Round/best", "--fields", "id.n"]);
    let rows = [
        r#"upsert a {"id":{"n":1}}"#,
        r#"upsert b {"id":{"n":2}}"#,
        r#"upsert c {"id":{"n":3}}"#,
    ];
    assert_eq!(stream.first_lines(3), rows);
    server.delete("Round", "c");
    assert_eq!(stream.line(), "delete c");
    server.patch("Round", "b", json!({"id": {"n": 4}}));
    assert_eq!(stream.line(), r#"upsert b {"id":{"n":4}}"#);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_requested_fields_are_shown() -> Done {
    let server = rounds().await?;
    let fields = ["--fields", "id.n,no.such", "--count", "4"];
    let mut stream = stream(&[&[&*server.url(), "Round"], &fields[..]].concat());
    let rows = [
        r#"upsert a {"id":{"n":1}}"#,
        r#"upsert b {"id":{"n":2}}"#,
        r#"upsert c {"id":{"n":3}}"#,
    ];
    assert_eq!(stream.first_lines(3), rows);
    // A change of a hidden field prints no line and does not count.
    server.patch("Round", "a", json!({"open": false}));
    server.patch("Round", "b", json!({"id": {"n": 4}}));
    let ran = stream.end();
    assert_eq!(ran.out, [r#"patch b {"id":{"n":4}}"#], "{ran:?}");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_that_creates_a_row_is_an_upsert() -> Done {
    let server = rounds().await?;
    let mut stream = stream(&[&server.url(), "Round"]);
    stream.first_lines(3);
    server.patch("Round", "d", json!({"open": true}));
    server.patch("Round", "d", json!({"open": false}));
    let lines = [r#"upsert d {"open":true}"#, r#"patch d {"open":false}"#];
    assert_eq!(stream.lines(2), lines);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_combined_with_and() -> Done {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = rounds_of(protocol).await?;
        let passing = |filters: &[&str]| {
            let filters = [filters, &["--fields", "id.n"]].concat();
            stream(&[&[&*server.url(), "Round"], &filters[..]].concat())
        };
        let mut open = passing(&["--where", "open=true"]);
        let rows = [r#"upsert a {"id":{"n":1}}"#, r#"upsert c {"id":{"n":3}}"#];
        assert_eq!(open.first_lines(2), rows);
        let mut both = passing(&["--where", "id.name=b", "--where", "open=false"]);
        assert_eq!(both.line(), r#"upsert b {"id":{"n":2}}"#);

        server.patch("Round", "a", json!({"open": false}));
        server.patch("Round", "b", json!({"id": {"n": 4}}));
        server.patch("Round", "b", json!({"open": true}));
        assert_eq!(open.lines(2), ["delete a", r#"upsert b {"id":{"n":4}}"#]);
        assert_eq!(both.lines(2), [r#"patch b {"id":{"n":4}}"#, "delete b"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_selects_one_row() -> Done {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = rounds_of(protocol).await?;
        for view in ["Round", "Round/state"] {
            let key = ["--key", "b", "--fields", "open"];
            let mut stream = stream(&[&[&*server.url(), view], &key[..]].concat());
            assert_eq!(stream.line(), r#"upsert b {"open":false}"#);
            server.patch("Round", "a", json!({"open": false}));
            server.patch("Round", "b", json!({"open": true}));
            assert_eq!(stream.line(), r#"patch b {"open":true}"#);
            server.patch("Round", "b", json!({"open": false}));
            assert_eq!(stream.line(), r#"patch b {"open":false}"#);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_counted_from_the_front() -> Done {
    let server = rounds().await?;
    let window = |skip: &str, take: &str| {
        let window = ["--skip", skip, "--take", take, "--fields", "id.n"];
        stream(&[&[&*server.url(), "Round"], &window[..]].concat())
    };
    let (mut first, mut second) = (window("0", "1"), window("1", "1"));
    assert_eq!(first.line(), r#"upsert c {"id":{"n":3}}"#);
    assert_eq!(second.line(), r#"upsert b {"id":{"n":2}}"#);
    server.patch("Round", "a", json!({"id": {"n": 5}}));
    assert_eq!(first.lines(2), [r#"upsert a {"id":{"n":5}}"#, "delete c"]);
    assert_eq!(second.lines(2), [r#"upsert c {"id":{"n":3}}"#, "delete b"]);
    Ok(())
}

#[test]
fn a_filter_that_no_row_passes_is_a_note() {
    let (_server, url) = served(&session(), &["--instant"]);
    let mut stream = stream(&[&url, "Round", "--where", "no.such=1"]);
    stream.wait_for("none of 3 rows passes `--where`");
    assert!(stream.child.try_wait().expect("a child").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_no_row_has_is_a_note() -> Done {
    let server = rounds().await?;
    let mut stream = stream(&[&server.url(), "Round", "--fields", "id.na"]);
    stream.wait_for("no row has the field `id.na`, did you mean `id.name`?");
    server.patch("Round", "b", json!({"id": {"na": 4}}));
    assert_eq!(stream.line(), r#"upsert b {"id":{"na":4}}"#);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_is_a_note_and_is_used() -> Done {
    let server = rounds().await?;
    server.hold_replies();
    let mut stream = stream(&[&server.url(), "Round", "--where", "no.such=1"]);
    stream.wait_for("the server has not answered the subscription to Round/list");
    server.release_replies();
    stream.wait_for("none of 3 rows passes");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_of_a_server_are_replaced() -> Done {
    let server = rounds().await?;
    let mut stream = stream(&[&server.url(), "Round"]);
    stream.first_lines(3);
    let issue = Refusal::new("\u{1b}[2J").message("gone\u{7}");
    server.send_issue(&issue, false);
    stream.wait_for("\u{fffd}[2J: gone\u{fffd}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_standard_error_does_not_end_the_stream() -> Done {
    let server = rounds().await?;
    let mut stream = stream(&[&server.url(), "Round", "--count", "5"]);
    stream.first_lines(3);
    stream.close_stderr();
    server.send_issue(&Refusal::new("slow"), false);
    server.patch("Round", "a", json!({"open": false}));
    server.patch("Round", "b", json!({"id": {"n": 4}}));
    assert_eq!(stream.end().code, Some(0));
    Ok(())
}

#[test]
fn the_end_of_the_duration_is_a_success() {
    let (_server, url) = served(&session(), &["--instant"]);
    let ran = run(&["stream", &url, "Round", "--duration", "0"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// Returns a server whose rows are each larger than the buffer of a pipe.
async fn large_rows() -> Result<TestServer, ServerError> {
    let server = TestServer::builder().entity("Round").start().await?;
    for key in ["a", "b", "c"] {
        server.upsert("Round", key, json!({"text": "x".repeat(1 << 20)}));
    }
    Ok(server)
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_stream_does_not_wait_for_a_stuck_reader() -> Done {
    let server = large_rows().await?;
    let url = server.url();
    let mut timed = stream(&[&url, "Round", "--duration", "0.5"]);
    assert_eq!(timed.end_unread(), Some(0));
    for signal in ["-INT", "-TERM"] {
        // With `--count`, all lines are already queued.
        for more in [&[][..], &["--count", "3"]] {
            let mut stream = stream(&[&[&*url, "Round"], more].concat());
            // Read the first line and leave the next one unread.
            stream.line();
            stream.signal(signal);
            assert_eq!(stream.end_unread(), Some(0));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_gets_every_line() -> Done {
    let server = large_rows().await?;
    let ran = run(&["stream", &server.url(), "Round", "--count", "3"]);
    let mut keys: Vec<_> = ran.out.iter().filter_map(|line| line.get(..8)).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["upsert a", "upsert b", "upsert c"]);
    assert_eq!(ran.code, Some(0));
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_ends_the_stream_of_a_view_that_does_not_change() -> Done {
    let server = rounds().await?;
    let mut shell = std::process::Command::new("sh");
    let pipeline = r#""$0" stream "$1" Round | head -n 1"#;
    shell.args(["-c", pipeline, env!("CARGO_BIN_EXE_hs"), &server.url()]);
    let ran = Running::new(shell, "").end();
    assert_eq!((ran.out.len(), ran.code), (1, Some(0)), "{}", ran.err);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_output_ends_the_stream() -> Done {
    let server = rounds().await?;
    let mut stream = stream(&[&server.url(), "Round"]);
    stream.first_lines(3);
    stream.close_stdout();
    server.patch("Round", "a", json!({"open": false}));
    let ran = stream.end();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), "connected"));
    Ok(())
}
