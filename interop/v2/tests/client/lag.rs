//! Readers, subscriptions and connections that fall behind.

use hyperstack_interop_v2::{Limits, RateLimitConfig};

use super::*;

/// More changes than the bus of these tests holds.
async fn flood(server: &Server) {
    let stall = server.stall();
    server
        .apply((0..200).map(|n| change(&format!("p{}", n % 60), json!({"score": 1000 + n}))))
        .await;
    server.apply([delete("p7")]).await;
    drop(stall);
}

/// The server sends such a subscription a new snapshot.
#[tokio::test]
async fn a_subscription_behind_a_small_bus_recovers() {
    let server = players().bus(16).start();
    server.apply(crowd(60)).await;
    let hs = connect(&server).await;
    let views = hs.views::<PlayerViews>();
    let mut list = Reader::new(hs.watch::<Player>());
    let mut ranked = Reader::new(views.ranked().watch());
    let mut page = Reader::new(views.ranked().skip(2).take(5).watch());
    list.reaches(server.rows("Player/list").await).await;
    ranked.reaches(server.rows("Player/list").await).await;
    page.next().await;
    for _ in 0..3 {
        server.apply([player("p7", 7).created()]).await;
        list.reaches(server.rows("Player/list").await).await;
        ranked.reaches(server.rows("Player/list").await).await;
        page.reaches(server.window("Player/ranked", 2, 5).await)
            .await;
        flood(&server).await;
        list.reaches(server.rows("Player/list").await).await;
        ranked.reaches(server.rows("Player/list").await).await;
        page.reaches(server.window("Player/ranked", 2, 5).await)
            .await;
    }
    settles(&server, "Player/list", "p1", &mut list).await;
    let window = server.window("Player/ranked", 0, 100).await;
    shows(|| views.ranked().get_sync(), window).await;
    assert!(hs.stats().resyncs >= 3, "{:?}", hs.stats());
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn a_recovery_is_reported_to_readers_of_errors() {
    let server = players().bus(16).start();
    server.apply(crowd(60)).await;
    let hs = connect(&server).await;
    let mut updates = hs.try_watch::<Player>();
    for _ in 0..60 {
        assert!(deadline(updates.next()).await.expect("an item").is_ok());
    }
    flood(&server).await;
    loop {
        match deadline(updates.next()).await.expect("an item") {
            Ok(_) => {}
            Err(StreamError::Resynced) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The server ends such a subscription of an append view with `subscription-lagged`. The client
/// subscribes again.
#[tokio::test]
async fn a_subscription_that_ends_with_lag_is_resubscribed() {
    let server = players().bus(16).start();
    server.apply(crowd(60)).await;
    let hs = connect(&server).await;
    let mut issues = hs.socket_issues();
    let append = hs.raw("Player").collection("Player/append");
    let mut reader = Reader::new(append.watch());
    let mut list = Reader::new(hs.watch::<Player>());
    reader.reaches(server.rows("Player/append").await).await;
    list.reaches(server.rows("Player/list").await).await;
    flood(&server).await;
    let issue = deadline(issues.next()).await.expect("an issue");
    assert_eq!(issue.code, "subscription-lagged");
    reader.reaches(server.rows("Player/append").await).await;
    settles(&server, "Player/append", "p1", &mut reader).await;
    list.reaches(server.rows("Player/list").await).await;
    assert_eq!(hs.stats().reconnects, 0);
}

/// A new snapshot above the row limit ends the subscription without a message. Only a limit on silence
/// detects that.
#[tokio::test]
async fn a_subscription_that_ends_silently_is_restarted_by_a_limit_on_silence() {
    let limits = Limits {
        max_snapshot_rows: Some(60),
        ..Limits::default()
    };
    let server = players().bus(16).limits(limits).start();
    server.apply(crowd(60)).await;
    let builder = client(&server).stale_after(Duration::from_millis(500));
    let hs = builder.connect().await.expect("a connection");
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let stall = server.stall();
    server.apply([player("one more", 1)]).await;
    server
        .apply((0..200).map(|n| change("p0", json!({"score": 1000 + n}))))
        .await;
    drop(stall);
    // The snapshot has one row too many until this one is gone.
    server.apply([delete("one more")]).await;
    list.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p0", &mut list).await;
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn a_slow_reader_gets_one_update_for_each_row_that_changed() {
    let server = players().start();
    server.apply(crowd(20)).await;
    let hs = connect(&server).await;
    let mut slow = Reader::new(hs.watch::<Player>().conflate(10));
    let mut all = Reader::new(hs.watch::<Player>().unbounded());
    slow.reaches(server.rows("Player/list").await).await;
    all.reaches(server.rows("Player/list").await).await;
    for n in 0..40 {
        server
            .apply((0..20).map(|m| change(&format!("p{m}"), json!({"score": n * 100 + m}))))
            .await;
    }
    server
        .apply([delete("p3"), delete("p4"), player("p4", 4).created()])
        .await;
    all.reaches(server.rows("Player/list").await).await;
    assert_eq!(all.updates.conflated(), 0);
    let mut read = 0;
    let rows: BTreeMap<_, _> = typed(server.rows("Player/list").await).collect();
    while slow.rows != rows {
        slow.next().await;
        read += 1;
    }
    assert!(read <= 20, "{read} updates");
    assert!(slow.updates.conflated() > 700);
    settles(&server, "Player/list", "p5", &mut slow).await;
}

#[tokio::test]
async fn a_reader_that_drops_the_oldest_changes_learns_how_many() {
    let server = players().start();
    server.apply([player("a", 0)]).await;
    let hs = connect(&server).await;
    let mut dropping = hs.try_watch::<Player>().drop_oldest(10);
    let mut all = Reader::new(hs.watch::<Player>());
    deadline(dropping.next())
        .await
        .expect("an item")
        .expect("a row");
    all.next().await;
    server
        .apply((1..=100).map(|n| change("a", json!({"score": n}))))
        .await;
    all.reaches(server.rows("Player/list").await).await;
    let missed = deadline(dropping.next()).await.expect("an item");
    assert_eq!(missed, Err(StreamError::Lagged { missed: 90 }));
    for n in 91..=100 {
        let update = deadline(dropping.next())
            .await
            .expect("an item")
            .expect("a row");
        assert_eq!(update.data().and_then(|row| row.score), Some(n));
    }
}

/// The server closes a connection whose send queue is full.
#[tokio::test]
async fn a_client_whose_queue_is_full_reconnects() {
    let rates = RateLimitConfig::default().with_message_queue_size(16);
    let server = players().rates(rates).start();
    server.apply(crowd(5)).await;
    let hs = client(&server).connect().await.expect("a connection");
    let mut faults = hs.faults();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    flood(&server).await;
    let fault = deadline(faults.next()).await;
    assert!(
        matches!(fault, Some(Fault::Connection(ConnectError::Lost { .. }))),
        "{fault:?}"
    );
    list.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!(hs.stats().reconnects, 1);
}

#[tokio::test]
async fn a_client_that_was_idle_reconnects() {
    let rates = RateLimitConfig::default().with_timeout(Duration::ZERO);
    let mut server = players().rates(rates).prepare();
    server.start_with_sweeps();
    server.apply(crowd(5)).await;
    let hs = client(&server).connect().await.expect("a connection");
    let mut faults = hs.faults();
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    server.sweep();
    let fault = deadline(faults.next()).await;
    assert!(
        matches!(fault, Some(Fault::Connection(ConnectError::Lost { .. }))),
        "{fault:?}"
    );
    server.apply([change("p1", json!({"score": 10}))]).await;
    list.reaches(server.rows("Player/list").await).await;
    settles(&server, "Player/list", "p1", &mut list).await;
}
