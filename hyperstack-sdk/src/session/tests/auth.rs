//! Tokens: fetched, presented, renewed.

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

/// Up since 0 with the token "one", of 300 seconds.
fn connected() -> Session {
    let mut session = fetching();
    assert!(session.wants_token());
    session.handle_token(grant("one", 300), Time::ZERO);
    assert_eq!(*session.link(), Link::Dialing { attempt: 0 });
    assert_eq!(token(&session), Some("one"));
    session.handle_open(Time::ZERO);
    session
}

/// Runs until then, doing what is due, while the peer answers.
fn run(session: &mut Session, until: u64) -> Vec<String> {
    let mut said = Vec::new();
    while let Some(at) = session.poll_timeout().filter(|at| *at <= seconds(until)) {
        session.handle_timeout(at);
        said.extend(sent(session));
        session.handle_alive(at);
    }
    said.retain(|message| !message.eq_ignore_ascii_case("ping"));
    said
}

fn refused(code: &str, retry_after: Option<u64>) -> ConnectError {
    ConnectError::Rejected {
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
fn a_token_is_renewed_a_minute_before_its_end_while_the_connection_goes_on() {
    let mut session = connected();
    run(&mut session, 239);
    assert!(!session.wants_token());
    run(&mut session, 240);
    assert!(session.wants_token());
    session.handle_token(grant("two", 300), seconds(245));
    assert!(!session.wants_token());
    assert_eq!(run(&mut session, 246), [""; 0]);
    let said = sent(&mut session);
    assert_eq!(said, ["RefreshAuth { token: *** }"]);
    // The old one counts until the server has taken the new one.
    assert_eq!(token(&session), Some("one"));
    refreshed(&mut session, &reply(None), Some(seconds(600)), seconds(246));
    assert_eq!(
        (token(&session), session.link()),
        (Some("two"), &Link::Open)
    );
    // By a slow clock the server's word is for longer than the token was provided for.
    run(&mut session, 245 + 239);
    assert!(!session.wants_token());
    run(&mut session, 245 + 240);
    assert!(session.wants_token());
}

#[test]
fn the_server_s_word_counts_where_it_is_for_less_or_the_only_one() {
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
fn a_short_token_is_renewed_in_the_middle_of_its_life() {
    let mut session = fetching();
    session.handle_token(grant("one", 10), Time::ZERO);
    session.handle_open(Time::ZERO);
    run(&mut session, 4);
    assert!(!session.wants_token());
    run(&mut session, 5);
    assert!(session.wants_token());
}

#[test]
fn without_a_new_token_the_connection_ends_just_before_the_old_one_does() {
    let mut session = connected();
    run(&mut session, 240);
    session.handle_token(Err(TokenError::new("later")), seconds(240));
    assert!(matches!(session.last_error(), Some(ConnectError::Token(_))));
    assert_eq!(*session.link(), Link::Open);
    // It is asked for again within the back-off.
    run(&mut session, 248);
    assert!(session.wants_token());
    session.handle_token(Err(TokenError::denied("never")), seconds(248));
    run(&mut session, 293);
    assert!(!session.wants_token());
    assert_eq!(*session.link(), Link::Open);
    run(&mut session, 294);
    // The token was used up, not refused: there may be another one at once.
    assert_eq!(*session.link(), Link::Authorizing { attempt: 1 });
    assert_eq!(
        session.last_error(),
        Some(&ConnectError::Lost(ConnectionLost::TokenExpired))
    );
    assert_eq!(token(&session), None);
    session.handle_token(Err(TokenError::denied("never")), seconds(294));
    let Link::Closed(CloseReason::Failed(ConnectError::Token(error))) = session.link() else {
        panic!("{:?}", session.link());
    };
    assert_eq!(error.message(), "never");
}

#[test]
fn a_token_that_the_server_does_not_take_leads_to_a_new_connection() {
    for (answer, tries) in [(Some("token-invalid"), None), (None, Some("two"))] {
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
        assert_eq!(token(&session), tries);
    }
}

#[test]
fn a_new_token_outlives_the_end_of_the_old_one() {
    let mut session = fetching();
    session.handle_token(grant("one", 20), Time::ZERO);
    session.handle_open(Time::ZERO);
    run(&mut session, 10);
    session.handle_token(grant("two", 20), seconds(15));
    assert_eq!(sent(&mut session).len(), 1);
    // The server has not said a word of it when the old one ends.
    run(&mut session, 19);
    assert_eq!(
        session.last_error(),
        Some(&ConnectError::Lost(ConnectionLost::TokenExpired))
    );
    assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
    assert_eq!(token(&session), Some("two"));
}

#[test]
fn a_refused_token_is_replaced_at_once_if_it_was_an_old_one() {
    let mut session = connected();
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(60));
    session.handle_timeout(session.poll_timeout().unwrap());
    assert_eq!(*session.link(), Link::Dialing { attempt: 1 });
    assert_eq!(token(&session), Some("one"));
    session.handle_failed(refused("token-expired", None), seconds(70));
    assert_eq!(*session.link(), Link::Authorizing { attempt: 2 });
    // A new one that is refused too is no reason to hurry.
    session.handle_token(grant("two", 300), seconds(70));
    session.handle_failed(refused("token-expired", None), seconds(71));
    assert_eq!(*session.link(), Link::Waiting { attempt: 3 });
    session.handle_timeout(session.poll_timeout().unwrap());
    assert_eq!(*session.link(), Link::Authorizing { attempt: 3 });
}

#[test]
fn a_server_that_takes_every_token_and_then_refuses_it_is_not_hurried_after() {
    let mut session = connected();
    let expelled = || {
        ConnectError::Lost(ConnectionLost::Expelled {
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
fn one_token_that_is_refused_will_be_refused_again() {
    for credentials in [Credentials::None, Credentials::Token(Secret("t".into()))] {
        let settings = Settings {
            credentials,
            wait_for_server: true,
            ..v1()
        };
        let mut session = Session::new(settings, 7);
        session.handle_failed(refused("token-expired", None), Time::ZERO);
        assert!(matches!(
            session.link(),
            Link::Closed(CloseReason::Failed(_))
        ));
    }
}

#[test]
fn the_server_says_how_long_to_wait() {
    let mut session = connected();
    session.handle_failed(refused("rate-limit-exceeded", Some(30)), seconds(60));
    assert_eq!(session.poll_timeout(), Some(seconds(90)));
    // Never less than the back-off.
    let mut session = connected();
    session.handle_failed(refused("rate-limit-exceeded", Some(0)), seconds(60));
    assert!(session.poll_timeout() > Some(seconds(60)));
}

#[test]
fn a_fetch_that_fails_is_tried_again_after_a_wait_and_counts_as_an_attempt() {
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
fn an_answer_that_nobody_asked_for_is_no_answer() {
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
