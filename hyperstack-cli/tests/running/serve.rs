//! `hs serve`: what is played, to whom, and how it ends.

use crate::support::{hs, run, served, session, Running};

#[test]
fn it_says_what_there_is_to_see() {
    let (mut server, url) = served(&session(), &[]);
    assert!(
        url.starts_with("ws://127.0.0.1:") && !url.ends_with(":0"),
        "{url}"
    );
    assert_eq!(server.line(), "views: Round/list, Round/best");
    assert_eq!(server.line(), format!("  hs stream {url} Round/list"));
}

#[test]
fn every_client_gets_it_from_the_start() {
    for pace in [&["--instant"][..], &["--speed", "100"], &[]] {
        let (_server, url) = served(&session(), pace);
        let lines = || run(&["stream", &url, "Round", "--count", "5"]).out;
        let first = lines();
        assert_eq!((first.len(), lines()), (5, first.clone()), "{pace:?}");
    }
}

#[test]
fn once_it_ends_when_it_was_played_and_everyone_left() {
    let (mut server, url) = served(&session(), &["--instant", "--once"]);
    let ran = run(&["stream", &url, "Round", "--count", "5"]);
    assert_eq!((ran.code, ran.out.len()), (Some(0), 5), "{ran:?}");
    assert_eq!(server.code(), Some(0));
}

#[test]
fn in_a_loop_a_client_comes_back_for_it() {
    let (_server, url) = served(&session(), &["--instant", "--loop"]);
    let mut stream = Running::new(hs(&["stream", &url, "Round"]), "");
    stream.wait_for("connected");
    let lost = stream.wait_for("reconnecting");
    assert!(lost.contains("the end of the recording"), "{lost}");
    stream.wait_for("connected");
    let lines: Vec<_> = (0..7).map(|_| stream.line()).collect();
    assert_eq!(lines[4], r#"patch b {"id":{"n":4}}"#);
    // It had come to its end, and goes back.
    assert!(lines[5].starts_with("upsert a "), "{lines:?}");
}
