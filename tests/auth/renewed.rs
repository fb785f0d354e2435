//! Tokens that are renewed while a connection is up.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Refresh, TestServer};

use super::*;

/// Connects a client with the token `one`, reads one update, and lets half the token's life pass.
struct Scene {
    server: TestServer,
    desk: Desk,
    still: Still,
    updates: EntityStream<Game>,
    hs: HyperStack,
}

async fn scene() -> anyhow::Result<Scene> {
    let server = guarded().await?;
    let still = Still::new();
    let desk = Desk::default();
    desk.give("one");
    let hs = quiet(&server)
        .token_provider(desk.clone())
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    still.advance(SECOND * 49).await;
    settle().await;
    assert_eq!(desk.asked(), 1);
    still.advance(SECOND).await;
    desk.wait_for_asked(2).await;
    Ok(Scene {
        server,
        desk,
        still,
        updates,
        hs,
    })
}

async fn refreshed(server: &TestServer) -> String {
    // The client's first `refresh_auth` is the probe.
    let wanted = |message: &serde_json::Value| {
        message["type"] == "refresh_auth" && message["token"] != "probe"
    };
    let message = soon(server.wait_for_message(wanted)).await;
    message["token"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_token_is_renewed_on_the_open_connection() -> anyhow::Result<()> {
    let Scene {
        server,
        desk,
        still,
        mut updates,
        hs,
    } = scene().await?;
    server.accept_token("two");
    desk.give("two");
    assert_eq!(refreshed(&server).await, "two");
    // This is after the first token's expiry.
    still.advance(SECOND * 48).await;
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 2"]);
    assert_eq!(server.connections_accepted(), 1);
    assert_eq!(hs.stats().reconnects, 0);
    server.drop_connections();
    still.advance(Duration::ZERO).await;
    soon(server.wait_for_accepted(2)).await;
    assert_eq!(presented(&server)[1], "two");
    Ok(())
}

#[tokio::test]
async fn frames_flow_while_the_next_token_is_fetched() -> anyhow::Result<()> {
    let Scene {
        server,
        desk,
        still,
        mut updates,
        hs: _hs,
    } = scene().await?;
    for score in 2..10 {
        still.advance(SECOND).await;
        put(&server, "a", score as f64);
        assert_eq!(read(&mut updates, 1).await, [format!("patch a {score}")]);
    }
    server.accept_token("two");
    desk.give("two");
    assert_eq!(refreshed(&server).await, "two");
    assert_eq!((desk.asked(), server.connections_accepted()), (2, 1));
    Ok(())
}

#[tokio::test]
async fn a_fetch_serves_the_connection_that_follows_a_loss() -> anyhow::Result<()> {
    let Scene {
        server,
        desk,
        mut updates,
        still,
        hs: _hs,
    } = scene().await?;
    server.accept_token("two");
    server.drop_connections();
    still.advance(Duration::ZERO).await;
    settle().await;
    assert_eq!(desk.asked(), 2);
    assert_eq!(presented(&server), ["one"]);
    desk.give("two");
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert b 2"]);
    assert_eq!(presented(&server), ["one", "two"]);
    assert_eq!(desk.asked(), 2);
    Ok(())
}

fn lost(server: &TestServer, cause: ConnectionLost) -> Fault {
    let url = server.url();
    Fault::Connection(ConnectError::Lost { url, cause })
}

#[tokio::test]
async fn a_rejected_refresh_is_followed_by_a_connection_with_another_token() -> anyhow::Result<()> {
    let Scene {
        server,
        desk,
        mut updates,
        hs,
        still,
    } = scene().await?;
    let mut faults = hs.faults();
    desk.give("strange");
    assert_eq!(refreshed(&server).await, "strange");
    let code = Some("token-invalid-signature".into());
    let refused = lost(&server, ConnectionLost::RefreshRejected { code });
    assert_eq!(next(&mut faults).await, refused);
    still.advance(Duration::ZERO).await;
    server.accept_token("three");
    desk.give("three");
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert b 2"]);
    assert_eq!(presented(&server), ["one", "three"]);
    assert_eq!(desk.asked(), 3);
    Ok(())
}

#[tokio::test]
async fn an_unanswered_refresh_is_followed_by_a_new_connection() -> anyhow::Result<()> {
    let Scene {
        server,
        desk,
        still,
        mut updates,
        hs,
    } = scene().await?;
    let mut faults = hs.faults();
    server.set_refresh(Refresh::Silent);
    server.accept_token("two");
    desk.give("two");
    assert_eq!(refreshed(&server).await, "two");
    still.advance(SECOND * 10).await;
    let after = SECOND * 10;
    let unanswered = lost(&server, ConnectionLost::RefreshUnanswered { after });
    assert_eq!(next(&mut faults).await, unanswered);
    still.advance(Duration::ZERO).await;
    put(&server, "b", 2.0);
    assert_eq!(next(&mut updates).await.key(), "b");
    assert_eq!(presented(&server), ["one", "two"]);
    assert_eq!(desk.asked(), 2);
    Ok(())
}

#[tokio::test]
async fn a_connection_ends_before_its_token_does() -> anyhow::Result<()> {
    let Scene {
        server,
        desk,
        still,
        hs,
        ..
    } = scene().await?;
    let mut faults = hs.faults();
    desk.tell(Err(TokenError::denied("no more")));
    let denied = Fault::Connection(TokenError::denied("no more").into());
    assert_eq!(next(&mut faults).await, denied);
    assert_eq!(hs.connection_state().await, ConnectionState::Connected);
    // The real server would freeze, not close the connection.
    still.advance(SECOND * 44).await;
    settle().await;
    assert_eq!(server.connections_accepted(), 1);
    still.advance(SECOND * 2).await;
    let expired = lost(&server, ConnectionLost::TokenExpired);
    assert_eq!(next(&mut faults).await, expired);
    Ok(())
}

/// A JWT that lives 100 seconds and expired long ago.
fn jwt() -> &'static str {
    // {"alg":"none"} . {"iat":1000,"exp":1100}
    "eyJhbGciOiJub25lIn0.eyJpYXQiOjEwMDAsImV4cCI6MTEwMH0.c2ln"
}

#[tokio::test]
async fn a_jwt_is_renewed_by_its_own_expiry() -> anyhow::Result<()> {
    let server = guarded().await?;
    server.accept_token(jwt());
    let still = Still::new();
    let desk = Desk::default();
    desk.tell(Ok(AuthToken::new(jwt())));
    let hs = quiet(&server)
        .token_provider(desk.clone())
        .connect()
        .await?;
    still.advance(SECOND * 50).await;
    desk.wait_for_asked(2).await;
    desk.give("one");
    assert_eq!(refreshed(&server).await, "one");
    assert_eq!(hs.stats().reconnects, 0);
    Ok(())
}

#[tokio::test]
async fn a_token_that_was_given_once_is_not_renewed() -> anyhow::Result<()> {
    let server = guarded().await?;
    server.accept_token(jwt());
    let still = Still::new();
    let hs = quiet(&server).token(jwt()).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    still.advance(SECOND * 1000).await;
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 2"]);
    let messages = server.messages();
    let refreshes = messages.iter().filter(|it| it["type"] == "refresh_auth");
    assert_eq!(
        refreshes.map(|it| it["token"].as_str()).collect::<Vec<_>>(),
        [Some("probe")]
    );
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}
