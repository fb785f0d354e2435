//! Rejected subscriptions, and when they are requested again.

use super::*;

fn reject_over_limit(session: &mut Session) {
    fail(session, &issue("subscription-limit-exceeded"), Time::ZERO);
}

/// Returns a session with one reader, whose view the server rejected because of its size.
fn too_large(id: &str, target: &Target) -> Session {
    let mut session = open();
    session.want(&query(&view(id), target, Window::default()));
    sent(&mut session);
    subscribed(&mut session, id, None);
    fail(&mut session, &issue("snapshot-limit-exceeded"), Time::ZERO);
    subscribed(&mut session, "R/list", None);
    sent(&mut session);
    steps(&mut session);
    session
}

#[test]
fn a_rejection_is_retried_if_a_subscription_ended_while_it_was_on_its_way() {
    // The limit is two subscriptions, and a barrier takes one of them for a while.
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
    session.want(&query(&view("R/top"), &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["+R/top", "+|"]);
    subscribed(&mut session, "R/list", None);
    subscribed(&mut session, "R/list", None);
    assert_eq!(sent(&mut session), ["-|"]);
    reject_over_limit(&mut session);
    assert_eq!(sent(&mut session), ["+R/top", "+|"]);
    // After another rejection nothing is requested.
    reject_over_limit(&mut session);
    reject_over_limit(&mut session);
    assert_eq!(sent(&mut session), [""; 0]);
}

#[test]
fn a_row_of_a_list_that_is_too_large_can_be_read() {
    let mut session = too_large("R/list", &Target::All);
    let list = view("R/list");
    session.release(&query(&list, &Target::All, Window::default()), Time::ZERO);
    session.want(&query(&list, &key("a"), Window::default()));
    assert_eq!(sent(&mut session), ["+R/list#a", "+|"]);
}

#[test]
fn a_rejected_derived_view_is_requested_again_for_the_next_reader_of_a_row() {
    let mut session = too_large("R/top", &key("a"));
    session.want(&query(&view("R/top"), &key("b"), Window::default()));
    assert_eq!(sent(&mut session), ["+R/top", "+|"]);
}

/// A v2 server may limit how many subscriptions start per minute.
#[test]
fn a_rejection_that_names_a_time_is_retried_then() {
    let settings = Settings {
        protocol: Protocol::V2,
        ..Settings::default()
    };
    let mut session = Session::new(settings, 7);
    session.handle_open(Time::ZERO);
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    let requests = |session: &mut Session| {
        let transmits = std::iter::from_fn(|| session.poll_transmit());
        let is_query = |it: &Transmit| matches!(it, Transmit::Text(Request::Query { .. }));
        transmits.filter(is_query).count()
    };
    assert_eq!(requests(&mut session), 1);
    let rejection = r#"{"type":"error","protocolVersion":2,"subscriptionId":"1","code":"rate-limit-exceeded",
        "message":"","retryable":true,"retryAfter":60,"fatal":false}"#;
    let Ok(Incoming::Issue(rejection)) = Incoming::decode(rejection.as_bytes()) else {
        panic!("{rejection}")
    };
    fail(&mut session, &rejection, seconds(1));
    assert_eq!(*session.link(), Link::Open);
    assert!(matches!(
        steps(&mut session)[..],
        [(0, Step::Refused { .. })]
    ));
    session.handle_alive(seconds(60));
    session.handle_timeout(seconds(60));
    assert_eq!(requests(&mut session), 0);
    session.handle_timeout(seconds(61));
    assert_eq!(requests(&mut session), 1);
}

#[test]
fn messages_of_a_lost_connection_are_ignored() {
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(1));
    steps(&mut session);
    complete(&mut session, "R/list");
    subscribed(&mut session, "R/list", None);
    fail(&mut session, &issue("snapshot-limit-exceeded"), seconds(1));
    assert_eq!(steps(&mut session), []);
}

#[test]
fn a_cursor_is_dropped_with_its_rows() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    session.want(&query(&list, &key("a"), Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    complete(&mut session, "R/list");
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(1));
    session.set_cursors(|_| Some(Seq::new(7, 0)));
    // The reader of all rows leaves while the connection is down, and another one comes later.
    session.release(&query(&list, &Target::All, Window::default()), seconds(1));
    session.handle_timeout(seconds(10));
    session.handle_open(seconds(10));
    assert_eq!(sent(&mut session), ["+R/list#a", "+|"]);
    session.want(&query(&list, &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["-R/list#a", "+R/list", "+|"]);
}

#[test]
fn lingering_queries_are_dropped_at_the_limit() {
    let settings = Settings {
        max_subscriptions: 1,
        ..v1()
    };
    let mut session = Session::new(settings, 7);
    let list = view("R/list");
    let row = |name| query(&list, &key(name), Window::default());
    assert_eq!(session.admit(&[row("a")]), Ok(()));
    session.want(&query(&list, &key("a"), Window::default()));
    let two = TooManySubscriptions {
        wanted: 2,
        limit: 1,
    };
    let admitted = session.admit(&[row("b"), row("b")]);
    assert_eq!(admitted, Err(two));
    session.release(&query(&list, &key("a"), Window::default()), Time::ZERO);
    assert_eq!(session.admit(&[row("b")]), Ok(()));
}
