//! The lines of `hs tape`.

use hyperstack_sdk::testing::{ServerError, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};

use crate::support::{hs, run, Running};

type Done = Result<(), Box<dyn std::error::Error>>;

fn tape(arguments: &[&str]) -> Running {
    Running::new(hs(&[&["tape"], arguments].concat()), "")
}

/// A server with three records.
async fn trades() -> Result<TestServer, ServerError> {
    let server = TestServer::builder().tape("Trade/append", 100).start();
    let server = server.await?;
    server.patch("Trade", "SOL", json!({"price": 1, "buyer": "ada"}));
    server.patch("Trade", "two words", json!({"price": 2}));
    server.patch("Trade", "SOL", json!({"price": 3, "buyer": "ada"}));
    Ok(server)
}

/// The line without its cursor's epoch.
fn shown(line: &str) -> &str {
    line.split_once(':').map_or(line, |(_, shown)| shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_a_line_first_the_retained_ones() -> Done {
    let server = trades().await?;
    let mut tape = tape(&[&server.url(), "Trade", "--count", "4"]);
    let lines = tape.lines(3);
    let shown_lines: Vec<_> = lines.iter().map(|line| shown(line)).collect();
    assert_eq!(
        shown_lines,
        [
            r#"0 SOL {"buyer":"ada","price":1}"#,
            r#"1 "two words" {"price":2}"#,
            r#"2 SOL {"buyer":"ada","price":3}"#,
        ]
    );
    server.patch("Trade", "SOL", json!({"price": 4}));
    let ran = tape.end();
    assert_eq!(shown(&ran.out[0]), r#"3 SOL {"price":4}"#);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), "connected"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_cursor_of_the_output_continues_it() -> Done {
    let server = trades().await?;
    let url = server.url();
    let ran = run(&["tape", &url, "Trade/append", "--json", "--until-now"]);
    assert_eq!((ran.out.len(), ran.code), (3, Some(0)), "{}", ran.err);
    let last: Value = serde_json::from_str(&ran.out[2])?;
    assert_eq!(last["key"], "SOL");
    assert_eq!(last["patch"]["price"], 3);
    let cursor = last["cursor"].as_str().ok_or("no cursor")?;
    server.patch("Trade", "SOL", json!({"price": 4}));
    let ran = run(&["tape", &url, "Trade", "--after", cursor, "--count", "1"]);
    assert_eq!(shown(&ran.out[0]), r#"3 SOL {"price":4}"#);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_selected_by_key_and_value() -> Done {
    let server = trades().await?;
    let url = server.url();
    let ran = run(&["tape", &url, "Trade", "--where", "price=2", "--count", "1"]);
    assert_eq!(shown(&ran.out[0]), r#"1 "two words" {"price":2}"#);
    let filters = ["--key", "SOL", "--where", "buyer=ada", "--count", "2"];
    let ran = run(&[&["tape", &url, "Trade"], &filters[..]].concat());
    assert_eq!(shown(&ran.out[1]), r#"2 SOL {"buyer":"ada","price":3}"#);
    let mut now = tape(&[&url, "Trade", "--from-now", "--count", "1"]);
    // The first subscription asks for the end of the tape.
    let resumed =
        |message: &Value| message["query"]["after"] == server.cursor("Trade/append").to_string();
    server.wait_for_message(resumed).await;
    server.patch("Trade", "SOL", json!({"price": 5}));
    assert_eq!(shown(&now.line()), r#"3 SOL {"price":5}"#);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_records_are_a_warning_or_an_error() -> Done {
    let server = trades().await?;
    let url = server.url();
    let after = ["--after", "other:7", "--count", "1"];
    let ran = run(&[&["tape", &url, "Trade"], &after[..]].concat());
    assert_eq!((ran.out.len(), ran.code), (1, Some(0)));
    let lost = "the tape \"Trade/append\" lost records after other:7";
    assert!(ran.err.contains(&format!("warning: {lost}")), "{}", ran.err);
    let ran = run(&[&["tape", &url, "Trade", "--strict"], &after[..]].concat());
    assert_eq!((ran.out.len(), ran.code), (0, Some(1)));
    assert!(ran.err.contains(&format!("error: {lost}")), "{}", ran.err);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_before_the_end_of_the_history_is_not_skipped() -> Done {
    let server = TestServer::builder().tape("Trade/append", 100).start();
    let server = server.await?;
    let after = ["--after", "other:7", "--until-now"];
    let ran = run(&[&["tape", &server.url(), "Trade"], &after[..]].concat());
    assert_eq!((ran.out.len(), ran.code), (0, Some(0)));
    let lost = "the tape \"Trade/append\" lost records after other:7";
    assert!(ran.err.contains(lost), "{}", ran.err);
    let strict = ["--strict", "--after", "other:7", "--until-now"];
    let ran = run(&[&["tape", &server.url(), "Trade"], &strict[..]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_with_rows_is_not_a_tape() -> Done {
    let server = trades().await?;
    let url = server.url();
    let ran = run(&["tape", &url, "Trade/list"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err
            .contains("is not a tape: show its rows with `hs stream`"),
        "{}",
        ran.err
    );
    let ran = run(&["stream", &url, "Trade/append"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err
            .contains("is a tape: print its records with `hs tape`"),
        "{}",
        ran.err
    );
    let v1 = TestServer::builder().protocol(Protocol::V1);
    let v1 = v1.entity("Trade").start().await?;
    let ran = run(&["tape", &v1.url(), "Trade"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("the server speaks protocol v1"),
        "{}",
        ran.err
    );
    let ran = run(&["tape", &url, "Trade", "--after", "no cursor"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("expected \"<epoch>:<offset>\""),
        "{}",
        ran.err
    );
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_ends_a_tape_without_new_records() -> Done {
    let server = trades().await?;
    let mut shell = std::process::Command::new("sh");
    let pipeline = r#""$0" tape "$1" Trade | head -n 1"#;
    shell.args(["-c", pipeline, env!("CARGO_BIN_EXE_hs"), &server.url()]);
    let ran = Running::new(shell, "").end();
    assert_eq!((ran.out.len(), ran.code), (1, Some(0)), "{}", ran.err);
    Ok(())
}
