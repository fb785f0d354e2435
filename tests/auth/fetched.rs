//! Fetched tokens: when the provider is called, and the effect of its answers.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Refusal;
use hyperstack_sdk::Remedy;
use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn a_token_that_has_expired_is_followed_by_the_next_at_once() -> anyhow::Result<()> {
    let server = guarded().await?;
    let still = Still::new();
    let desk = Desk::default();
    desk.give("one");
    // If it waited, the test would time out.
    let intervals = vec![Duration::from_nanos(1), crate::defects::HOUR * 1000];
    let hs = quiet(&server)
        .reconnect_intervals(intervals)
        .token_provider(desk.clone())
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.expire_token("one");
    server.accept_token("two");
    desk.give("two");
    server.drop_connections();
    still.advance(Duration::from_millis(1)).await;
    put(&server, "b", 2.0);
    assert_eq!(next(&mut updates).await.key(), "b");
    assert_eq!(presented(&server), ["one", "one", "two"]);
    assert_eq!(desk.asked(), 2);
    Ok(())
}

#[tokio::test]
async fn auth_errors_in_the_socket_count_too() -> anyhow::Result<()> {
    let server = guarded().await?;
    let desk = Desk::default();
    desk.give("one");
    let hs = client(&server)
        .token_provider(desk.clone())
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;

    server.accept_token("two");
    desk.give("two");
    server.close_connections(1008, "token-expired: log in again");
    soon(server.wait_for_accepted(2)).await;

    server.accept_token("three");
    desk.give("three");
    soon(server.wait_for_connections(1)).await;
    server.send_issue(&Refusal::new("token-expired"), true);
    soon(server.wait_for_accepted(3)).await;
    assert_eq!(presented(&server), ["one", "two", "three"]);
    assert_eq!(desk.asked(), 3);

    server.close_connections(1008, "token-missing: who are you");
    assert_eq!(code(&ended_by(&mut updates).await), "token-missing");
    Ok(())
}

#[tokio::test]
async fn a_session_that_a_v2_server_closes_as_expired_continues_with_a_new_token(
) -> anyhow::Result<()> {
    let server = games().protocol(Protocol::V2).token("one").start().await?;
    put(&server, "a", 1.0);
    let desk = Desk::default();
    desk.give("one");
    let hs = client(&server)
        .token_provider(desk.clone())
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    let mut faults = hs.faults();
    read(&mut updates, 1).await;
    server.expire_token("one");
    server.accept_token("two");
    desk.give("two");
    // This is how the server ends a session.
    server.close_connections(1008, "token-expired: Authentication token expired");
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert b 2"]);
    assert_eq!(presented(&server), ["one", "two"]);
    let Fault::Connection(error) = next(&mut faults).await else {
        panic!("another fault came first");
    };
    assert_eq!(
        (code(&error), error.remedy()),
        ("token-expired", Remedy::NewToken)
    );
    Ok(())
}

#[tokio::test]
async fn a_final_refusal_is_not_retried() -> anyhow::Result<()> {
    let server = guarded().await?;
    for refused in ["token-missing", "origin-mismatch", "token-missing-claim"] {
        server.refuse_next(Refusal::new(refused));
        let desk = Desk::default();
        desk.give("one");
        let builder = client(&server).token_provider(desk.clone());
        let error = soon(builder.wait_for_server(true).connect()).await;
        assert_eq!(code(&error.unwrap_err()), refused);
        assert_eq!(desk.asked(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_is_not_replaced_without_a_pause() -> anyhow::Result<()> {
    let server = games().token("none").start().await?;
    server.expire_token("bad");
    let still = Still::new();
    let desk = Desk::default();
    desk.give("bad");
    let builder = quiet(&server)
        .reconnect_intervals(vec![crate::defects::HOUR])
        .token_provider(desk.clone())
        .wait_for_server(true);
    let connecting = tokio::spawn(builder.connect());
    soon(server.wait_for_handshakes(1)).await;
    settle().await;
    assert_eq!(desk.asked(), 1);
    server.accept_token("good");
    desk.give("good");
    still.advance(crate::defects::HOUR).await;
    soon(connecting).await??;
    assert_eq!(presented(&server), ["bad", "good"]);
    Ok(())
}

#[tokio::test]
async fn a_failed_fetch_is_retried_and_a_denied_one_is_final() -> anyhow::Result<()> {
    let server = guarded().await?;
    let desk = Desk::default();
    desk.tell(Err(TokenError::new("try later")));
    let builder = client(&server).token_provider(desk.clone());
    let error = soon(builder.clone().connect()).await.unwrap_err();
    assert_eq!(error.to_string(), "no token: try later");

    desk.tell(Err(TokenError::new("try later")));
    desk.give("one");
    let hs = soon(builder.wait_for_server(true).connect()).await?;
    let mut updates = hs.watch::<Game>();
    let mut faults = hs.faults();
    read(&mut updates, 1).await;

    server.expire_token("one");
    server.accept_token("two");
    desk.tell(Err(TokenError::new("not now")));
    desk.give("two");
    server.drop_connections();
    let not_now = ConnectError::Token(TokenError::new("not now"));
    while next(&mut faults).await != Fault::Connection(not_now.clone()) {}
    soon(server.wait_for_accepted(2)).await;

    server.expire_token("two");
    let denied = TokenError::denied("never").with_code("user-not-found");
    desk.tell(Err(denied.clone()));
    soon(server.wait_for_connections(1)).await;
    server.drop_connections();
    assert_eq!(ended_by(&mut updates).await, ConnectError::Token(denied));
    let reason = hs.end_reason().unwrap().to_string();
    assert_eq!(reason, "no token: never (user-not-found)");
    Ok(())
}

#[tokio::test]
async fn a_provider_is_called_again_only_after_its_retry_after() -> anyhow::Result<()> {
    let server = guarded().await?;
    let still = Still::new();
    let desk = Desk::default();
    desk.tell(Err(TokenError::new("busy").with_retry_after(SECOND * 7)));
    let builder = quiet(&server).token_provider(desk.clone());
    let connecting = tokio::spawn(builder.wait_for_server(true).connect());
    desk.wait_for_asked(1).await;
    still.advance(SECOND * 7 - Duration::from_millis(2)).await;
    settle().await;
    assert_eq!(desk.asked(), 1);
    desk.give("one");
    still.advance(Duration::from_millis(2)).await;
    soon(connecting).await??;
    assert_eq!(desk.asked(), 2);
    Ok(())
}

#[tokio::test]
async fn a_hanging_provider_times_out() -> anyhow::Result<()> {
    let server = guarded().await?;
    let still = Still::new();
    let began = Instant::now();
    let desk = Desk::default();
    let builder = quiet(&server).token_provider(desk.clone());
    let connecting = tokio::spawn(builder.token_timeout(SECOND * 3).connect());
    desk.wait_for_asked(1).await;
    still.advance(SECOND * 3).await;
    let error = soon(connecting).await?.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no token: the token provider did not reply within 3s"
    );
    assert!(began.elapsed() < SECOND * 4);
    assert_eq!(server.handshakes().len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_token_that_cannot_be_presented_is_refused_and_not_shown() -> anyhow::Result<()> {
    let server = guarded().await?;
    let tokens = [
        ("secret\n", false),
        ("secret&", true),
        ("", false),
        ("a4_sk_secret", false),
    ];
    for (token, in_query) in tokens {
        let desk = Desk::default();
        desk.give(token);
        let mut builder = client(&server).token_provider(desk.clone());
        if in_query {
            builder = builder.token_in_query("hs_token");
        }
        let error = soon(builder.wait_for_server(true).connect()).await;
        let error = error.unwrap_err();
        assert!(error.is_final());
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("the token provider supplied an invalid token"),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }
    assert_eq!(server.handshakes().len(), 0);
    Ok(())
}
