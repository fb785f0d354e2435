//! `hs serve`: what clients get, and how it ends.

use serde_json::json;

use crate::support::{ending_signals, hs, last_rows, served, session, Running};

#[test]
fn the_output_lists_the_url_and_the_views() {
    let (mut server, url) = served(&session(), &[]);
    assert!(
        url.starts_with("ws://127.0.0.1:") && !url.ends_with(":0"),
        "{url}"
    );
    assert_eq!(server.line(), "views: Round/list, Round/best");
    assert_eq!(server.line(), format!("  hs stream {url} Round/list"));
}

#[test]
fn every_client_gets_the_recording_from_the_start() {
    for pace in [&["--instant"][..], &["--speed", "100"], &[]] {
        let (_server, url) = served(&session(), pace);
        for _ in 0..2 {
            let mut stream = Running::new(hs(&["stream", &url, "Round", "--json"]), "");
            stream.wait_for_rows(&last_rows());
        }
    }
}

#[test]
fn a_derived_view_is_replayed() {
    let (_server, url) = served(&session(), &["--instant"]);
    let mut stream = Running::new(hs(&["stream", &url, "Round/best", "--json"]), "");
    stream.wait_for_rows(&json!({"b": {"id": {"n": 4}}}));
}

#[test]
fn with_once_it_exits_after_the_recording() {
    let (mut server, url) = served(&session(), &["--instant", "--once"]);
    let mut stream = Running::new(hs(&["stream", &url, "Round", "--json"]), "");
    stream.wait_for_rows(&last_rows());
    let lost = stream.wait_for("reconnecting");
    assert!(lost.contains("the end of the recording"), "{lost}");
    assert_eq!(server.end().code, Some(0));
}

#[test]
fn with_loop_a_client_reconnects_and_gets_it_again() {
    let (_server, url) = served(&session(), &["--instant", "--loop"]);
    let mut stream = Running::new(hs(&["stream", &url, "Round", "--json"]), "");
    stream.wait_for_rows(&last_rows());
    let lost = stream.wait_for("reconnecting");
    assert!(lost.contains("the end of the recording"), "{lost}");
    stream.wait_for("connected");
    // The first row goes back from its last to its first state.
    let line = stream.line();
    assert!(line.starts_with(r#"{"op":"upsert","key":"a""#), "{line}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it() {
    for signal in ending_signals() {
        let (mut server, _url) = served(&session(), &[]);
        server.signal(signal);
        assert_eq!(server.end().code, Some(0), "{signal}");
    }
}
