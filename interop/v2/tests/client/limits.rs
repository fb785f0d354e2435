//! Limits that the server enforces on an open connection.

use hyperstack_interop_v2::{Granted, Limits};

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
