//! Subscriptions that the server ends without a message, and quiet ones, which look the same.

use hyperstack_interop_v2::Limits;

use super::*;
use crate::probes::{end_silently, limited};

/// Moves the clock to the client's next check of silent subscriptions.
async fn check() {
    forward(Duration::from_secs(75)).await;
}

/// Moves the clock until the client probes its only list that can be probed, and has the answer: the acknowledgement,
/// a snapshot of at most one row, and the end.
async fn probe(hs: &HyperStack) {
    let before = hs.stats().frames;
    for _ in 0..5 {
        check().await;
    }
    until(async || hs.stats().frames >= before + 3).await;
}

#[tokio::test]
async fn a_list_that_the_server_ended_silently_is_read_again() {
    for view in ["Player/list", "Player/ranked"] {
        let server = limited().start();
        server.apply(crowd(60)).await;
        let hs = unhurried(&server).await;
        let views = hs.views::<PlayerViews>();
        let updates = match view {
            "Player/list" => views.list().watch(),
            _ => views.ranked().watch(),
        };
        let mut all = Reader::new(updates);
        all.reaches(server.rows("Player/list").await).await;
        end_silently(&server).await;
        server.apply([delete("one more")]).await;
        probe(&hs).await;
        check().await;
        all.reaches(server.rows("Player/list").await).await;
        settles(&server, "Player/list", "p0", &mut all).await;
        assert_eq!(
            (hs.stats().resyncs, hs.stats().reconnects),
            (1, 0),
            "{view}"
        );
    }
}

/// The server would now reject a second subscription of the whole list, and the probe costs one row.
#[tokio::test]
async fn a_quiet_list_is_left_alone_even_if_it_has_grown_beyond_the_row_limit() {
    let server = limited().start();
    server.apply(crowd(60)).await;
    let hs = unhurried(&server).await;
    let mut issues = hs.socket_issues();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    server.apply([player("one more", 1)]).await;
    list.reaches(server.rows("Player/list").await).await;
    for _ in 0..3 {
        let before = hs.stats().bytes;
        probe(&hs).await;
        let cost = hs.stats().bytes - before;
        assert!(cost < 1_000, "{cost} bytes");
    }
    check().await;
    settles(&server, "Player/list", "p0", &mut list).await;
    assert_eq!((hs.stats().resyncs, hs.stats().reconnects), (0, 0));
    nothing(&mut issues);
    assert!(deadline(hs.views::<PlayerViews>().least().try_get())
        .await
        .is_err());
}

#[tokio::test]
async fn a_list_that_ended_silently_and_is_still_too_long_is_an_error_of_its_readers() {
    let server = limited().start();
    server.apply(crowd(60)).await;
    let hs = unhurried(&server).await;
    let mut top = Reader::new(hs.views::<PlayerViews>().top().watch());
    top.reaches(server.window("Player/top", 0, 3).await).await;
    let mut list = hs.try_watch::<Player>();
    for _ in 0..60 {
        assert!(deadline(list.next()).await.expect("an item").is_ok());
    }
    end_silently(&server).await;
    probe(&hs).await;
    check().await;
    let refused = loop {
        match deadline(list.next()).await.expect("an item") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let StreamError::Refused(issue) = &refused else {
        panic!("no refusal: {refused:?}")
    };
    assert_eq!(issue.code, "subscription-rejected");
    assert!(issue.message.contains("61"), "{}", issue.message);
    let read = deadline(hs.try_list::<Player>()).await;
    assert!(matches!(read, Err(ReadError::Refused { .. })), "{read:?}");
    // Other readers continue.
    server.apply([player("new", 500)]).await;
    top.reaches(server.window("Player/top", 0, 3).await).await;
    assert_eq!(hs.stats().reconnects, 0);
}

/// At its subscription limit, the server rejects the probe. Readers do not notice.
#[tokio::test]
async fn a_rejected_probe_does_not_affect_readers() {
    let limits = Limits {
        max_subscriptions: Some(1),
        ..Limits::default()
    };
    let server = players().limits(limits).start();
    server.apply(crowd(3)).await;
    let hs = unhurried(&server).await;
    let mut issues = hs.socket_issues();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let before = hs.stats().frames;
    for _ in 0..5 {
        check().await;
    }
    // The answers to the probe and to its end.
    until(async || hs.stats().frames >= before + 2).await;
    check().await;
    settles(&server, "Player/list", "p0", &mut list).await;
    assert_eq!((hs.stats().resyncs, hs.stats().reconnects), (0, 0));
    nothing(&mut issues);
}
