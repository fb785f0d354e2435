//! A connection that is lost, silent, or closed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Refresh, TestServer, TokenEndpoint, TokenReply};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::auth::Still;
use crate::support::*;

use super::HOUR;

#[tokio::test]
async fn p03_a_row_that_left_a_window_meanwhile_is_deleted() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let top = hs.views::<GameViews>().top();
    let mut updates = top.watch();
    assert_eq!(read(&mut updates, 3).await.len(), 3);
    server.freeze();
    server.drop_connections();
    server.patch("Game", "b", json!({"note": "changed meanwhile"}));
    put(&server, "d", 4.0);
    server.thaw();
    // Unchanged rows of the window are not reported again.
    let mut changes = read(&mut updates, 3).await;
    changes.sort_unstable();
    assert_eq!(changes, ["delete a", "upsert b 2", "upsert d 4"]);
    assert_eq!(names(&soon(top.get()).await), ["d", "c", "b"]);
    put(&server, "c", 9.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert c 9"]);
    assert_eq!(server.connections_accepted(), 2);
    assert_eq!(hs.stats().reconnects, 1);
    Ok(())
}

#[tokio::test]
async fn p03_a_row_that_left_a_window_read_by_key_is_deleted_too() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let places = hs.views::<GameViews>().places();
    let mut updates = places.watch("a");
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.freeze();
    server.drop_connections();
    put(&server, "d", 4.0);
    server.thaw();
    assert_eq!(read(&mut updates, 1).await, ["delete a"]);
    assert_eq!(soon(places.get("a")).await, None);
    Ok(())
}

#[tokio::test]
async fn p03_a_list_reports_only_the_rows_that_changed_meanwhile() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 2).await.len(), 2);
    server.freeze();
    server.drop_connections();
    put(&server, "b", 2.5);
    put(&server, "c", 3.0);
    server.thaw();
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["upsert b 2.5", "upsert c 3"]);
    put(&server, "a", 1.5);
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a", "c", "b"]);
    Ok(())
}

#[tokio::test]
async fn p10_streams_end_with_the_reason_after_the_last_attempt() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .max_reconnect_attempts(2)
        .initial_data_timeout(HOUR)
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    let mut errors = hs.views::<GameViews>().list().try_watch();
    let mut waiting = hs.watch_key::<Other>("nobody");
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    assert!(next(&mut errors).await.is_ok());
    server.stop().await;
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(soon(waiting.next()).await, None);
    let closed = hs.end_reason().unwrap();
    assert!(
        matches!(
            &closed,
            CloseReason::AttemptsExhausted {
                attempts: 2,
                cause: ConnectError::Unreachable { .. }
            }
        ),
        "{closed}"
    );
    let reason = EndReason::from(closed.clone());
    assert_eq!(updates.end_reason(), Some(&reason));
    assert_eq!(
        next(&mut errors).await,
        Err(StreamError::Ended(reason.clone()))
    );
    assert_eq!(soon(errors.next()).await, None);
    assert_eq!(waiting.end_reason(), Some(&reason));
    assert_eq!(hs.connection_state().await, ConnectionState::Error);
    // A late call gets the reason at once too.
    let mut late = hs.watch::<Other>();
    assert_eq!(soon(late.next()).await, None);
    assert_eq!(late.end_reason(), Some(&reason));
    let read = hs.try_get::<Other>("a");
    assert_eq!(soon(read).await, Err(ReadError::Closed(closed)));
    Ok(())
}

/// Returns the pings received on a connection.
fn pings(server: &TestServer, connection: u64) -> usize {
    let messages = server.messages_of(connection);
    let pings = messages.iter().filter(|message| message["type"] == "ping");
    pings.count()
}

/// A relay in front of the server. On request, it drops the server's messages on existing connections, but
/// still forwards the client's.
async fn relay(server: &TestServer) -> std::io::Result<(String, Arc<AtomicU64>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}", listener.local_addr()?);
    let silenced = Arc::new(AtomicU64::new(0));
    let (address, silenced_up_to) = (server.address(), silenced.clone());
    tokio::spawn(async move {
        for number in 1.. {
            let (client, _) = listener.accept().await?;
            let (mut said, mut heard) = client.into_split();
            let (mut answers, mut requests) = TcpStream::connect(address).await?.into_split();
            let silenced_up_to = silenced_up_to.clone();
            tokio::spawn(async move { tokio::io::copy(&mut said, &mut requests).await });
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                loop {
                    let count = answers.read(&mut bytes).await?;
                    if count == 0 {
                        return std::io::Result::Ok(());
                    }
                    if silenced_up_to.load(Ordering::Relaxed) < number {
                        heard.write_all(&bytes[..count]).await?;
                    }
                }
            });
        }
        std::io::Result::Ok(())
    });
    Ok((url, silenced))
}

#[tokio::test]
async fn p11_a_silent_peer_is_noticed_within_two_ping_intervals() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let (url, silenced) = relay(&server).await?;
    let hs = client(&server)
        .url(url)
        .ping_interval(Duration::from_millis(50))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    soon(server.wait_for_message(|message| message["type"] == "ping")).await;
    put(&server, "a", 1.5);
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    let before = pings(&server, 1);
    // The socket stays open and accepts writes, so only the silence shows the fault.
    silenced.store(1, Ordering::Relaxed);
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert_eq!(server.connections_accepted(), 2);
    soon(server.wait_for_connections(1)).await;
    let missed = pings(&server, 1) - before;
    assert!(missed <= 2, "{missed} pings went unanswered");
    Ok(())
}

#[tokio::test]
async fn p11_a_peer_that_does_not_even_read_is_noticed() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .ping_interval(Duration::from_millis(50))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.freeze();
    put(&server, "a", 2.0);
    until(|| {
        let state = hs.connection_state().now_or_never();
        matches!(state, Some(ConnectionState::Reconnecting { .. }))
    })
    .await;
    server.thaw();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    Ok(())
}

#[tokio::test]
async fn p11_a_client_that_was_suspended_pings_before_it_gives_up() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .ping_interval(Duration::from_secs(1))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    soon(server.wait_for_message(|message| message["type"] == "unsubscribe")).await;
    // This happens when a program blocks its runtime or a laptop wakes up. The server was not pinged
    // meanwhile.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3)).await;
    tokio::time::resume();
    soon(server.wait_for_message(|message| message["type"] == "ping")).await;
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 2"]);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn p11_silence_is_a_connection_loss() -> anyhow::Result<()> {
    let server = games().start().await?;
    let interval = Duration::from_millis(50);
    let hs = client(&server).ping_interval(interval).connect().await?;
    let mut faults = hs.faults();
    server.freeze();
    let silent = interval * 2;
    assert_eq!(
        next(&mut faults).await,
        Fault::Connection(ConnectError::Lost {
            url: server.url(),
            cause: ConnectionLost::Silent { silent },
        })
    );
    Ok(())
}

#[tokio::test]
async fn p11_a_quiet_peer_that_answers_is_left_alone() -> anyhow::Result<()> {
    let server = games().start().await?;
    let interval = Duration::from_millis(250);
    let hs = client(&server).ping_interval(interval).connect().await?;
    // Two missed answers would have ended the connection before the fourth ping.
    for _ in 0..4 {
        soon(server.wait_for_message(|message| message["type"] == "ping")).await;
    }
    assert_eq!(server.connections_accepted(), 1);
    assert_eq!(hs.connection_state().await, ConnectionState::Connected);
    assert_eq!(hs.stats().reconnects, 0);
    Ok(())
}

#[tokio::test]
async fn p11_a_client_that_the_server_removed_silently_reconnects() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .protocol(Protocol::V1)
        .ping_interval(Duration::from_millis(50))
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    // The client now sends only pings. WebSocket pings are still answered; the next text ends the connection.
    soon(server.wait_for_message(|message| message["type"] == "unsubscribe")).await;
    server.mute();
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 2"]);
    assert!(pings(&server, 1) >= 1);
    Ok(())
}

#[tokio::test]
async fn p16_disconnect_acts_at_once_while_it_waits_to_reconnect() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .reconnect_intervals(vec![HOUR * 1000])
        .connect()
        .await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    assert_eq!(
        hs.connection_state().await,
        ConnectionState::Reconnecting { attempt: 1 }
    );
    soon(hs.disconnect()).await;
    is_over(&hs, &mut updates).await;
    assert_eq!(soon(faults.next()).await, None);
    Ok(())
}

#[tokio::test]
async fn p16_disconnect_acts_at_once_while_it_dials() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect_timeout(HOUR).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    // The client dials after the loss, and gets no answer.
    server.freeze();
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    soon(hs.disconnect()).await;
    is_over(&hs, &mut updates).await;
    Ok(())
}

#[tokio::test]
async fn p16_disconnect_closes_the_socket_at_once() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    soon(hs.disconnect()).await;
    is_over(&hs, &mut updates).await;
    soon(server.wait_for_connections(0)).await;
    assert_eq!(server.connections_accepted(), 1);
    // Reads are still served from the cache, without requests.
    assert_eq!(soon(hs.list::<Other>()).await, []);
    Ok(())
}

#[tokio::test]
async fn p22_frames_flow_while_the_token_endpoint_is_slow() -> anyhow::Result<()> {
    let refresh = Refresh::Accept {
        expires_at: 32_503_680_000,
    };
    let server = games().refresh(refresh).start().await?;
    put(&server, "a", 0.0);
    let still = Still::new();
    let endpoint = TokenEndpoint::start().await?;
    // {"iat":1000,"exp":1100}: it lives 100 seconds, whatever the time is.
    let token = "e30.eyJpYXQiOjEwMDAsImV4cCI6MTEwMH0.c2ln";
    endpoint.reply(TokenReply::token(token, 1100));
    let hs = client(&server)
        .ping_interval(HOUR)
        .token_endpoint(endpoint.url())
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    still.advance(Duration::from_secs(50)).await;
    soon(endpoint.wait_for_requests(2)).await;
    for second in 1..=5 {
        still.advance(Duration::from_secs(1)).await;
        put(&server, "a", f64::from(second));
        assert_eq!(read(&mut updates, 1).await, [format!("patch a {second}")]);
    }
    endpoint.reply(TokenReply::token("next", 1100));
    soon(server.wait_for_message(|message| message["token"] == "next")).await;
    assert_eq!(server.connections_accepted(), 1);
    assert_eq!(endpoint.requests().len(), 2);
    Ok(())
}

async fn is_over(hs: &HyperStack, updates: &mut EntityStream<Game>) {
    assert_eq!(hs.connection_state().await, ConnectionState::Disconnected);
    assert_eq!(hs.end_reason(), Some(CloseReason::Disconnected));
    assert_eq!(soon(updates.next()).await, None);
    assert_eq!(
        updates.end_reason(),
        Some(&EndReason::Closed(CloseReason::Disconnected))
    );
}
