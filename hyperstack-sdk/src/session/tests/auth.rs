//! Tokens: fetching, use, renewal.

use super::*;

fn fetching() -> Session {
    let settings = Settings {
        credentials: Credentials::Fetched,
        reconnect_intervals: vec![seconds(8)],
        ..v1()
    };
    Session::new(settings, 7)
}

fn grant(token: &str, life: u64) -> Result<Grant, TokenError> {
    Ok(Grant {
        token: Secret(token.into()),
        life: Some(seconds(life)),
    })
}

fn token(session: &Session) -> Option<&str> {
    session.token().map(|token| token.0.as_str())
}

/// Returns a session that connected at 0 with the token "one", which lives for 300 seconds.
fn connected() -> Session {
    let mut session = fetching();
    assert!(session.wants_token());
    session.handle_token(grant("one", 300), Time::ZERO);
    assert_eq!(*session.link(), Link::Dialing { attempt: 0 });
    assert_eq!(token(&session), Some("one"));
    session.handle_open(Time::ZERO);
    session
}

/// Runs the timers until a time, while the peer answers. Returns what was sent, except pings.
fn run(session: &mut Session, until: u64) -> Vec<String> {
    let mut messages = Vec::new();
    while let Some(at) = session.poll_timeout().filter(|at| *at <= seconds(until)) {
        session.handle_timeout(at);
        messages.extend(sent(session));
        session.handle_alive(at);
    }
    messages.retain(|message| !message.eq_ignore_ascii_case("ping"));
    messages
}

fn rejected(code: &str, retry_after: Option<u64>) -> ConnectError {
    ConnectError::Rejected {
        url: URL.into(),
        status: 401,
        code: Some(code.into()),
        message: "no".into(),
        retry_after: retry_after.map(seconds),
    }
}

fn reply(error: Option<&str>) -> RefreshReply {
    RefreshReply {
        success: error.is_none(),
        expires_at: None,
        expires_in: None,
        error: error.map(AuthErrorCode::from),
    }
}

#[test]
fn a_token_is_renewed_on_the_open_connection_a_minute_before_it_expires() {
    let mut session = connected();
    run(&mut session, 239);
    assert!(!session.wants_token());
    run(&mut session, 240);
    assert!(session.wants_token());
    session.handle_token(grant("two", 300), seconds(245));
    assert!(!session.wants_token());
    assert_eq!(run(&mut session, 246), [""; 0]);
    assert_eq!(sent(&mut session), ["RefreshAuth { token: *** }"]);
    // The old token stays in use until the server accepts the new one.
    assert_eq!(token(&session), Some("one"));
    refreshed(&mut session, &reply(None), Some(seconds(600)), seconds(246));
    assert_eq!(
        (token(&session), session.link()),
        (Some("two"), &Link::Open)
    );
    // With a slow clock, the server's expiry seems later than the provider's.
    run(&mut session, 245 + 239);
    assert!(!session.wants_token());
    run(&mut session, 245 + 240);
    assert!(session.wants_token());
}

#[test]
fn the_expiry_that_the_server_names_counts_if_it_is_earlier_or_the_only_one() {
    for life in [Some(seconds(300)), None] {
        let mut session = connected();
        run(&mut session, 240);
        let token = Secret("two".into());
        session.handle_token(Ok(Grant { token, life }), seconds(240));
        sent(&mut session);
        refreshed(&mut session, &reply(None), Some(seconds(200)), seconds(240));
        run(&mut session, 240 + 139);
        assert!(!session.wants_token());
        run(&mut session, 240 + 140);
        assert!(session.wants_token());
    }
}

#[test]
fn a_short_lived_token_is_renewed_halfway() {
    let mut session = fetching();
    session.handle_token(grant("one", 10), Time::ZERO);
    session.handle_open(Time::ZERO);
    run(&mut session, 4);
    assert!(!session.wants_token());
    run(&mut session, 5);
    assert!(session.wants_token());
}

#[test]
fn without_a_new_token_the_connection_ends_just_before_the_old_one_expires() {
    let mut session = connected();
    run(&mut session, 240);
    session.handle_token(Err(TokenError::new("later")), seconds(240));
    assert!(matches!(session.last_error(), Some(ConnectError::Token(_))));
    assert_eq!(*session.link(), Link::Open);
    // It is requested again after the backoff.
    run(&mut session, 248);
    assert!(session.wants_token());
    session.handle_token(Err(TokenError::denied("never")), seconds(248));
    run(&mut session, 293);
    assert!(!session.wants_token());
    assert_eq!(*session.link(), Link::Open);
    run(&mut session, 294);
    // The token expired and was not rejected, so another one is requested at once.
    assert_eq!(*session.link(), Link::Authorizing { attempt: 1 });
    assert_eq!(
        session.last_error(),
        Some(&lost(ConnectionLost::TokenExpired))
    );
    assert_eq!(token(&session), None);
    session.handle_token(Err(TokenError::denied("never")), seconds(294));
    let Link::Closed(CloseReason::Failed(ConnectError::Token(error))) = session.link() else {
        panic!("{:?}", session.link());
    };
    assert_eq!(error.message(), "never");
}

#[test]
fn a_refresh_that_the_server_does_not_accept_leads_to_a_reconnect() {
    for (answer, next_token) in [(Some("token-invalid"), None), (None, Some("two"))] {
        let mut session = connected();
        run(&mut session, 240);
        session.handle_token(grant("two", 300), seconds(240));
        assert_eq!(sent(&mut session).len(), 1);
        match answer {
            Some(code) => refreshed(&mut session, &reply(Some(code)), None, seconds(241)),
            // The server is silent.
            None => drop(run(&mut session, 250)),
        }
        assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
        assert_eq!(token(&session), next_token);
    }
}

#[test]
fn a_new_token_is_kept_if_the_old_one_expires_before_the_server_answers() {
    let mut session = fetching();
    session.handle_token(grant("one", 20), Time::ZERO);
    session.handle_open(Time::ZERO);
    run(&mut session, 10);
    session.handle_token(grant("two", 20), seconds(15));
    assert_eq!(sent(&mut session).len(), 1);
    // The server has not answered when the old token expires.
    run(&mut session, 19);
    assert_eq!(
        session.last_error(),
        Some(&lost(ConnectionLost::TokenExpired))
    );
    assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
    assert_eq!(token(&session), Some("two"));
}

#[test]
fn a_rejected_token_is_replaced_at_once_if_it_was_used_before() {
    let mut session = connected();
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(60));
    session.handle_timeout(session.poll_timeout().unwrap());
    assert_eq!(*session.link(), Link::Dialing { attempt: 1 });
    assert_eq!(token(&session), Some("one"));
    session.handle_failed(rejected("token-expired", None), seconds(70));
    assert_eq!(*session.link(), Link::Authorizing { attempt: 2 });
    // After a new token is rejected too, the session backs off.
    session.handle_token(grant("two", 300), seconds(70));
    session.handle_failed(rejected("token-expired", None), seconds(71));
    assert_eq!(*session.link(), Link::Waiting { attempt: 3 });
    session.handle_timeout(session.poll_timeout().unwrap());
    assert_eq!(*session.link(), Link::Authorizing { attempt: 3 });
}

#[test]
fn a_server_that_accepts_each_token_and_then_drops_the_connection_is_backed_off() {
    let mut session = connected();
    let expelled = || {
        lost(ConnectionLost::Expelled {
            code: AuthErrorCode::TokenExpired,
            message: String::new(),
            retry_after: None,
        })
    };
    session.handle_failed(expelled(), seconds(1));
    assert_eq!(*session.link(), Link::Authorizing { attempt: 1 });
    session.handle_token(grant("two", 300), seconds(1));
    session.handle_open(seconds(1));
    session.handle_failed(expelled(), seconds(2));
    assert_eq!(*session.link(), Link::Waiting { attempt: 2 });
}

#[test]
fn a_rejection_of_a_fixed_token_is_final() {
    for credentials in [Credentials::None, Credentials::Token(Secret("t".into()))] {
        let settings = Settings {
            credentials,
            wait_for_server: true,
            ..v1()
        };
        let mut session = Session::new(settings, 7);
        session.handle_failed(rejected("token-expired", None), Time::ZERO);
        assert!(matches!(
            session.link(),
            Link::Closed(CloseReason::Failed(_))
        ));
    }
}

#[test]
fn the_session_waits_as_long_as_the_server_says() {
    let mut session = connected();
    session.handle_failed(rejected("rate-limit-exceeded", Some(30)), seconds(60));
    assert_eq!(session.poll_timeout(), Some(seconds(90)));
    // Never less than the backoff.
    let mut session = connected();
    session.handle_failed(rejected("rate-limit-exceeded", Some(0)), seconds(60));
    assert!(session.poll_timeout() > Some(seconds(60)));
}

#[test]
fn a_failed_token_request_is_retried_after_a_wait_and_counts_as_an_attempt() {
    let settings = Settings {
        credentials: Credentials::Fetched,
        wait_for_server: true,
        max_reconnect_attempts: Some(1),
        ..v1()
    };
    let mut session = Session::new(settings, 7);
    let busy = || TokenError::new("busy").with_retry_after(seconds(5));
    session.handle_token(Err(busy()), seconds(1));
    assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
    assert_eq!(session.poll_timeout(), Some(seconds(6)));
    session.handle_timeout(seconds(6));
    assert_eq!(*session.link(), Link::Authorizing { attempt: 1 });
    session.handle_token(Err(busy()), seconds(7));
    let Link::Closed(CloseReason::AttemptsExhausted { attempts: 1, .. }) = session.link() else {
        panic!("{:?}", session.link());
    };
}

#[test]
fn a_reply_without_a_request_is_ignored() {
    let mut session = connected();
    refreshed(
        &mut session,
        &reply(Some("token-invalid")),
        None,
        seconds(1),
    );
    session.handle_token(grant("stray", 300), seconds(1));
    assert_eq!(
        (token(&session), session.link()),
        (Some("one"), &Link::Open)
    );
    assert_eq!(sent(&mut session), [""; 0]);
}
