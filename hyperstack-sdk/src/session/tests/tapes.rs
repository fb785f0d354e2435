//! The readers of tapes: positions, gaps, refusals.

use super::v2::{accepted, connected, requests};
use super::*;
use crate::wire::Cursor;

fn tape(start: TapeStart) -> TapeQuery {
    TapeQuery {
        view: view("T/append"),
        key: None,
        filters: Vec::new(),
        start,
        ends_at_gap: false,
    }
}

fn after(cursor: &str) -> TapeStart {
    TapeStart::After(cursor.parse().unwrap())
}

/// A message of the server arrives. Returns what it brings the readers of tapes, in order.
fn says(session: &mut Session, json: &str) -> Vec<String> {
    let Ok(message) = Incoming::decode(json.as_bytes()) else {
        panic!("{json}")
    };
    let first = session.handle_message(message, Time::ZERO);
    let first = first.map(|instruction| shown(instruction.step));
    let rest = steps(session).into_iter().map(|(_, step)| shown(step));
    first.into_iter().chain(rest).flatten().collect()
}

fn shown(step: Step<'_>) -> Vec<String> {
    let gap = |gap: &TapeGap| {
        let lost = gap.lost.map(|lost| format!(" {lost}")).unwrap_or_default();
        let cause = format!("{:?}", gap.cause);
        let cause = cause.split('(').next().unwrap_or_default();
        format!("{cause} {}..{}{lost}", gap.after, gap.resumed)
    };
    match step {
        Step::Tape(TapeStep::Opened { position, next }) => vec![format!("open {position}/{next}")],
        Step::Tape(TapeStep::Record { gaps, cursor, .. }) => {
            let mut shown: Vec<_> = gaps.iter().map(gap).collect();
            shown.push(cursor.to_string());
            shown
        }
        Step::Tape(TapeStep::Gap(it)) => vec![gap(&it)],
        Step::Tape(TapeStep::OverLimit(_)) => vec!["over limit".to_owned()],
        Step::Tape(TapeStep::End(TapeEnd::Rejected(issue))) => vec![format!("end {}", issue.code)],
        Step::Tape(TapeStep::End(reason)) => vec![format!("end {reason:?}")],
        _ => Vec::new(),
    }
}

/// The server accepts a subscription. `window` is `epoch earliest next`, and `gapAfter` if there is one.
fn opens(session: &mut Session, id: &str, window: &str) -> Vec<String> {
    let json = format!(
        r#"{{"protocolVersion":2,"subscriptionId":"{id}","op":"subscribed","query":{{"view":"T/append"}},"mode":"append","replayWindow":{},"wholeEntities":true}}"#,
        window_json(window)
    );
    says(session, &json)
}

fn window_json(window: &str) -> String {
    let mut parts = window.split(' ');
    let mut part = || parts.next();
    let (epoch, earliest, next) = (part().unwrap(), part().unwrap(), part().unwrap());
    let gap = part().map(|gap| format!(r#","gapAfter":{gap}"#));
    let gap = gap.unwrap_or_default();
    format!(r#"{{"epoch":"{epoch}","earliest":{earliest},"next":{next}{gap}}}"#)
}

/// The server sends records with these numbers.
fn records(session: &mut Session, id: &str, offsets: &[u64]) -> Vec<String> {
    let record = |offset: &u64| {
        format!(
            r#"{{"data":{{}},"entity":"T/append","key":"k","mode":"append","offset":{offset},"op":"patch","protocolVersion":2,"subscriptionId":"{id}"}}"#
        )
    };
    let records = offsets.iter().map(record);
    records.flat_map(|json| says(session, &json)).collect()
}

fn refuses(session: &mut Session, id: &str, code: &str, window: Option<&str>) -> Vec<String> {
    let window = window.map(window_json).unwrap_or_else(|| "null".to_owned());
    let json = format!(
        r#"{{"type":"error","protocolVersion":2,"subscriptionId":"{id}","code":"{code}","message":"m","fatal":false,"replayWindow":{window}}}"#
    );
    says(session, &json)
}

fn reconnect(session: &mut Session) {
    session.handle_lost(ConnectionLost::Closed("reset".into()), seconds(1));
    let now = session.poll_timeout().unwrap();
    session.handle_timeout(now);
    session.handle_open(now);
    steps(session);
}

const WHOLE: &str = r#"+"t1" {"view":"T/append""#;

#[test]
fn a_tape_yields_retained_and_live_records_once() {
    let mut session = connected();
    session.open_tape(tape(TapeStart::Oldest));
    assert_eq!(requests(&mut session), [WHOLE]);
    assert_eq!(opens(&mut session, "t1", "e 3 5"), ["open 3/5"]);
    let read = records(&mut session, "t1", &[3, 4, 4, 5, 3, 6]);
    assert_eq!(read, ["e:3", "e:4", "e:5", "e:6"]);
}

#[test]
fn a_reconnect_resumes_behind_the_last_record() {
    let mut session = connected();
    session.open_tape(tape(after("e:7")));
    let request = r#"+"t1" {"view":"T/append","after":"e:7""#;
    assert_eq!(requests(&mut session), [request]);
    assert_eq!(opens(&mut session, "t1", "e 0 10"), ["open 8/10"]);
    assert_eq!(records(&mut session, "t1", &[8, 9]), ["e:8", "e:9"]);
    reconnect(&mut session);
    let request = r#"+"t2" {"view":"T/append","after":"e:9""#;
    assert_eq!(requests(&mut session), [request]);
    // A frame of the old connection's subscription has no meaning.
    assert_eq!(records(&mut session, "t1", &[10]), [""; 0]);
    assert_eq!(opens(&mut session, "t2", "e 0 10"), ["open 10/10"]);
    assert_eq!(records(&mut session, "t2", &[10]), ["e:10"]);
}

#[test]
fn a_cursor_that_the_server_accepts_has_not_expired() {
    let mut session = connected();
    session.open_tape(tape(after("e:7")));
    requests(&mut session);
    // The server dropped record 8 after it had read it for the replay.
    assert_eq!(opens(&mut session, "t1", "e 9 12"), ["open 8/12"]);
    assert_eq!(records(&mut session, "t1", &[8, 9]), ["e:8", "e:9"]);
}

#[test]
fn before_the_first_record_a_reconnect_resumes_behind_the_records_that_were_not_retained() {
    let mut session = connected();
    session.open_tape(tape(TapeStart::Oldest));
    requests(&mut session);
    opens(&mut session, "t1", "e 3 3");
    reconnect(&mut session);
    let request = r#"+"t2" {"view":"T/append","after":"e:2""#;
    assert_eq!(requests(&mut session), [request]);
    // An empty tape has no cursor.
    let mut session = connected();
    session.open_tape(tape(TapeStart::Oldest));
    requests(&mut session);
    opens(&mut session, "t1", "e 0 0");
    reconnect(&mut session);
    assert_eq!(requests(&mut session), [r#"+"t2" {"view":"T/append""#]);
    let opened = opens(&mut session, "t2", "e 2 5");
    assert_eq!(opened, ["Expired e:start..e:1 2", "open 2/5"]);
}

#[test]
fn a_tape_from_now_skips_the_retained_records() {
    let mut session = connected();
    session.open_tape(tape(TapeStart::Now));
    let request = r#"+"t1" {"view":"T/append","after":"none:0""#;
    assert_eq!(requests(&mut session), [request]);
    let refused = refuses(&mut session, "t1", "cursor-epoch-changed", Some("e 3 9"));
    assert_eq!(refused, [""; 0]);
    assert_eq!(session.poll_notice(), None);
    let request = r#"+"t2" {"view":"T/append","after":"e:8""#;
    assert_eq!(requests(&mut session), [request]);
    assert_eq!(opens(&mut session, "t2", "e 3 10"), ["open 9/10"]);
    assert_eq!(records(&mut session, "t2", &[9, 10]), ["e:9", "e:10"]);
}

#[test]
fn a_tape_from_now_that_is_empty_starts_with_its_first_record() {
    let mut session = connected();
    session.open_tape(tape(TapeStart::Now));
    requests(&mut session);
    // The server accepts any cursor, and would then suppress record 0.
    assert_eq!(opens(&mut session, "t1", "e 0 0"), [""; 0]);
    let expected = [r#"-"t1""#, r#"+"t2" {"view":"T/append""#];
    assert_eq!(requests(&mut session), expected);
    assert_eq!(opens(&mut session, "t2", "e 0 2"), ["open 0/2"]);
    assert_eq!(records(&mut session, "t2", &[0, 1]), ["e:0", "e:1"]);
}

#[test]
fn a_slow_reader_is_paused_and_resumed_at_its_position() {
    let mut session = connected();
    let source = session.open_tape(tape(TapeStart::Oldest));
    requests(&mut session);
    opens(&mut session, "t1", "e 0 9");
    records(&mut session, "t1", &[0, 1]);
    session.pause_tape(source);
    assert_eq!(requests(&mut session), [r#"-"t1""#]);
    assert_eq!(records(&mut session, "t1", &[2, 3]), [""; 0]);
    reconnect(&mut session);
    assert_eq!(requests(&mut session), [""; 0]);
    session.resume_tape(source);
    let request = r#"+"t2" {"view":"T/append","after":"e:1""#;
    assert_eq!(requests(&mut session), [request]);
    opens(&mut session, "t2", "e 0 9");
    assert_eq!(records(&mut session, "t2", &[2]), ["e:2"]);
}

#[test]
fn a_lagged_or_rescoped_tape_resumes_under_a_fresh_id() {
    for code in ["replay-lagged", "subscription-rescoped"] {
        let mut session = connected();
        session.open_tape(tape(TapeStart::Oldest));
        requests(&mut session);
        opens(&mut session, "t1", "e 0 2");
        records(&mut session, "t1", &[0, 1]);
        assert_eq!(refuses(&mut session, "t1", code, None), [""; 0]);
        let expected = [r#"-"t1""#, r#"+"t2" {"view":"T/append","after":"e:1""#];
        assert_eq!(requests(&mut session), expected);
    }
}

#[test]
fn lost_records_are_a_gap_and_the_tape_continues_with_the_oldest_record() {
    for (code, window, gap) in [
        ("cursor-expired", "e 7 9", "Expired e:4..e:6 2"),
        ("cursor-epoch-changed", "f 7 9", "NewEpoch e:4..f:6"),
        ("cursor-unknown", "e 0 3", "UnknownCursor e:4..e:start"),
        ("invalid-cursor", "e 7 9", "Expired e:4..e:6 2"),
        // The server restarted between the two replies.
        ("cursor-expired", "f 0 0", "NewEpoch e:4..f:start"),
    ] {
        let mut session = connected();
        session.open_tape(tape(after("e:4")));
        requests(&mut session);
        assert_eq!(refuses(&mut session, "t1", code, Some(window)), [""; 0]);
        assert_eq!(requests(&mut session), [r#"+"t2" {"view":"T/append""#]);
        let opened = opens(&mut session, "t2", window);
        let oldest: u64 = window.split(' ').nth(1).unwrap().parse().unwrap();
        let next = window.split(' ').nth(2).unwrap();
        assert_eq!(
            opened,
            [gap.to_owned(), format!("open {oldest}/{next}")],
            "{code}"
        );
        let epoch = &window[..1];
        assert_eq!(
            records(&mut session, "t2", &[oldest]),
            [format!("{epoch}:{oldest}")]
        );
    }
}

#[test]
fn a_tape_that_ends_at_a_gap_ends_at_the_refusal() {
    let mut session = connected();
    session.open_tape(TapeQuery {
        ends_at_gap: true,
        ..tape(after("e:4"))
    });
    requests(&mut session);
    let refused = refuses(&mut session, "t1", "cursor-expired", Some("e 7 9"));
    assert_eq!(refused, ["Expired e:4..e:6 2", "end Gap"]);
    assert_eq!(requests(&mut session), [""; 0]);
    reconnect(&mut session);
    assert_eq!(requests(&mut session), [""; 0]);
}

#[test]
fn a_tape_that_ends_at_a_gap_yields_the_records_before_a_hole() {
    let mut session = connected();
    session.open_tape(TapeQuery {
        ends_at_gap: true,
        ..tape(after("e:4"))
    });
    requests(&mut session);
    let window = "e 0 9 6";
    assert_eq!(
        refuses(&mut session, "t1", "replay-gap", Some(window)),
        [""; 0]
    );
    requests(&mut session);
    opens(&mut session, "t2", window);
    let read = records(&mut session, "t2", &[4, 5, 6, 7, 8]);
    assert_eq!(read, ["e:5", "e:6", "MissedByServer e:6..e:6", "end Gap"]);
}

#[test]
fn a_hole_before_now_does_not_end_a_tape_from_now() {
    let mut session = connected();
    session.open_tape(TapeQuery {
        ends_at_gap: true,
        ..tape(TapeStart::Now)
    });
    requests(&mut session);
    // The cursor of the last record is refused too.
    let window = "e 0 7 6";
    refuses(&mut session, "t1", "cursor-epoch-changed", Some(window));
    requests(&mut session);
    assert_eq!(
        refuses(&mut session, "t2", "replay-gap", Some(window)),
        [""; 0]
    );
    assert_eq!(requests(&mut session), [r#"+"t3" {"view":"T/append""#]);
    assert_eq!(opens(&mut session, "t3", "e 0 8 6"), ["open 7/8"]);
    assert_eq!(records(&mut session, "t3", &[5, 6, 7]), ["e:7"]);
}

#[test]
fn an_old_cursor_that_an_empty_tape_accepts_is_replaced() {
    let mut session = connected();
    session.open_tape(tape(after("e:4")));
    requests(&mut session);
    assert_eq!(opens(&mut session, "t1", "f 0 0"), [""; 0]);
    let expected = [r#"-"t1""#, r#"+"t2" {"view":"T/append""#];
    assert_eq!(requests(&mut session), expected);
    let opened = opens(&mut session, "t2", "f 0 2");
    assert_eq!(opened, ["NewEpoch e:4..f:start", "open 0/2"]);
    assert_eq!(records(&mut session, "t2", &[0, 1]), ["f:0", "f:1"]);
    // The same epoch, but a tape that has forgotten its records.
    reconnect(&mut session);
    requests(&mut session);
    assert_eq!(opens(&mut session, "t3", "f 0 0"), [""; 0]);
    requests(&mut session);
    let opened = opens(&mut session, "t4", "f 0 0");
    assert_eq!(opened, ["UnknownCursor f:1..f:start", "open 0/0"]);
}

#[test]
fn events_that_the_server_missed_are_a_gap_between_two_records() {
    let mut session = connected();
    session.open_tape(tape(after("e:4")));
    requests(&mut session);
    refuses(&mut session, "t1", "replay-gap", Some("e 0 9 6"));
    assert_eq!(requests(&mut session), [r#"+"t2" {"view":"T/append""#]);
    assert_eq!(opens(&mut session, "t2", "e 0 9 6"), ["open 5/9"]);
    let read = records(&mut session, "t2", &[0, 4, 5, 6, 7]);
    assert_eq!(read, ["e:5", "e:6", "MissedByServer e:6..e:6", "e:7"]);
    // It is reported once.
    reconnect(&mut session);
    requests(&mut session);
    assert_eq!(opens(&mut session, "t3", "e 0 9 6"), ["open 8/9"]);
    // A hole that the reader crossed while it was connected is reported late.
    reconnect(&mut session);
    requests(&mut session);
    records(&mut session, "t4", &[]);
    assert_eq!(
        opens(&mut session, "t4", "e 0 9 7"),
        ["open 8/9", "MissedByServer e:7..e:7"]
    );
}

#[test]
fn a_new_reader_ignores_a_hole_before_its_first_record() {
    for (start, window) in [(TapeStart::Oldest, "e 7 9 6"), (after("e:7"), "e 0 9 6")] {
        let mut session = connected();
        session.open_tape(tape(start));
        requests(&mut session);
        let opened = opens(&mut session, "t1", window);
        assert_eq!(opened.len(), 1, "{opened:?}");
        assert_eq!(records(&mut session, "t1", &[8]), ["e:8"]);
    }
}

#[test]
fn a_message_that_could_not_be_read_is_a_gap_if_a_number_is_missing() {
    let mut session = connected();
    session.open_tape(tape(TapeStart::Oldest));
    requests(&mut session);
    opens(&mut session, "t1", "e 0 0");
    records(&mut session, "t1", &[0]);
    let error = || FrameError::Malformed("m".into());
    session.handle_undecodable(error(), Time::ZERO);
    assert_eq!(records(&mut session, "t1", &[1]), ["e:1"]);
    session.handle_undecodable(error(), Time::ZERO);
    let read = records(&mut session, "t1", &[3]);
    assert_eq!(read, ["Unreadable e:1..e:2 1", "e:3"]);
    // Without an error, scopes explain a missing number.
    assert_eq!(records(&mut session, "t1", &[9]), ["e:9"]);
}

#[test]
fn a_record_without_a_number_keeps_the_cursor() {
    let mut session = connected();
    session.open_tape(tape(TapeStart::Oldest));
    requests(&mut session);
    opens(&mut session, "t1", "e 0 0");
    records(&mut session, "t1", &[0]);
    let record = r#"{"data":{},"entity":"T/append","key":"k","op":"patch","protocolVersion":2,"subscriptionId":"t1"}"#;
    assert_eq!(says(&mut session, record), ["e:0"]);
    assert_eq!(records(&mut session, "t1", &[1]), ["e:1"]);
}

#[test]
fn a_view_with_rows_is_not_a_tape() {
    let mut session = connected();
    session.open_tape(tape(TapeStart::Oldest));
    requests(&mut session);
    accepted(&mut session, "t1");
    let ended: Vec<_> = steps(&mut session)
        .into_iter()
        .flat_map(|(_, step)| shown(step))
        .collect();
    assert_eq!(ended, ["end NotATape"]);
    assert_eq!(requests(&mut session), [r#"-"t1""#]);
}

#[test]
fn a_rejected_tape_ends_and_one_over_the_limit_waits() {
    let mut session = connected();
    session.open_tape(tape(TapeStart::Oldest));
    let other = session.open_tape(tape(TapeStart::Oldest));
    requests(&mut session);
    assert_eq!(
        refuses(&mut session, "t1", "invalid-subscription", None),
        ["end invalid-subscription"]
    );
    let refused = refuses(&mut session, "t2", "subscription-limit-exceeded", None);
    assert_eq!(refused, ["over limit"]);
    assert_eq!(requests(&mut session), [""; 0]);
    let ended = r#"{"protocolVersion":2,"subscriptionId":"9","op":"unsubscribed"}"#;
    says(&mut session, ended);
    assert_eq!(requests(&mut session), [r#"+"t3" {"view":"T/append""#]);
    let rejection = r#"{"type":"error","protocolVersion":2,"subscriptionId":"t3","code":"rate-limit-exceeded","message":"m","fatal":false,"retryAfter":10}"#;
    assert_eq!(says(&mut session, rejection), ["over limit"]);
    session.handle_timeout(seconds(10));
    assert_eq!(requests(&mut session), [r#"+"t4" {"view":"T/append""#]);
    session.release_tape(other);
    assert_eq!(requests(&mut session), [r#"-"t4""#]);
}

#[test]
fn a_v1_server_has_no_tapes() {
    let settings = Settings {
        protocol: Protocol::V1,
        ..Settings::default()
    };
    let mut session = Session::new(settings, 7);
    session.open_tape(tape(TapeStart::Oldest));
    let ended = [(0, Step::Tape(TapeStep::End(TapeEnd::UnsupportedProtocol)))];
    assert_eq!(steps(&mut session), ended);
    // With detection, the first message decides.
    let mut session = Session::new(Settings::default(), 7);
    session.handle_open(Time::ZERO);
    session.open_tape(tape(TapeStart::Oldest));
    requests(&mut session);
    let v1 = r#"{"op":"subscribed","view":"T/list","mode":"list"}"#;
    assert_eq!(says(&mut session, v1), ["end UnsupportedProtocol"]);
    session.open_tape(tape(TapeStart::Oldest));
    assert!(matches!(
        steps(&mut session).last(),
        Some((_, Step::Tape(TapeStep::End(TapeEnd::UnsupportedProtocol))))
    ));
}

#[test]
fn a_v2_server_that_answers_late_has_tapes() {
    for answers in [true, false] {
        let mut session = Session::new(Settings::default(), 7);
        session.handle_open(Time::ZERO);
        session.open_tape(tape(TapeStart::Oldest));
        assert_eq!(requests(&mut session)[0], WHOLE);
        session.handle_pong(Time::ZERO);
        session.handle_timeout(seconds(1));
        assert_eq!(session.protocol(), Protocol::V1);
        assert_eq!(
            steps(&mut session).len(),
            1,
            "only the readers of rows move"
        );
        if answers {
            assert_eq!(opens(&mut session, "t1", "e 0 0"), ["open 0/0"]);
            assert_eq!(session.protocol(), Protocol::V2);
        }
        session.handle_alive(seconds(6));
        session.handle_timeout(seconds(6));
        let ended = steps(&mut session).into_iter();
        let ended: Vec<_> = ended.flat_map(|(_, step)| shown(step)).collect();
        let expected: &[&str] = match answers {
            true => &[],
            false => &["end UnsupportedProtocol"],
        };
        assert_eq!(ended, expected);
    }
}

#[test]
fn a_lagged_tape_skips_records_that_do_not_match() {
    let mut session = connected();
    session.open_tape(TapeQuery {
        key: Some("k".into()),
        ..tape(TapeStart::Oldest)
    });
    requests(&mut session);
    opens(&mut session, "t1", "e 0 2");
    records(&mut session, "t1", &[1]);
    let lagged = |id: &str, cursor: &str| {
        format!(
            r#"{{"type":"error","protocolVersion":2,"subscriptionId":"{id}","code":"replay-lagged","message":"m","fatal":false,"recoverFrom":"{cursor}"}}"#
        )
    };
    says(&mut session, &lagged("t1", "e:9"));
    let resumed = |id: &str| format!(r#"+"{id}" {{"view":"T/append","key":"k","after":"e:9""#);
    assert_eq!(requests(&mut session), [r#"-"t1""#, &resumed("t2")]);
    opens(&mut session, "t2", "e 0 20");
    // It never goes back, nor to another epoch.
    says(&mut session, &lagged("t2", "e:3"));
    assert_eq!(requests(&mut session), [r#"-"t2""#, &resumed("t3")]);
    // It does not skip a record that it could not read.
    opens(&mut session, "t3", "e 0 20");
    session.handle_undecodable(FrameError::Malformed("m".into()), Time::ZERO);
    says(&mut session, &lagged("t3", "e:15"));
    assert_eq!(requests(&mut session), [r#"-"t3""#, &resumed("t4")]);
}

#[test]
fn a_refused_cursor_that_was_not_sent_ends_the_tape() {
    for start in [TapeStart::Oldest, TapeStart::Now] {
        let mut session = connected();
        session.open_tape(tape(start));
        requests(&mut session);
        let refused = refuses(&mut session, "t1", "invalid-cursor", None);
        assert_eq!(refused, ["end invalid-cursor"]);
        assert_eq!(requests(&mut session), [""; 0]);
    }
}

#[test]
fn a_tape_counts_as_a_subscription() {
    let settings = Settings {
        max_subscriptions: 1,
        ..Settings::default()
    };
    let mut session = Session::new(settings, 7);
    assert_eq!(session.admit_tape(), Ok(()));
    let source = session.open_tape(tape(TapeStart::Oldest));
    assert!(session.admit_tape().is_err());
    session.release_tape(source);
    assert_eq!(session.admit_tape(), Ok(()));
    assert_eq!(Cursor::before("e", 0).to_string(), "e:start");
}
