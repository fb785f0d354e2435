mod auth;
mod detection;
mod refusals;
mod silence;
mod tapes;
mod upstream;
mod v2;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::wire::{Direction, Frame, Row, Seq, Sort};

fn seconds(seconds: u64) -> Time {
    Duration::from_secs(seconds)
}

fn view(id: &str) -> Arc<str> {
    id.into()
}

fn key(key: &str) -> Target {
    Target::Key(key.into())
}

const URL: &str = "ws://a.b";

fn lost(cause: ConnectionLost) -> ConnectError {
    let url = URL.into();
    ConnectError::Lost { url, cause }
}

fn unreachable() -> ConnectError {
    let (url, reason) = (URL.into(), "refused".into());
    ConnectError::Unreachable { url, reason }
}

/// Settings of a client that speaks v1.
fn v1() -> Settings {
    Settings {
        url: URL.into(),
        protocol: Protocol::V1,
        ..Settings::default()
    }
}

fn open() -> Session {
    let mut session = Session::new(v1(), 7);
    session.handle_open(Time::ZERO);
    session
}

/// Returns what the session wants to send, as `+view`, `+view#key`, `-view…`, and `|` for barriers.
fn sent(session: &mut Session) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(transmit) = session.poll_transmit() {
        let name = |view: String, key: Option<String>| match key {
            Some(key) if key.starts_with("hyperstack-sdk:barrier") => "|".to_owned(),
            Some(key) => format!("{view}#{key}"),
            None => view,
        };
        sent.push(match transmit {
            Transmit::Text(Request::Subscribe(s)) => {
                let options = match (s.skip, s.take, s.snapshot_limit, s.after) {
                    (Some(skip), Some(take), None, None) => format!("[{skip}..{take}]"),
                    (None, Some(take), None, None) => format!("[{take}]"),
                    (None, None, Some(limit), Some(after)) => format!(", {limit} after {after}"),
                    (None, None, None, Some(after)) => format!(", after {after}"),
                    _ => String::new(),
                };
                let name = name(s.view, s.key);
                if s.with_snapshot.is_none() || name == "|" {
                    format!("+{name}{options}")
                } else {
                    format!("+{name}{options}, live")
                }
            }
            Transmit::Text(Request::Unsubscribe { view, key }) => format!("-{}", name(view, key)),
            Transmit::Text(Request::Ping) => "ping".into(),
            Transmit::Text(other) => format!("{other:?}"),
            Transmit::Ping => "PING".into(),
            // One follows each reply.
            Transmit::Pong => continue,
        });
    }
    sent
}

fn query(view: &Arc<str>, target: &Target, window: Window) -> Query {
    Query {
        view: view.clone(),
        target: target.clone(),
        window,
        filters: Filters::new(),
    }
}

/// A `subscribed` frame arrives.
fn subscribed(session: &mut Session, view: &str, sort: Option<Sort>) {
    let view = view.into();
    let ack = None;
    frame(
        session,
        Frame::Subscribed {
            view,
            sort,
            unreadable_sort: None,
            ack,
        },
        Time::ZERO,
    );
}

/// A live change of a row arrives, or with no key a batch of a snapshot.
fn live(session: &mut Session, view: &str, key: Option<&str>, now: Time) {
    let view = view.into();
    let live = match key {
        Some(key) => Frame::Patch {
            view,
            row: Row {
                key: key.into(),
                data: "{}",
            },
            append: Vec::new(),
            seq: None,
            offset: None,
        },
        None => snapshot(view, false),
    };
    frame(session, live, now);
}

/// The last batch of a snapshot arrives.
fn complete(session: &mut Session, view: &str) {
    frame(session, snapshot(view.into(), true), Time::ZERO);
}

fn snapshot(view: Cow<'_, str>, complete: bool) -> Frame<'_> {
    Frame::Snapshot {
        view,
        rows: Vec::new(),
        malformed: Vec::new(),
        complete,
        authoritative: None,
    }
}

fn frame(session: &mut Session, frame: Frame<'_>, now: Time) {
    session.handle_message(Incoming::Frame(frame), now);
}

/// An error of the server arrives.
fn fail(session: &mut Session, issue: &Issue, now: Time) {
    session.handle_message(Incoming::Issue(issue.clone()), now);
}

/// The reply to a token refresh arrives. `life` is how long the token is valid according to it.
fn refreshed(session: &mut Session, reply: &RefreshReply, life: Option<Duration>, now: Time) {
    let expires_in = life;
    let reply = RefreshReply {
        expires_in,
        ..reply.clone()
    };
    session.handle_message(Incoming::Refresh(reply), now);
}

/// Returns the next loss of the connection that is reported.
fn loss(session: &mut Session) -> Option<ConnectError> {
    std::iter::from_fn(|| session.poll_notice()).find_map(|notice| match notice {
        Notice::Connection(error) => Some(error),
        _ => None,
    })
}

/// Returns the steps for the store. Sources are numbered in the order in which they were first wanted.
fn steps(session: &mut Session) -> Vec<(u32, Step<'static>)> {
    let instructions = std::iter::from_fn(|| session.poll_instruction());
    let step = |it: Instruction<'static>| (it.source.map_or(u32::MAX, |id| id.0), it.step);
    instructions.map(step).collect()
}

fn finish(target: Target) -> Step<'static> {
    let absent = Absent::Keep;
    Step::Complete { target, absent }
}

#[test]
fn two_readers_share_one_subscription_with_a_barrier_behind_it() {
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    assert_eq!(sent(&mut session), [""; 0]);
}

#[test]
fn queries_wanted_without_a_connection_are_subscribed_together_once_it_opens() {
    let mut session = Session::new(v1(), 7);
    session.want(&query(&view("R/list"), &key("b"), Window::default()));
    session.want(&query(
        &view("R/latest"),
        &Target::All,
        Window {
            take: Some(1),
            ..Window::default()
        },
    ));
    session.want(&query(&view("R/list"), &key("a"), Window::default()));
    assert_eq!(sent(&mut session), [""; 0]);
    session.handle_open(seconds(3));
    assert_eq!(
        sent(&mut session),
        ["+R/latest[1]", "+R/list#a", "+R/list#b", "+|"]
    );
}

#[test]
fn a_whole_view_replaces_the_subscriptions_of_its_rows_and_back() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &key("a"), Window::default()));
    assert_eq!(sent(&mut session), ["+R/list#a", "+|"]);
    session.want(&query(&list, &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["-R/list#a", "+R/list", "+|"]);
    session.release(&query(&list, &Target::All, Window::default()), seconds(10));
    assert_eq!(session.poll_timeout(), Some(seconds(15)));
    session.handle_timeout(seconds(15));
    let narrow = Step::Narrow(vec!["a".into()]);
    assert_eq!(steps(&mut session), [(0, narrow)]);
    let sent = sent(&mut session);
    assert_eq!(sent[..3], ["-R/list", "+R/list#a", "+|"]);
}

#[test]
fn the_widest_window_is_subscribed() {
    let mut session = open();
    let top = view("R/top");
    session.want(&query(
        &top,
        &Target::All,
        Window {
            take: Some(1),
            ..Window::default()
        },
    ));
    session.want(&query(
        &top,
        &Target::All,
        Window {
            take: Some(5),
            ..Window::default()
        },
    ));
    assert_eq!(sent(&mut session), ["+R/top[5]", "+|"]);
    session.want(&query(
        &top,
        &Target::All,
        Window {
            take: None,
            ..Window::default()
        },
    ));
    assert_eq!(sent(&mut session), ["-R/top", "+R/top", "+|"]);
}

#[test]
fn a_derived_view_is_subscribed_no_wider_than_its_readers_reach() {
    let mut session = open();
    let top = view("R/top");
    let part = |skip, take| Window {
        skip,
        take: Some(take),
        ..Window::default()
    };
    let filtered = Window {
        filtered: true,
        ..part(0, 1)
    };
    session.want(&query(&top, &Target::All, part(10, 5)));
    assert_eq!(sent(&mut session), ["+R/top[10..5]", "+|"]);
    session.want(&query(&top, &Target::All, part(12, 8)));
    assert_eq!(sent(&mut session), ["-R/top", "+R/top[10..10]", "+|"]);
    session.want(&query(&top, &Target::All, filtered));
    assert_eq!(sent(&mut session), ["-R/top", "+R/top", "+|"]);
    session.release(&query(&top, &Target::All, filtered), Time::ZERO);
    session.release(&query(&top, &Target::All, part(10, 5)), Time::ZERO);
    session.handle_timeout(seconds(10));
    assert_eq!(sent(&mut session)[..2], ["-R/top", "+R/top[12..8]"]);
}

#[test]
fn a_list_is_always_requested_whole() {
    let mut session = open();
    let list = view("R/list");
    let live = Window {
        no_snapshot: true,
        ..Window::default()
    };
    let newer = Window {
        after: Some(Seq::new(7, 2)),
        snapshot_limit: Some(9),
        ..Window::default()
    };
    // A patch of a row that the snapshot left out would look like a new row with few fields.
    session.want(&query(&list, &Target::All, live));
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
    session.want(&query(&list, &Target::All, newer));
    session.want(&query(&list, &Target::All, Window::default()));
    assert_eq!(sent(&mut session), [""; 0]);
}

#[test]
fn a_reader_that_comes_back_in_time_finds_its_subscription() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    session.release(&query(&list, &Target::All, Window::default()), seconds(1));
    session.want(&query(&list, &Target::All, Window::default()));
    session.handle_timeout(seconds(6));
    assert_eq!(steps(&mut session), []);
    assert_eq!(sent(&mut session), [""; 0]);
}

#[test]
fn the_last_reader_unsubscribes_after_the_linger() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    session.release(&query(&list, &Target::All, Window::default()), seconds(1));
    session.handle_timeout(seconds(5));
    assert_eq!(sent(&mut session), [""; 0]);
    session.handle_timeout(seconds(6));
    assert_eq!(sent(&mut session), ["-R/list"]);
    assert_eq!(steps(&mut session), [(0, Step::Free)]);
}

#[test]
fn a_pong_follows_each_reply_to_a_subscription() {
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    assert_eq!(session.poll_transmit(), Some(Transmit::Pong));
    assert_eq!(session.poll_transmit(), None);
}

#[test]
fn a_barrier_completes_an_empty_view() {
    let mut session = open();
    let (latest, target) = (view("R/latest"), Target::All);
    session.want(&query(&latest, &target, Window::default()));
    sent(&mut session);
    let sort = Some(Sort {
        path: vec!["id".into()],
        direction: Direction::Descending,
    });
    subscribed(&mut session, "R/latest", sort.clone());
    assert_eq!(
        steps(&mut session),
        [(
            0,
            Step::Begin {
                target: target.clone(),
                window: Window::default(),
                sort,
                resync: false,
                protocol: Protocol::V1,
                whole_entities: false,
                limits_rows: true,
                positions: false,
                rolls_back: false,
            }
        )]
    );
    subscribed(&mut session, "R/list", None);
    assert_eq!(
        steps(&mut session),
        [(
            0,
            Step::Complete {
                target,
                absent: Absent::Remove
            }
        )]
    );
    assert_eq!(sent(&mut session), ["-|"]);
}

#[test]
fn a_snapshot_is_completed_once() {
    let mut session = open();
    let (list, target) = (view("R/list"), Target::All);
    session.want(&query(&list, &target, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    live(&mut session, "R/list", None, Time::ZERO);
    steps(&mut session);
    complete(&mut session, "R/list");
    assert_eq!(steps(&mut session), [(0, finish(target))]);
    subscribed(&mut session, "R/list", None);
    assert_eq!(steps(&mut session), []);
}

#[test]
fn a_barrier_detects_an_unknown_view() {
    let mut session = open();
    let nope = view("R/nope");
    session.want(&query(&nope, &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    assert_eq!(steps(&mut session), [(0, Step::UnknownView)]);
}

#[test]
fn a_barrier_on_a_known_entity_detects_an_unknown_one() {
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
    subscribed(&mut session, "R/list", None);
    subscribed(&mut session, "R/list", None);
    steps(&mut session);
    let nope = view("Nope/list");
    session.want(&query(&nope, &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["-|", "+Nope/list", "+|", "+|"]);
    subscribed(&mut session, "R/list", None);
    assert_eq!(steps(&mut session), [(1, Step::UnknownView)]);
}

#[test]
fn a_view_that_sends_rows_is_not_unknown() {
    let mut session = open();
    let list = view("R/latest");
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    live(&mut session, "R/latest", None, Time::ZERO);
    subscribed(&mut session, "R/list", None);
    assert!(matches!(
        steps(&mut session)[..],
        [(0, Step::Complete { .. })]
    ));
}

#[test]
fn a_live_frame_of_another_key_does_not_complete_a_request() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &key("a"), Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    subscribed(&mut session, "R/list", None);
    session.want(&query(&list, &key("b"), Window::default()));
    assert_eq!(sent(&mut session), ["-|", "+R/list#b", "+|"]);
    steps(&mut session);
    live(&mut session, "R/list", None, Time::ZERO);
    subscribed(&mut session, "R/list", None);
    assert!(matches!(steps(&mut session)[..], [(0, Step::Begin { .. })]));
    subscribed(&mut session, "R/list", None);
    let target = key("b");
    assert_eq!(steps(&mut session), [(0, finish(target))]);
}

#[test]
fn a_rejected_subscription_is_requested_again_when_another_one_ends() {
    let mut session = open();
    let (list, other) = (view("R/list"), view("S/list"));
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    subscribed(&mut session, "R/list", None);
    steps(&mut session);
    session.want(&query(&other, &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["-|", "+S/list", "+|", "+|"]);
    fail(
        &mut session,
        &issue("subscription-limit-exceeded"),
        Time::ZERO,
    );
    assert!(matches!(
        &steps(&mut session)[..],
        [(1, Step::Refused { .. })]
    ));
    session.release(&query(&list, &Target::All, Window::default()), Time::ZERO);
    session.handle_timeout(seconds(5));
    assert_eq!(sent(&mut session)[..2], ["-R/list", "+S/list"]);
}

#[test]
fn a_rejected_subscription_is_requested_again_when_the_server_says_so() {
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    sent(&mut session);
    let mut issue = issue("subscription-limit-exceeded");
    issue.retry_after = Some(3);
    fail(&mut session, &issue, seconds(1));
    assert_eq!(session.poll_timeout(), Some(seconds(4)));
    assert_eq!(sent(&mut session), [""; 0]);
    session.handle_timeout(seconds(4));
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
}

#[test]
fn a_new_reader_after_a_rejection_drops_the_lingering_query_and_subscribes() {
    let mut session = open();
    let list = view("R/list");
    let limited = Window {
        after: Some(Seq::new(1, 0)),
        snapshot_limit: Some(9),
        ..Window::default()
    };
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    fail(&mut session, &issue("snapshot-limit-exceeded"), Time::ZERO);
    session.release(&query(&list, &Target::All, Window::default()), Time::ZERO);
    steps(&mut session);
    session.want(&query(&list, &Target::All, limited));
    let target = Target::All;
    assert_eq!(steps(&mut session), [(0, Step::ClearRefusal(target))]);
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
}

#[test]
fn a_cursor_serves_the_next_subscription_and_no_other() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    session.set_cursors(|_| Some(Seq::new(7, 0)));
    for resumed in ["+R/list, after 7:000000000000", "+R/list"] {
        session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(1));
        let now = session.poll_timeout().unwrap();
        session.handle_timeout(now);
        session.handle_open(now);
        assert_eq!(sent(&mut session), [resumed, "+|"]);
    }
    // The resumed snapshot and the rows held are together the whole view.
    steps(&mut session);
    subscribed(&mut session, "R/list", None);
    assert!(matches!(
        steps(&mut session)[..],
        [(0, Step::Begin { window, .. })] if window == Window::default()
    ));
}

#[test]
fn a_silent_subscription_is_requested_again() {
    let settings = Settings {
        stale_after: Some(seconds(40)),
        ping_interval: seconds(3600),
        ..v1()
    };
    let mut session = Session::new(settings, 7);
    session.handle_open(Time::ZERO);
    let list = view("R/list");
    session.want(&query(&list, &key("a"), Window::default()));
    session.want(&query(&list, &key("b"), Window::default()));
    session.want(&query(&view("R/top"), &Target::All, Window::default()));
    let mut requests = Vec::new();
    for now in 0..80 {
        let now = seconds(now);
        session.handle_timeout(now);
        let sent = sent(&mut session);
        requests.extend(sent.into_iter().map(|request| (now, request)));
        live(&mut session, "R/list", Some("a"), now);
        if now < seconds(20) {
            live(&mut session, "R/top", None, now);
        }
    }
    requests.retain(|(now, _)| *now > Time::ZERO);
    let requests: Vec<_> = requests
        .iter()
        .map(|(now, request)| (now.as_secs(), &**request))
        .collect();
    assert_eq!(
        requests,
        [
            (50, "-R/list#b"),
            (50, "+R/list#b"),
            (50, "+|"),
            (60, "-R/top"),
            (60, "+R/top"),
            (60, "+|"),
        ]
    );
}

#[test]
fn a_rejected_query_is_not_requested_again_until_a_subscription_ends() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &key("a"), Window::default()));
    sent(&mut session);
    fail(
        &mut session,
        &issue("subscription-limit-exceeded"),
        Time::ZERO,
    );
    fail(
        &mut session,
        &issue("subscription-limit-exceeded"),
        Time::ZERO,
    );
    assert!(matches!(
        steps(&mut session)[..],
        [(0, Step::Refused { .. })]
    ));
    session.want(&query(&list, &key("b"), Window::default()));
    assert_eq!(sent(&mut session), ["+R/list#b", "+|"]);
}

#[test]
fn a_rejected_barrier_counts_as_answered() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    steps(&mut session);
    fail(
        &mut session,
        &issue("subscription-limit-exceeded"),
        Time::ZERO,
    );
    let target = Target::All;
    assert_eq!(steps(&mut session), [(0, finish(target))]);
}

#[test]
fn a_query_that_is_wanted_again_right_after_it_expired_is_resubscribed() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    session.release(&query(&list, &Target::All, Window::default()), Time::ZERO);
    session.handle_timeout(seconds(5));
    session.want(&query(&list, &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["-R/list", "+R/list", "+|"]);
}

#[test]
fn a_snapshot_over_the_row_limit_is_rejected_after_its_reply() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    sent(&mut session);
    subscribed(&mut session, "R/list", None);
    fail(&mut session, &issue("snapshot-limit-exceeded"), Time::ZERO);
    subscribed(&mut session, "R/list", None);
    let steps = steps(&mut session);
    assert!(
        matches!(
            steps[..],
            [(0, Step::Begin { .. }), (0, Step::Refused { .. })]
        ),
        "{steps:?}"
    );
}

fn issue(code: &str) -> crate::wire::Issue {
    let json = format!(r#"{{"type":"error","code":"{code}"}}"#);
    match crate::wire::Incoming::decode(json.as_bytes()) {
        Ok(crate::wire::Incoming::Issue(issue)) => issue,
        other => panic!("{other:?}"),
    }
}

/// A patch of this row arrives. Returns the row's key, if the store gets the patch.
fn passed(session: &mut Session, view: &str, key: &str) -> Option<String> {
    let frame = Frame::Patch {
        view: view.into(),
        row: Row {
            key: key.into(),
            data: "{}",
        },
        append: Vec::new(),
        seq: None,
        offset: None,
    };
    let instruction = session.handle_message(Incoming::Frame(frame), Time::ZERO);
    instruction.map(|it| match it.step {
        Step::Patch { row, .. } => row.key.into_owned(),
        step => panic!("{step:?}"),
    })
}

#[test]
fn rows_that_an_ended_subscription_may_have_left_do_not_reach_the_store() {
    let mut session = open();
    let list = view("R/list");
    let whole = query(&list, &Target::All, Window::default());
    let passes = |session: &mut Session, rows: &str| {
        for row in ["a", "b"] {
            let found = passed(session, "R/list", row);
            assert_eq!(found.is_some(), rows.contains(row), "{row}");
        }
    };
    passes(&mut session, "");
    session.want(&query(&list, &key("a"), Window::default()));
    passes(&mut session, "");
    // Nothing was subscribed before, so nothing can be left over.
    sent(&mut session);
    passes(&mut session, "a");
    subscribed(&mut session, "R/list", None);
    session.want(&whole);
    assert_eq!(sent(&mut session), ["-R/list#a", "+R/list", "+|"]);
    // The answer to the first barrier, then the one to the list.
    subscribed(&mut session, "R/list", None);
    passes(&mut session, "a");
    subscribed(&mut session, "R/list", None);
    passes(&mut session, "ab");
    // Frames of the list may still arrive after it was unsubscribed.
    session.release(&whole, Time::ZERO);
    session.handle_timeout(seconds(5));
    passes(&mut session, "a");
    // A reader of another row waits for the reply, because a late patch of the list would create an incomplete row.
    session.want(&query(&list, &key("b"), Window::default()));
    assert_eq!(sent(&mut session)[..3], ["-|", "-R/list", "+R/list#a"]);
    passes(&mut session, "a");
}

#[test]
fn the_key_star_subscribes_the_whole_view() {
    let mut session = open();
    session.want(&query(&view("R/list"), &key("*"), Window::default()));
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
}

#[test]
fn a_loss_is_reported_once() {
    let mut session = open();
    session.handle_timeout(seconds(15));
    session.handle_timeout(seconds(30));
    let silent = seconds(30);
    assert_eq!(
        loss(&mut session),
        Some(lost(ConnectionLost::Silent { silent }))
    );
    assert_eq!(loss(&mut session), None);
}

#[test]
fn keys_of_one_view_are_answered_in_order() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &key("a"), Window::default()));
    session.want(&query(&list, &key("b"), Window::default()));
    sent(&mut session);
    let finish = |name| (0, finish(key(name)));
    subscribed(&mut session, "R/list", None);
    subscribed(&mut session, "R/list", None);
    steps(&mut session);
    complete(&mut session, "R/list");
    assert_eq!(steps(&mut session), [finish("a")]);
    subscribed(&mut session, "R/list", None);
    assert_eq!(steps(&mut session), [finish("b")]);
}

#[test]
fn a_resync_resubscribes_and_ignores_the_old_reply() {
    let mut session = open();
    let list = view("R/list");
    session.want(&query(&list, &Target::All, Window::default()));
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
    let resync = |session: &mut Session| {
        session.resync(&query(&view("R/list"), &Target::All, Window::default()));
        sent(session)
    };
    assert!(
        resync(&mut session).is_empty(),
        "the first snapshot is still to come"
    );
    subscribed(&mut session, "R/list", None);
    assert!(matches!(steps(&mut session)[..], [(0, Step::Begin { .. })]));
    assert_eq!(resync(&mut session), ["-R/list", "+R/list", "+|"]);
    subscribed(&mut session, "R/list", None);
    assert_eq!(steps(&mut session), [], "the reply to the first barrier");
    subscribed(&mut session, "R/list", None);
    assert!(matches!(steps(&mut session)[..], [(0, Step::Begin { .. })]));
}

#[test]
fn a_reconnect_resubscribes_the_wanted_queries() {
    let mut session = open();
    session.want(&query(&view("R/list"), &Target::All, Window::default()));
    sent(&mut session);
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(1));
    assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
    let until = session.poll_timeout().unwrap();
    assert!(until <= seconds(2));
    session.handle_timeout(until);
    assert_eq!(*session.link(), Link::Dialing { attempt: 1 });
    session.handle_open(until);
    assert_eq!(sent(&mut session), ["+R/list", "+|"]);
    assert_eq!(session.reconnects(), 1);
}

#[test]
fn a_server_that_drops_connections_at_once_does_not_reset_the_backoff() {
    let mut session = open();
    for attempt in 1..=6 {
        let now = session.poll_timeout().unwrap_or_default();
        session.handle_timeout(now);
        if session.link() != &Link::Open {
            session.handle_open(now);
        }
        session.handle_lost(ConnectionLost::Closed("eof".into()), now);
        assert_eq!(*session.link(), Link::Waiting { attempt });
    }
    let now = session.poll_timeout().unwrap();
    session.handle_timeout(now);
    session.handle_open(now);
    session.handle_lost(ConnectionLost::Closed("eof".into()), now + seconds(30));
    assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
}

#[test]
fn the_last_allowed_attempt_ends_the_session_with_its_cause() {
    let settings = Settings {
        max_reconnect_attempts: Some(2),
        ..v1()
    };
    let mut session = Session::new(settings, 7);
    session.handle_open(Time::ZERO);
    let cause = unreachable();
    session.handle_failed(cause.clone(), Time::ZERO);
    for _ in 0..2 {
        let now = session.poll_timeout().unwrap();
        session.handle_timeout(now);
        session.handle_failed(cause.clone(), now);
    }
    let reason = CloseReason::AttemptsExhausted { attempts: 2, cause };
    assert_eq!(*session.link(), Link::Closed(reason));
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn the_first_dial_is_retried_only_with_wait_for_server() {
    let cause = unreachable();
    let mut session = Session::new(v1(), 7);
    session.handle_failed(cause.clone(), Time::ZERO);
    assert!(matches!(
        session.link(),
        Link::Closed(CloseReason::Failed(_))
    ));

    let settings = Settings {
        wait_for_server: true,
        auto_reconnect: false,
        ..v1()
    };
    let mut session = Session::new(settings, 7);
    session.handle_failed(cause.clone(), Time::ZERO);
    assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
    let now = session.poll_timeout().unwrap();
    session.handle_timeout(now);
    session.handle_open(now);
    assert_eq!(session.reconnects(), 0);
    let lost = ConnectionLost::Closed("reset".into());
    session.handle_lost(lost.clone(), now);
    assert_eq!(*session.link(), Link::Closed(CloseReason::Lost(lost)));
}

#[test]
fn a_final_rejection_ends_the_session() {
    let mut session = open();
    let rejection = ConnectError::Rejected {
        url: URL.into(),
        status: 403,
        code: Some("origin-mismatch".into()),
        message: "no".into(),
        retry_after: None,
    };
    session.handle_failed(rejection.clone(), seconds(1));
    let reason = CloseReason::Failed(rejection);
    assert_eq!(*session.link(), Link::Closed(reason));
}

#[test]
fn both_pings_are_sent_each_interval_and_two_silent_intervals_end_the_connection() {
    let mut session = open();
    assert_eq!(session.poll_timeout(), Some(seconds(15)));
    session.handle_timeout(seconds(15));
    assert_eq!(sent(&mut session), ["PING", "ping"]);
    session.handle_alive(seconds(16));
    session.handle_timeout(seconds(30));
    assert_eq!(sent(&mut session), ["PING", "ping"]);
    session.handle_timeout(seconds(45));
    assert_eq!(*session.link(), Link::Open);
    session.handle_timeout(seconds(46));
    assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
}

#[test]
fn a_delayed_client_pings_before_it_gives_up() {
    let mut session = open();
    session.handle_timeout(seconds(100));
    assert_eq!(*session.link(), Link::Open);
    assert_eq!(sent(&mut session), ["PING", "ping"]);
    assert_eq!(session.poll_timeout(), Some(seconds(115)));
    session.handle_timeout(seconds(115));
    assert_eq!(*session.link(), Link::Waiting { attempt: 1 });
}

#[test]
fn keys_of_a_derived_view_share_one_subscription_to_the_whole_view() {
    let mut session = open();
    let by_mint = view("R/by_mint");
    session.want(&query(&by_mint, &key("a"), Window::default()));
    session.want(&query(&by_mint, &key("b"), Window::default()));
    assert_eq!(sent(&mut session), ["+R/by_mint", "+|"]);
    session.release(&query(&by_mint, &key("a"), Window::default()), Time::ZERO);
    session.handle_timeout(seconds(5));
    assert_eq!(steps(&mut session), []);
    session.release(&query(&by_mint, &key("b"), Window::default()), seconds(5));
    session.handle_timeout(seconds(10));
    assert_eq!(steps(&mut session), [(0, Step::Free)]);
    assert_eq!(sent(&mut session), ["-R/by_mint"]);
}

#[test]
fn a_session_can_be_closed_in_any_state() {
    for lost in [false, true] {
        let mut session = open();
        if lost {
            session.handle_lost(ConnectionLost::Closed("eof".into()), seconds(1));
        }
        session.close(CloseReason::Disconnected);
        assert_eq!(*session.link(), Link::Closed(CloseReason::Disconnected));
        assert_eq!(session.poll_transmit(), None);
    }
}
