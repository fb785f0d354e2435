//! Connections: no bridge, a silent bridge, and a NATS that dies.

use hyperstack_sdk::prelude::*;
use nats_tests::NatsServer;

use crate::support::{
    connect, connected, lost, next, player, rows, settings, soon, Hand, Player, PlayerViews, PREFIX,
};

const LIST: &str = "Player/list";
const BUCKET: &str = "game_Player_list";

/// Returns the error of a client that cannot connect.
async fn error(nats: &NatsServer) -> String {
    let error = soon(hyperstack_nats::connect(nats.url(), PREFIX)).await;
    match error {
        Err(error @ ConnectError::Unreachable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Waits until the list has these scores.
async fn read(updates: &mut WindowStream<Player>, scores: &[i64]) {
    loop {
        let rows = next(updates).await;
        if rows.iter().map(|row| row.score).eq(scores.iter().copied()) {
            return;
        }
    }
}

#[tokio::test]
async fn no_nats_server() {
    let mut nats = NatsServer::start();
    nats.kill();
    let error = error(&nats).await;
    assert!(
        error.starts_with(&format!("cannot reach {}: ", nats.url())),
        "{error}"
    );
}

#[tokio::test]
async fn no_bridge() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    let expected = format!(
        "cannot reach {}: no bridge has written to the prefix \"game\"",
        nats.url()
    );
    let advice = " (`hs bridge` starts one)";
    assert_eq!(error(&nats).await, format!("{expected}{advice}"));
    hand.bucket("game").await;
    assert_eq!(error(&nats).await, format!("{expected}{advice}"));
    // A bridge was there, and has died.
    let heartbeat = hand.heartbeat(LIST, rows(None)).await;
    drop(heartbeat);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while let Ok(hs) = hyperstack_nats::connect(nats.url(), PREFIX).await {
        assert!(tokio::time::Instant::now() < deadline);
        drop(hs);
    }
    assert_eq!(error(&nats).await, format!("{expected} for 600ms{advice}"));
}

#[tokio::test]
async fn a_client_can_wait_for_the_bridge() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    let builder = hyperstack_nats::builder(nats.url(), PREFIX);
    let builder = builder.client(settings().wait_for_server(true));
    let client = tokio::spawn(builder.connect());
    hand.bucket("game").await;
    hand.view(LIST, BUCKET).await;
    hand.put("ada", 7).await;
    let hs = soon(client).await.unwrap().unwrap();
    assert_eq!(hs.list::<Player>().await, [player(7)]);
}

#[tokio::test]
async fn a_bridge_falls_silent_and_comes_back() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.bucket(BUCKET).await;
    hand.put("ada", 7).await;
    hand.put("bob", 9).await;
    let heartbeat = hand.heartbeat(LIST, rows(None)).await;
    let hs = connect(&nats).await;
    let mut states = hs.connection_states();
    let mut list = hs.views::<PlayerViews>().list().watch_window();
    read(&mut list, &[9, 7]).await;
    drop(heartbeat);
    assert_eq!(
        lost(&mut states).await,
        format!(
            "lost the connection to {}: no bridge has written to the view \"Player/list\" for 600ms",
            nats.url()
        )
    );
    hand.put("ada", 11).await;
    hand.delete("bob").await;
    // The attempts to reconnect fail, too.
    let cause = loop {
        let cause = lost(&mut states).await;
        if cause.starts_with("cannot reach") {
            break cause;
        }
    };
    assert!(
        cause.contains("no bridge has written to the prefix \"game\" for 600ms"),
        "{cause}"
    );
    let _heartbeat = hand.heartbeat(LIST, rows(None)).await;
    read(&mut list, &[11]).await;
    assert!(hs.is_connected());
}

#[tokio::test]
async fn a_silent_view_does_not_stop_the_others() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    hand.put("ada", 7).await;
    hand.bucket("game_Player_top").await;
    let top_heartbeat = hand.heartbeat("Player/top", rows(None)).await;
    let hs = connect(&nats).await;
    let players = hs.views::<PlayerViews>();
    let mut list = players.list().watch_window();
    read(&mut list, &[7]).await;
    let mut top = players.top().try_watch();
    drop(top_heartbeat);
    // The client reconnects, because it read the view. Then it gets an error for this view only.
    loop {
        match next(&mut top).await {
            Err(StreamError::Refused(issue)) => {
                let message = "no bridge has written to the view \"Player/top\" for 600ms";
                break assert_eq!(
                    (issue.code.as_str(), &*issue.message),
                    ("view-not-served", message)
                );
            }
            Err(StreamError::Resynced) => {}
            other => panic!("{other:?}"),
        }
        if !hs.is_connected() {
            connected(&hs).await;
        }
    }
    hand.put("ada", 8).await;
    read(&mut list, &[8]).await;
}

#[tokio::test]
async fn nats_restarts_with_its_store() {
    let mut nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    hand.put("ada", 7).await;
    let hs = connect(&nats).await;
    let mut states = hs.connection_states();
    let mut list = hs.views::<PlayerViews>().list().watch_window();
    read(&mut list, &[7]).await;
    nats.kill();
    let cause = lost(&mut states).await;
    assert!(cause.ends_with(": NATS closed the connection"), "{cause}");
    nats.restart();
    connected(&hs).await;
    let hand = Hand::new(&nats).await;
    hand.put("bob", 9).await;
    read(&mut list, &[9, 7]).await;
}

#[tokio::test]
async fn nats_restarts_without_its_store() {
    let mut nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    hand.put("ada", 7).await;
    hand.put("bob", 9).await;
    let hs = connect(&nats).await;
    let mut states = hs.connection_states();
    let mut list = hs.views::<PlayerViews>().list().watch_window();
    read(&mut list, &[9, 7]).await;
    nats.destroy();
    nats.restart();
    loop {
        let cause = lost(&mut states).await;
        if cause.contains("no bridge has written to the prefix \"game\"") {
            break;
        }
    }
    // The streams begin at 1 again, and have fewer messages.
    let hand = Hand::new(&nats).await;
    hand.bucket(BUCKET).await;
    hand.put("bob", 5).await;
    hand.view(LIST, BUCKET).await;
    read(&mut list, &[5]).await;
}

#[tokio::test]
async fn a_bucket_is_deleted() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    hand.put("ada", 7).await;
    let hs = connect(&nats).await;
    let mut states = hs.connection_states();
    let mut list = hs.views::<PlayerViews>().list().watch_window();
    read(&mut list, &[7]).await;
    hand.jetstream.delete_key_value(BUCKET).await.unwrap();
    let cause = lost(&mut states).await;
    assert!(
        cause.contains("the stream \"KV_game_Player_list\""),
        "{cause}"
    );
    hand.view(LIST, BUCKET).await;
    hand.put("bob", 5).await;
    read(&mut list, &[5]).await;
}

#[tokio::test]
async fn a_view_is_no_longer_served() {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.view(LIST, BUCKET).await;
    hand.describe("Player/top", rows(None), 20_000).await;
    let hs = connect(&nats).await;
    let mut list = hs.watch::<Player>();
    hand.put("ada", 7).await;
    assert_eq!(next(&mut list).await.key(), "ada");
    let views = hand.jetstream.get_key_value("game").await.unwrap();
    views.delete(LIST).await.unwrap();
    hand.jetstream.delete_key_value(BUCKET).await.unwrap();
    assert_eq!(soon(list.next()).await, None);
    let view = LIST.to_owned();
    assert_eq!(list.end_reason(), Some(&EndReason::UnknownView { view }));
}

#[tokio::test]
async fn wrong_credentials_are_an_error_without_secrets() {
    let nats = NatsServer::start_with(&["--user", "ada", "--pass", "correct-horse"]);
    let host = nats.url().replace("nats://", "");
    let connect = |credentials: &str| {
        let url = format!("nats://{credentials}@{host}");
        soon(hyperstack_nats::connect(url, PREFIX))
    };
    let error = connect("ada:wrong-horse").await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("authorization violation"), "{text}");
    assert!(
        !text.contains("wrong-horse") && !text.contains("ada"),
        "{text}"
    );
    let error = connect("ada:correct-horse").await.unwrap_err();
    assert!(error.to_string().contains("no bridge"), "{error}");
    let error = soon(hyperstack_nats::connect("nats://ada:secret@", PREFIX))
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Config(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}
