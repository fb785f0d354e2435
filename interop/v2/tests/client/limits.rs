//! Limits that the server enforces on an open connection.

use hyperstack_interop_socket::Event;
use hyperstack_interop_v2::{Granted, Limits, Paced, RateLimitConfig};
use hyperstack_sdk::TapeError;

use super::*;

fn rows(limit: u32) -> Limits {
    Limits {
        max_snapshot_rows: Some(limit),
        ..Limits::default()
    }
}

fn subscriptions(limit: u32) -> Limits {
    Limits {
        max_subscriptions: Some(limit),
        ..Limits::default()
    }
}

/// Waits until the client has dropped the views that have no reader.
async fn held(hs: &HyperStack, views: usize) {
    until(async || hs.stats().views <= views).await;
}

#[tokio::test]
async fn a_snapshot_above_the_row_limit_is_an_error_and_a_smaller_one_is_not() {
    let server = players().limits(rows(10)).start();
    server.apply(crowd(11)).await;
    let hs = patient(&server).await;
    let views = hs.views::<PlayerViews>();
    let mut top = Reader::new(views.top().watch());
    top.reaches(server.window("Player/top", 0, 3).await).await;
    let read = deadline(hs.try_list::<Player>()).await;
    let Err(ReadError::Refused { view, issue }) = &read else {
        panic!("no refusal: {read:?}");
    };
    assert_eq!(view, "Player/list");
    assert_eq!(issue.code, "subscription-rejected");
    assert!(issue.message.contains("11"), "{}", issue.message);
    let error = read.expect_err("a refusal").to_string();
    for part in ["Player/list", "subscription-rejected", "11"] {
        assert!(error.contains(part), "{error}");
    }
    let mut errors = hs.try_watch::<Player>();
    let refused = deadline(errors.next()).await.expect("an item");
    assert!(
        matches!(refused, Err(StreamError::Refused(_))),
        "{refused:?}"
    );
    // The connection still works, and fewer rows are accepted.
    let ten = views.list().take(10);
    let read = deadline(ten.try_get()).await.expect("rows");
    assert_eq!(names(&read), keys(&server.rows("Player/list").await[..10]));
    server.apply([player("new", 50)]).await;
    top.reaches(server.window("Player/top", 0, 3).await).await;
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn a_list_that_has_shrunk_is_read_again() {
    let server = players().limits(rows(10)).start();
    server.apply(crowd(11)).await;
    let hs = patient(&server).await;
    let mut early = Reader::new(hs.watch::<Player>());
    early.begins().await;
    assert!(deadline(hs.try_list::<Player>()).await.is_err());
    server.apply([delete("p4")]).await;
    let read = deadline(hs.try_list::<Player>()).await.expect("rows");
    assert_eq!(names(&read), keys(&server.rows("Player/list").await));
    // The reader whose request was refused has the rows too.
    early.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p1", &mut early).await;
}

#[tokio::test]
async fn a_subscription_above_the_limit_is_an_error_and_the_others_continue() {
    let server = players().limits(subscriptions(2)).start();
    server.apply(crowd(4)).await;
    let builder = client(&server).linger(Duration::ZERO);
    let hs = builder.connect().await.expect("a connection");
    let views = hs.views::<PlayerViews>();
    let mut list = Reader::new(hs.watch::<Player>());
    let mut top = Reader::new(views.top().watch());
    list.reaches(server.rows("Player/list").await).await;
    top.reaches(server.window("Player/top", 0, 3).await).await;
    let read = deadline(views.ranked().try_get()).await;
    let Err(ReadError::Refused { view, issue }) = read else {
        panic!("no refusal: {read:?}");
    };
    assert_eq!(view, "Player/ranked");
    assert_eq!(issue.code, "subscription-limit-exceeded");
    let error = ReadError::Refused {
        view,
        issue: issue.clone(),
    }
    .to_string();
    for part in [
        "Player/ranked",
        "subscription-limit-exceeded",
        &issue.message,
    ] {
        assert!(error.contains(part), "{error}");
    }
    settles(&server, "Player/list", "p1", &mut list).await;
    held(&hs, 2).await;
    // A waiting reader gets the freed subscription.
    let mut least = Reader::new(views.least().watch());
    server.apply([player("new", 9)]).await;
    top.reaches(server.window("Player/top", 0, 3).await).await;
    drop(top);
    least.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p1", &mut least).await;
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn a_stream_above_the_limit_has_its_rows_when_a_place_becomes_free() {
    let server = players().limits(subscriptions(1)).start();
    server.apply(crowd(4)).await;
    let builder = client(&server).linger(Duration::ZERO);
    let hs = builder.connect().await.expect("a connection");
    let mut issues = hs.socket_issues();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let mut least = Reader::new(hs.views::<PlayerViews>().least().watch());
    least.begins().await;
    let issue = deadline(issues.next()).await.expect("an issue");
    assert_eq!(issue.code, "subscription-limit-exceeded");
    settles(&server, "Player/list", "p1", &mut list).await;
    drop(list);
    least.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p1", &mut least).await;
}

#[tokio::test]
async fn a_place_that_a_tape_leaves_is_used() {
    let server = players().limits(subscriptions(2)).tapes(100).start();
    server.apply(crowd(4)).await;
    let builder = client(&server).linger(Duration::ZERO);
    let hs = builder.connect().await.expect("a connection");
    let views = hs.views::<PlayerViews>();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    // The client ends the tape when it learns that the view is one. Before that, the server refuses the other
    // subscription.
    let mut tape = Reader::<Value>::new(hs.raw("Player").collection("Player/append").watch());
    let mut least = Reader::new(views.least().watch());
    tape.begins().await;
    least.begins().await;
    least.reaches(server.rows("Player/list").await).await;
    let end = tape.end().await;
    assert!(matches!(end, EndReason::Tape { .. }), "{end:?}");
}

/// The server says how long to wait, and closes the connection.
#[tokio::test]
async fn more_messages_than_allowed_end_the_connection_and_the_client_waits() {
    let limits = Limits {
        max_messages_per_minute: Some(4),
        ..Limits::default()
    };
    let expired = false;
    let server = players().auth(Granted { limits, expired }).start();
    server.apply(crowd(3)).await;
    let hs = connect(&server).await;
    let mut faults = hs.faults();
    // The client has sent two messages to find out the protocol.
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let views = hs.views::<PlayerViews>();
    let mut top = Reader::new(views.top().watch());
    top.reaches(server.window("Player/top", 0, 3).await).await;
    let mut least = Reader::new(views.least().watch());
    least.begins().await;
    loop {
        match deadline(faults.next()).await.expect("a fault") {
            Fault::Issue(issue) => {
                assert_eq!(issue.code, "rate-limit-exceeded");
                assert_eq!(issue.retry_after, Some(60));
            }
            Fault::Connection(ConnectError::Lost { cause: lost, .. }) => {
                assert_eq!(lost.retry_after(), Some(Duration::from_secs(60)));
                return;
            }
            fault => panic!("{fault:?}"),
        }
    }
}

#[tokio::test]
async fn more_bytes_than_allowed_end_the_connection_and_the_client_returns() {
    let limits = Limits {
        max_bytes_per_minute: Some(4_000),
        ..Limits::default()
    };
    let expired = false;
    let server = players().auth(Granted { limits, expired }).start();
    server.apply(crowd(3)).await;
    let hs = client(&server).connect().await.expect("a connection");
    let mut faults = hs.faults();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    server
        .apply((0..60).map(|n| change("p1", json!({"score": n}))))
        .await;
    let fault = deadline(faults.next()).await;
    assert!(
        matches!(fault, Some(Fault::Connection(ConnectError::Lost { .. }))),
        "{fault:?}"
    );
    list.reaches(server.rows("Player/list").await).await;
}

/// A host of many stacks can limit how many subscriptions a customer starts per minute. The error has the code of the
/// limit on messages, but it concerns one subscription, and the connection stays open.
#[tokio::test]
async fn a_subscription_that_must_wait_is_an_error_and_starts_when_the_time_is_over() {
    let pace = Paced::default();
    pace.allow(1);
    let server = players().admission(pace.clone()).start();
    server.apply(crowd(4)).await;
    let hs = unhurried(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let least = hs.views::<PlayerViews>().least();
    let mut errors = least.watch().with_errors();
    let refused = deadline(errors.next()).await.expect("an item");
    let Err(StreamError::Refused(issue)) = refused else {
        panic!("no refusal: {refused:?}")
    };
    assert_eq!(issue.code, "rate-limit-exceeded");
    assert_eq!((issue.retry_after, issue.fatal), (Some(60), false));
    settles(&server, "Player/list", "p1", &mut list).await;
    pace.allow(1);
    forward(Duration::from_secs(60)).await;
    for _ in 0..4 {
        assert!(deadline(errors.next()).await.expect("an item").is_ok());
    }
    assert_eq!(deadline(least.try_get()).await.expect("rows").len(), 4);
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn a_tape_that_must_wait_opens_when_the_time_is_over() {
    let pace = Paced::default();
    let server = players().tapes(100).admission(pace.clone()).start();
    server.apply([player("p", 1)]).await;
    let hs = unhurried(&server).await;
    let mut tape = hs.views::<PlayerViews>().append().tape();
    let waits = deadline(tape.next()).await.expect("an item");
    let Err(TapeError::OverLimit { issue, .. }) = waits else {
        panic!("no refusal: {waits:?}")
    };
    assert_eq!(issue.code, "rate-limit-exceeded");
    pace.allow(1);
    forward(Duration::from_secs(60)).await;
    assert!(deadline(tape.next()).await.expect("an item").is_ok());
}

#[tokio::test]
async fn a_client_that_sent_too_many_messages_returns_after_the_time_that_the_server_names() {
    // Two to find out the protocol, one for the list, and two for each of three reads.
    let limits = Limits {
        max_messages_per_minute: Some(8),
        ..Limits::default()
    };
    let expired = false;
    let server = players().auth(Granted { limits, expired }).start();
    server.apply(crowd(3)).await;
    let builder = client(&server).linger(Duration::ZERO).ping_interval(DAY);
    let hs = builder.connect().await.expect("a connection");
    let mut faults = hs.faults();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let views = hs.views::<PlayerViews>();
    for view in [views.top(), views.ranked(), views.least()] {
        assert_eq!(deadline(view.try_get()).await.expect("rows").len(), 3);
    }
    let lost = loop {
        match deadline(faults.next()).await.expect("a fault") {
            Fault::Connection(error) => break error,
            fault => assert!(matches!(fault, Fault::Issue(_)), "{fault:?}"),
        }
    };
    assert_eq!(lost.retry_after(), Some(Duration::from_secs(60)));
    server.apply([change("p1", json!({"score": 7}))]).await;
    forward(Duration::from_secs(60)).await;
    list.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!(hs.stats().reconnects, 1);
}

/// The queue has its default length of 512 messages. Large ones fill the buffers of the network first.
#[test]
fn a_blocked_client_is_disconnected_and_catches_up_afterwards() {
    let server = players().start();
    let here = runtime();
    let (hs, mut list) = here.block_on(async {
        server.apply(crowd(2)).await;
        let hs = client(&server).connect().await.expect("a connection");
        let mut list = Reader::new(hs.watch::<Player>());
        list.reaches(server.rows("Player/list").await).await;
        (hs, list)
    });
    let mut faults = hs.faults();
    // Nothing runs the client meanwhile. Another one keeps up.
    runtime().block_on(async {
        let other = connect(&server).await;
        let mut other = Reader::new(other.watch::<Player>());
        other.reaches(server.rows("Player/list").await).await;
        let large = (0..20).map(|n| (n, "x".repeat(512 << 10)));
        let small = (20..700).map(|n| (n, "y".to_owned()));
        server
            .apply(
                large
                    .chain(small)
                    .map(|(n, note)| change("p0", json!({"score": n, "note": note}))),
            )
            .await;
        other.reaches(server.rows("Player/list").await).await;
    });
    here.block_on(async {
        let fault = deadline(faults.next()).await;
        assert!(
            matches!(fault, Some(Fault::Connection(ConnectError::Lost { .. }))),
            "{fault:?}"
        );
        list.reaches(server.rows("Player/list").await).await;
        settles(&server, "Player/list", "p1", &mut list).await;
        assert_eq!(hs.stats().reconnects, 1);
    });
}

/// The server reads the system's clock, which a test cannot move. So the time-out is short, and the test sweeps until a
/// client that sends nothing is removed, after about a second.
#[tokio::test]
async fn a_client_that_pings_is_never_idle() {
    let rates = RateLimitConfig::default().with_timeout(Duration::from_secs(1));
    let mut server = players().rates(rates).prepare();
    server.start_with_sweeps();
    server.apply(crowd(2)).await;
    let builder = client(&server).ping_interval(Duration::from_millis(20));
    let hs = builder.connect().await.expect("a connection");
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let mut silent = Client::connect(&server).await;
    silent.open_view("a", "Team/list").await;
    let removed = tokio::spawn(async move { silent.socket.end().await });
    while !removed.is_finished() {
        server.sweep();
        settles(&server, "Player/list", "p1", &mut list).await;
    }
    assert_eq!(removed.await.expect("an end"), Event::Close(None));
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn an_invalid_query_is_an_error_of_its_reader() {
    let server = players().start();
    server.apply(crowd(2)).await;
    let hs = patient(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let players = hs.raw("Player");
    for (view, query) in [
        ("", players.collection("")),
        (
            "Player/list",
            players.collection("Player/list").filter("a..b", 1),
        ),
    ] {
        let read = deadline(query.clone().try_get()).await;
        let Err(ReadError::Refused { view: of, issue }) = read else {
            panic!("no refusal: {read:?}")
        };
        assert_eq!((&*of, issue.code.as_str()), (view, "invalid-subscription"));
        let item = deadline(query.watch().with_errors().next()).await;
        let Some(Err(StreamError::Refused(again))) = item else {
            panic!("no refusal: {item:?}")
        };
        assert_eq!((again.code, again.message), (issue.code, issue.message));
    }
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!(hs.stats().reconnects, 0);
}

/// No message of the client is malformed or invalid, repeats an id or names an unknown one, except for those that find
/// out the protocol, whose answers the client expects.
#[tokio::test]
async fn a_client_provokes_no_error_of_its_own() {
    let mut server = players().start();
    server.apply(crowd(10)).await;
    let builder = client(&server).linger(Duration::ZERO);
    let hs = builder.connect().await.expect("a connection");
    let mut issues = hs.socket_issues();
    let views = hs.views::<PlayerViews>();
    let mut list = Reader::new(hs.watch::<Player>());
    for round in 0..3 {
        list.reaches(server.rows("Player/list").await).await;
        for _ in 0..2 {
            deadline(views.top().try_get()).await.expect("rows");
            deadline(views.best().try_get()).await.expect("a row");
            deadline(views.ranked().skip(2).take(3).try_get())
                .await
                .expect("rows");
            deadline(views.list().filter("name", "p1").try_get())
                .await
                .expect("rows");
            deadline(views.list().take(0).try_get())
                .await
                .expect("no rows");
            deadline(hs.try_get::<Player>("p1")).await.expect("a row");
            deadline(hs.try_get::<Player>("no one"))
                .await
                .expect("no row");
        }
        settles(&server, "Player/list", "p1", &mut list).await;
        nothing(&mut issues);
        if round < 2 {
            server.kill().await;
            server.start();
        }
    }
    assert_eq!((hs.stats().reconnects, hs.stats().frame_errors), (2, 0));
}

/// A runtime that runs only while a test blocks on it.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}
