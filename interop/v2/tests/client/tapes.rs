//! Views that record changes and have no rows.

use hyperstack_interop_v2::{Limits, RateLimitConfig};
use hyperstack_sdk::{Cursor, GapCause, Tape, TapeError, TapeGap, TapeRecord};

use super::tokens::{alternating, renew};
use super::*;

type Item = Option<Result<TapeRecord<Player>, TapeError>>;

async fn next(tape: &mut Tape<Player>) -> Item {
    deadline(tape.next()).await
}

async fn record(tape: &mut Tape<Player>) -> TapeRecord<Player> {
    match next(tape).await {
        Some(Ok(record)) => record,
        other => panic!("{other:?}"),
    }
}

async fn gap(tape: &mut Tape<Player>) -> TapeGap {
    match next(tape).await {
        Some(Err(TapeError::Gap(gap))) => *gap,
        other => panic!("{other:?}"),
    }
}

/// Reads this many records. Returns their numbers.
async fn offsets(tape: &mut Tape<Player>, count: usize) -> Vec<u64> {
    let mut offsets = Vec::new();
    for _ in 0..count {
        offsets.extend(record(tape).await.cursor.offset());
    }
    offsets
}

/// Reads the last item, an error.
async fn end(mut tape: Tape<Player>) -> TapeError {
    let Some(Err(error)) = next(&mut tape).await else {
        panic!("not an error")
    };
    assert_eq!(next(&mut tape).await, None);
    error
}

async fn recorded(server: &Server, scores: std::ops::Range<i64>) {
    let changes = scores.map(|score| change("p", json!({"score": score})));
    server.apply(changes).await;
}

async fn cursor(server: &Server) -> Cursor {
    let cursor = server.cursor("Player/append").await;
    cursor.parse().expect("a cursor")
}

async fn tape(server: &Server) -> Tape<Player> {
    let hs = patient(server).await;
    hs.views::<PlayerViews>().append().tape().keep_alive()
}

#[tokio::test]
async fn a_tape_yields_the_retained_records_and_then_the_live_ones() {
    let server = players().tapes(100).start();
    recorded(&server, 0..5).await;
    let mut tape = tape(&server).await;
    for score in 0..5 {
        let record = deadline(tape.next_retained()).await.expect("a record");
        let record = record.expect("a record");
        assert_eq!(record.patch.score, Some(Some(score)));
        assert_eq!((&*record.key, record.patch.name), ("p", None));
    }
    assert!(deadline(tape.next_retained()).await.is_none());
    assert!(tape.is_caught_up());
    let wide = u64::MAX - 1;
    server.apply([change("q", json!({"total": wide}))]).await;
    let record = record(&mut tape).await;
    assert_eq!((&*record.key, record.cursor), ("q", cursor(&server).await));
    assert_eq!(record.patch.total, Some(Some(wide)));
}

#[tokio::test]
async fn a_tape_starts_after_its_cursor() {
    let server = players().tapes(100).start();
    recorded(&server, 0..3).await;
    let third = cursor(&server).await;
    recorded(&server, 3..6).await;
    let mut after = tape(&server).await.after(third);
    assert_eq!(offsets(&mut after, 3).await, [3, 4, 5]);
    let mut now = tape(&server).await.from_now();
    // It is caught up before it yields anything.
    assert!(deadline(now.next_retained()).await.is_none());
    recorded(&server, 6..8).await;
    assert_eq!(offsets(&mut now, 2).await, [6, 7]);
    assert_eq!(offsets(&mut after, 2).await, [6, 7]);
}

#[tokio::test]
async fn a_tape_from_now_gets_the_first_record_of_an_empty_tape() {
    let server = players().tapes(100).start();
    let mut now = tape(&server).await.from_now();
    assert!(deadline(now.next_retained()).await.is_none());
    recorded(&server, 0..2).await;
    assert_eq!(offsets(&mut now, 2).await, [0, 1]);
}

#[tokio::test]
async fn a_tape_yields_the_records_of_a_key_or_a_value() {
    let server = players().tapes(100).start();
    let changes = [
        change("a", json!({"score": 1, "total": 3, "note": "x"})),
        change("b", json!({"score": 2, "total": 4})),
        change("a", json!({"score": 2, "note": "x"})),
        change("b", json!({"total": 3, "active": true})),
    ];
    server.apply(changes).await;
    let all = || async { tape(&server).await };
    assert_eq!(offsets(&mut all().await.key("a"), 2).await, [0, 2]);
    assert_eq!(
        offsets(&mut all().await.filter("score", 2), 2).await,
        [1, 2]
    );
    // The server sends a wide integer as text.
    assert_eq!(
        offsets(&mut all().await.filter("total", 3), 2).await,
        [0, 3]
    );
    assert_eq!(
        offsets(&mut all().await.filter("note", "x"), 2).await,
        [0, 2]
    );
    assert_eq!(
        offsets(&mut all().await.filter("active", true), 1).await,
        [3]
    );
    let mut both = all().await.key("a").filter("note", "x").filter("score", 2);
    assert_eq!(offsets(&mut both, 1).await, [2]);
}

#[tokio::test]
async fn a_slow_reader_is_paused_and_misses_nothing() {
    let server = players().tapes(1_000).start();
    let hs = patient(&server).await;
    let mut tape = hs.views::<PlayerViews>().append().tape().capacity(8);
    recorded(&server, 0..100).await;
    assert_eq!(offsets(&mut tape, 1).await, [0]);
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    recorded(&server, 100..300).await;
    list.reaches(server.rows("Player/list").await).await;
    // What arrived so far is in the queue, which has not grown.
    let stats = hs.subscription_stats();
    let queued = stats.iter().find(|it| it.view == "Player/append");
    assert!(queued.is_some());
    assert!(hs.stats().queue_depth <= 16, "{:?}", hs.stats());
    let rest: Vec<u64> = (1..300).collect();
    assert_eq!(offsets(&mut tape, 299).await, rest);
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn a_tape_behind_its_bus_continues_without_a_gap() {
    for before in [0, 3] {
        let server = players().tapes(1_000).bus(16).start();
        recorded(&server, 0..before).await;
        let mut tape = tape(&server).await;
        while deadline(tape.next_retained()).await.is_some() {}
        let stall = server.stall();
        recorded(&server, before..before + 200).await;
        drop(stall);
        let all: Vec<u64> = (before as u64..before as u64 + 200).collect();
        assert_eq!(offsets(&mut tape, 200).await, all);
    }
}

#[tokio::test]
async fn a_tape_continues_after_a_planned_restart_without_a_gap() {
    let mut server = players().tapes(100).start();
    recorded(&server, 0..3).await;
    let mut tape = tape(&server).await;
    assert_eq!(offsets(&mut tape, 3).await, [0, 1, 2]);
    recorded(&server, 3..5).await;
    server.restart_with_state().await;
    recorded(&server, 5..7).await;
    assert_eq!(offsets(&mut tape, 4).await, [3, 4, 5, 6]);
}

#[tokio::test]
async fn a_record_of_a_stopping_server_has_the_cursor_of_the_one_before() {
    let server = players().tapes(100).start();
    recorded(&server, 0..1).await;
    let mut tape = tape(&server).await;
    assert_eq!(offsets(&mut tape, 1).await, [0]);
    server.store().await;
    server.apply([player("late", 1)]).await;
    let record = record(&mut tape).await;
    assert_eq!((&*record.key, record.cursor.offset()), ("late", Some(0)));
}

/// `cursor-epoch-changed`, and before the first new record the acceptance of the old cursor.
#[tokio::test]
async fn a_restart_without_state_is_a_gap_and_no_new_record_is_missed() {
    for recorded_before in [0, 3] {
        let mut server = players().tapes(100).start();
        recorded(&server, 0..5).await;
        let mut tape = tape(&server).await;
        assert_eq!(offsets(&mut tape, 5).await, [0, 1, 2, 3, 4]);
        let last = cursor(&server).await;
        server.kill().await;
        server.forget();
        recorded(&server, 0..recorded_before).await;
        server.start();
        let lost = gap(&mut tape).await;
        assert_eq!((lost.cause, lost.after), (GapCause::NewEpoch, last.clone()));
        assert_eq!((lost.lost, lost.resumed.offset()), (None, None));
        assert_ne!(lost.resumed.epoch(), last.epoch());
        recorded(&server, 0..8 - recorded_before).await;
        assert_eq!(offsets(&mut tape, 8).await, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}

#[tokio::test]
async fn an_expired_cursor_is_a_gap_with_the_number_of_lost_records() {
    let server = players().tapes(3).start();
    recorded(&server, 0..4).await;
    let old = cursor(&server).await;
    recorded(&server, 4..10).await;
    let mut open = tape(&server).await.after(old.clone());
    let lost = gap(&mut open).await;
    assert_eq!((lost.cause, lost.after), (GapCause::Expired, old.clone()));
    assert_eq!((lost.lost, lost.resumed.offset()), (Some(3), Some(6)));
    assert_eq!(offsets(&mut open, 3).await, [7, 8, 9]);
    let mut ends = tape(&server).await.after(old).end_at_gap();
    assert_eq!(gap(&mut ends).await.lost, Some(3));
    assert_eq!(next(&mut ends).await, None);
    // The cursor before the oldest record is valid.
    let epoch = cursor(&server).await.epoch().to_owned();
    let before: Cursor = format!("{epoch}:6").parse().expect("a cursor");
    assert_eq!(
        offsets(&mut tape(&server).await.after(before), 3).await,
        [7, 8, 9]
    );
}

/// `cursor-unknown` and `cursor-epoch-changed`.
#[tokio::test]
async fn a_cursor_that_the_server_never_reached_is_a_gap() {
    let server = players().tapes(100).start();
    recorded(&server, 0..2).await;
    let epoch = cursor(&server).await.epoch().to_owned();
    for (cursor, cause) in [
        (format!("{epoch}:2"), GapCause::UnknownCursor),
        ("other:1".to_owned(), GapCause::NewEpoch),
        ("312000001:000000000000".to_owned(), GapCause::NewEpoch),
    ] {
        let cursor: Cursor = cursor.parse().expect("a cursor");
        let mut tape = tape(&server).await.after(cursor.clone());
        let lost = gap(&mut tape).await;
        assert_eq!((lost.cause, lost.after), (cause, cursor));
        assert_eq!(offsets(&mut tape, 2).await, [0, 1]);
    }
}

/// `replay-gap`.
#[tokio::test]
async fn events_that_the_server_missed_are_a_gap_at_their_place() {
    let server = players().tapes(100).start();
    recorded(&server, 0..3).await;
    server.mark_gap().await;
    recorded(&server, 3..5).await;
    let epoch = cursor(&server).await.epoch().to_owned();
    for offset in [0, 2] {
        let start: Cursor = format!("{epoch}:{offset}").parse().expect("a cursor");
        let mut tape = tape(&server).await.after(start);
        let before: Vec<u64> = (offset + 1..3).collect();
        assert_eq!(offsets(&mut tape, before.len()).await, before);
        let lost = gap(&mut tape).await;
        assert_eq!((lost.cause, lost.lost), (GapCause::MissedByServer, None));
        assert_eq!(
            (lost.after.offset(), lost.resumed.offset()),
            (Some(2), Some(2))
        );
        assert_eq!(offsets(&mut tape, 2).await, [3, 4]);
    }
    // A reader of everything gets the hole at its place too.
    let mut tape = tape(&server).await;
    assert_eq!(offsets(&mut tape, 3).await, [0, 1, 2]);
    assert_eq!(gap(&mut tape).await.cause, GapCause::MissedByServer);
    assert_eq!(offsets(&mut tape, 2).await, [3, 4]);
}

/// `subscription-rescoped`.
#[tokio::test]
async fn a_tape_continues_when_a_new_token_has_other_scopes() {
    let (server, hs) = alternating(|setup| setup.tapes(100)).await;
    let mut tape = hs.views::<PlayerViews>().append().tape();
    let mut issues = hs.socket_issues();
    // A record that its scope hid is still there when the scope changes, unless the tape has passed it.
    let expected: [&[_]; 4] = [
        &[("x", 1)],
        &[("y", 2), ("y", 10)],
        &[("x", 11)],
        &[("y", 11), ("y", 12)],
    ];
    for (score, expected) in (10..).zip(expected) {
        for (key, score) in expected {
            let record = record(&mut tape).await;
            assert_eq!(record.patch.score, Some(Some(*score)));
            assert_eq!(record.key, *key);
        }
        renew().await;
        // Until then, the server sends records of the old scopes.
        let issue = deadline(issues.next()).await.expect("an issue");
        assert_eq!(issue.code.as_str(), "subscription-rescoped");
        let changes = ["x", "y"].map(|key| change(key, json!({"score": score})));
        server.apply(changes).await;
    }
    assert_eq!(hs.stats().reconnects, 0);
}

#[tokio::test]
async fn a_tape_over_the_limit_waits_until_another_subscription_ends() {
    let limits = Limits {
        max_subscriptions: Some(1),
        ..Limits::default()
    };
    let rates = RateLimitConfig {
        default_limits: Some(limits),
        ..RateLimitConfig::default()
    };
    let server = players().tapes(100).rates(rates).start();
    recorded(&server, 0..2).await;
    let hs = patient(&server).await;
    let views = hs.views::<PlayerViews>();
    let mut first = views.append().tape();
    assert_eq!(offsets(&mut first, 2).await, [0, 1]);
    let mut second = views.append().tape();
    let Some(Err(TapeError::OverLimit { view, .. })) = next(&mut second).await else {
        panic!("not over the limit")
    };
    assert_eq!(view, "Player/append");
    drop(first);
    assert_eq!(offsets(&mut second, 2).await, [0, 1]);
}

#[tokio::test]
async fn a_view_with_rows_is_not_a_tape() {
    let server = players().tapes(100).start();
    let hs = patient(&server).await;
    let views = hs.views::<PlayerViews>();
    let view = "Player/list".to_owned();
    let error = end(views.list().tape()).await;
    assert_eq!(error, TapeError::NotATape { view });
    let view = "Player/list".to_owned();
    let error = end(views.list().tape().from_now()).await;
    assert_eq!(error, TapeError::NotATape { view });
    let view = "Player/top".to_owned();
    let error = end(views.top().tape()).await;
    assert_eq!(error, TapeError::NotATape { view });
    let unknown = hs.raw("Nobody").append().tape();
    let mut unknown = unknown;
    let error = deadline(unknown.next()).await.expect("an error").err();
    let view = "Nobody/append".to_owned();
    assert_eq!(error, Some(TapeError::UnknownView { view }));
    // A plain append view has rows.
    let server = players().start();
    let hs = patient(&server).await;
    let error = end(hs.views::<PlayerViews>().append().tape()).await;
    assert!(matches!(error, TapeError::NotATape { .. }), "{error}");
}

#[tokio::test]
async fn a_row_read_of_a_tape_ends_with_the_reason() {
    let server = players().tapes(100).start();
    server.apply(crowd(3)).await;
    let hs = patient(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let append = hs.raw("Player").collection("Player/append");
    let view = "Player/append".to_owned();
    let read = deadline(append.try_get()).await;
    assert_eq!(read, Err(ReadError::Tape { view: view.clone() }));
    let end = Reader::<Value>::new(append.watch()).end().await;
    assert_eq!(end, EndReason::Tape { view: view.clone() });
    let row = hs.raw("Player").keyed("Player/append");
    let read = deadline(row.try_get("p1")).await;
    assert_eq!(read, Err(ReadError::Tape { view: view.clone() }));
    let end = Reader::<Value>::new(row.watch("p1")).end().await;
    assert_eq!(end, EndReason::Tape { view });
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!((hs.stats().reconnects, hs.stats().frame_errors), (0, 0));
}
