//! Protocol v2: subscription ids, replies, snapshots.

use super::*;
use crate::wire::{Ack, ReplayWindow};

pub(super) fn connected() -> Session {
    let settings = Settings {
        protocol: Protocol::V2,
        ..Settings::default()
    };
    let mut session = Session::new(settings, 7);
    session.handle_open(Time::ZERO);
    session
}

fn whole(id: &str) -> Query {
    query(&view(id), &Target::All, Window::default())
}

fn top(take: u64) -> Query {
    let window = Window {
        take: Some(take),
        ..Window::default()
    };
    query(&view("R/top"), &Target::All, window)
}

/// Returns what the session wants to send, as JSON without the parts that all requests have.
pub(super) fn requests(session: &mut Session) -> Vec<String> {
    let mut requests = Vec::new();
    while let Some(transmit) = session.poll_transmit() {
        let Transmit::Text(request) = transmit else {
            continue;
        };
        let json = request.to_json().replace(r#","protocolVersion":2"#, "");
        let json = json.replace(r#"{"type":"subscribe","subscriptionId":"#, "+");
        let json = json.replace(r#"{"type":"unsubscribe","subscriptionId":"#, "-");
        requests.push(
            json.replace(r#","query":"#, " ")
                .trim_end_matches('}')
                .to_owned(),
        );
    }
    requests
}

/// A frame of a subscription arrives. Returns the step for the store, if there is one.
fn arrives<'m>(session: &mut Session, id: &'m str, frame: Frame<'m>) -> Option<Step<'m>> {
    let id = id.into();
    let message = Incoming::Routed { id, frame };
    let instruction = session.handle_message(message, Time::ZERO)?;
    Some(instruction.step)
}

pub(super) fn accepted(session: &mut Session, id: &str) {
    let frame = Frame::Subscribed {
        view: "".into(),
        unreadable_sort: None,
        sort: None,
        ack: Some(Ack {
            whole_entities: true,
            replay_window: None,
            limit: None,
        }),
    };
    assert_eq!(arrives(session, id, frame), None);
}

fn batch(session: &mut Session, id: &str, complete: bool) -> bool {
    let frame = Frame::Snapshot {
        view: "".into(),
        rows: Vec::new(),
        malformed: Vec::new(),
        complete,
        authoritative: Some(true),
    };
    match arrives(session, id, frame) {
        Some(Step::Snapshot { restarts, .. }) => restarts,
        step => panic!("{step:?}"),
    }
}

fn changed(session: &mut Session, id: &str) -> bool {
    let row = Row {
        key: "a".into(),
        data: "{}",
    };
    let view = "".into();
    arrives(session, id, Frame::Upsert { view, row }).is_some()
}

fn error(session: &mut Session, id: &str, code: &str, message: &str, fatal: bool) {
    let json = format!(
        r#"{{"type":"error","protocolVersion":2,"subscriptionId":"{id}","code":"{code}","message":"{message}","fatal":{fatal}}}"#
    );
    let Ok(message) = Incoming::decode(json.as_bytes()) else {
        panic!("{json}")
    };
    assert_eq!(session.handle_message(message, Time::ZERO), None);
}

#[test]
fn each_distinct_query_has_a_subscription_and_a_source() {
    let mut session = connected();
    let list = session.want(&whole("R/list")).source;
    let five = session.want(&top(5)).source;
    assert_ne!(list, five);
    assert_ne!(session.want(&top(3)).source, five);
    assert_eq!(session.want(&top(5)).source, five);
    let row = query(&view("R/list"), &key("a"), Window::default());
    session.want(&row);
    assert_eq!(
        requests(&mut session),
        [
            r#"+"1" {"view":"R/list""#,
            r#"+"2" {"view":"R/state","key":"a""#,
            r#"+"3" {"view":"R/top","take":3"#,
            r#"+"4" {"view":"R/top","take":5"#,
        ]
    );
}

#[test]
fn live_frames_before_the_first_complete_snapshot_are_ignored() {
    let mut session = connected();
    session.want(&whole("R/list"));
    requests(&mut session);
    accepted(&mut session, "1");
    assert!(matches!(steps(&mut session)[..], [(0, Step::Begin { .. })]));
    assert!(!changed(&mut session, "1"), "the snapshot contains it");
    assert!(!batch(&mut session, "1", false));
    assert!(!batch(&mut session, "1", true));
    let complete = Step::Complete {
        target: Target::All,
        absent: Absent::Remove,
    };
    assert_eq!(steps(&mut session), [(0, complete)]);
    assert!(changed(&mut session, "1"));
    assert!(!changed(&mut session, "9"), "an unknown id");
}

#[test]
fn an_unrequested_snapshot_replaces_the_rows() {
    let mut session = connected();
    session.want(&whole("R/list"));
    requests(&mut session);
    accepted(&mut session, "1");
    batch(&mut session, "1", true);
    assert!(batch(&mut session, "1", false), "a new snapshot starts");
    assert!(!batch(&mut session, "1", true), "and continues");
    assert!(batch(&mut session, "1", true));
}

#[test]
fn frames_after_the_last_reader_unsubscribed_are_ignored() {
    let mut session = connected();
    session.want(&whole("R/list"));
    requests(&mut session);
    accepted(&mut session, "1");
    batch(&mut session, "1", true);
    steps(&mut session);
    session.release(&whole("R/list"), Time::ZERO);
    session.handle_timeout(seconds(5));
    assert_eq!(steps(&mut session), [(0, Step::Free)]);
    assert_eq!(requests(&mut session), [r#"-"1""#]);
    assert!(!changed(&mut session, "1"));
    session.want(&whole("R/list"));
    assert_eq!(requests(&mut session), [r#"+"2" {"view":"R/list""#]);
}

#[test]
fn a_lagged_subscription_is_requested_under_a_fresh_id() {
    let mut session = connected();
    session.want(&whole("R/list"));
    session.want(&top(5));
    requests(&mut session);
    accepted(&mut session, "1");
    batch(&mut session, "1", true);
    error(&mut session, "1", "subscription-lagged", "", true);
    assert_eq!(*session.link(), Link::Open);
    assert_eq!(
        requests(&mut session),
        [r#"-"1""#, r#"+"3" {"view":"R/list""#]
    );
}

#[test]
fn an_error_reaches_the_subscription_that_it_names() {
    let mut session = connected();
    session.want(&whole("R/list"));
    session.want(&whole("R/nope"));
    requests(&mut session);
    let message = "unknown view: R/nope";
    error(&mut session, "2", "subscription-rejected", message, false);
    assert_eq!(steps(&mut session), [(1, Step::UnknownView)]);
    error(&mut session, "1", "subscription-limit-exceeded", "", false);
    assert!(matches!(
        steps(&mut session)[..],
        [(0, Step::Refused { .. })]
    ));
    assert_eq!(requests(&mut session), [""; 0]);
    // Another subscription ends, so the server may accept this one.
    session.want(&top(5));
    assert_eq!(requests(&mut session).len(), 1);
    session.release(&top(5), Time::ZERO);
    session.handle_timeout(seconds(5));
    assert_eq!(requests(&mut session), [r#"-"3""#]);
    assert_eq!(arrives(&mut session, "3", Frame::Unsubscribed), None);
    assert_eq!(requests(&mut session), [r#"+"4" {"view":"R/list""#]);
}

#[test]
fn a_query_that_is_rejected_while_another_ends_is_requested_again() {
    let mut session = connected();
    session.want(&top(5));
    requests(&mut session);
    accepted(&mut session, "1");
    session.release(&top(5), Time::ZERO);
    session.want(&whole("R/list"));
    assert_eq!(requests(&mut session).len(), 1);
    session.handle_timeout(seconds(5));
    assert_eq!(requests(&mut session), [r#"-"1""#]);
    // The server reads the subscribe before the unsubscribe.
    error(&mut session, "2", "subscription-limit-exceeded", "", false);
    assert_eq!(requests(&mut session), [""; 0]);
    assert_eq!(arrives(&mut session, "1", Frame::Unsubscribed), None);
    assert_eq!(requests(&mut session), [r#"+"3" {"view":"R/list""#]);
}

#[test]
fn a_tape_has_no_rows() {
    let mut session = connected();
    session.want(&whole("R/append"));
    requests(&mut session);
    let frame = Frame::Subscribed {
        view: "".into(),
        unreadable_sort: None,
        sort: None,
        ack: Some(Ack {
            whole_entities: true,
            replay_window: Some(ReplayWindow {
                epoch: "e".into(),
                earliest: 0,
                next: 0,
                gap_after: None,
            }),
            limit: None,
        }),
    };
    assert_eq!(arrives(&mut session, "1", frame), None);
    assert_eq!(steps(&mut session), [(0, Step::NoRows)]);
    assert_eq!(requests(&mut session), [r#"-"1""#]);
}

#[test]
fn a_reconnect_subscribes_the_same_queries_under_fresh_ids() {
    let mut session = connected();
    session.want(&whole("R/list"));
    requests(&mut session);
    accepted(&mut session, "1");
    batch(&mut session, "1", true);
    steps(&mut session);
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(1));
    let now = session.poll_timeout().unwrap();
    session.handle_timeout(now);
    session.handle_open(now);
    assert_eq!(requests(&mut session), [r#"+"2" {"view":"R/list""#]);
    accepted(&mut session, "2");
    let steps = steps(&mut session);
    assert!(matches!(
        steps.last(),
        Some((0, Step::Begin { resync: true, .. }))
    ));
}

#[test]
fn the_client_applies_snapshot_options_itself() {
    let mut session = connected();
    let window = Window {
        take: Some(3),
        after: Some(Seq::new(7, 0)),
        ..Window::default()
    };
    let route = session.want(&query(&view("R/list"), &Target::All, window));
    assert_eq!(route.local, window);
    assert_eq!(route.source, session.want(&whole("R/list")).source);
    assert_eq!(requests(&mut session), [r#"+"1" {"view":"R/list""#]);
}
