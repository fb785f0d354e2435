//! Tapes: positions, keys, gaps and slow readers.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::{Cursor, GapCause, Tape, TapeError, TapeGap, TapeRecord};
use nats_tests::NatsServer;
use serde_json::json;

use crate::support::{connect, next, soon, Hand, Trade, TradeViews};

const STREAM: &str = "TAPE_game_Trade_append";

/// A client of a tape that retains this many records, or all of them if it is -1.
async fn session(retained: i64) -> (NatsServer, Hand, HyperStack) {
    let nats = NatsServer::start();
    let hand = Hand::new(&nats).await;
    hand.tape(retained).await;
    let hs = connect(&nats).await;
    (nats, hand, hs)
}

fn tape(hs: &HyperStack) -> Tape<Trade> {
    hs.views::<TradeViews>().append().tape()
}

async fn record(tape: &mut Tape<Trade>) -> TapeRecord<Trade> {
    next(tape).await.expect("an error instead of a record")
}

/// Returns the prices of the next records.
async fn prices(tape: &mut Tape<Trade>, count: usize) -> Vec<i64> {
    let mut prices = Vec::new();
    for _ in 0..count {
        match next(tape).await {
            Ok(record) => prices.extend(record.patch.price.flatten()),
            Err(error) => panic!("after {prices:?}: {error}"),
        }
    }
    prices
}

async fn gap(tape: &mut Tape<Trade>) -> TapeGap {
    match next(tape).await {
        Err(TapeError::Gap(gap)) => *gap,
        other => panic!("not a gap: {other:?}"),
    }
}

fn at(cursor: &Cursor, offset: u64) -> Cursor {
    format!("{}:{offset}", cursor.epoch()).parse().unwrap()
}

/// Whether records in a row are lost or repeated: prices must be consecutive.
fn consecutive(from: i64, count: i64) -> Vec<i64> {
    (from..from + count).collect()
}

#[tokio::test]
async fn retained_records_come_first_and_then_live_ones() {
    let (_nats, hand, hs) = session(-1).await;
    hand.trades(0..3).await;
    let mut tape = tape(&hs);
    let first = record(&mut tape).await;
    assert_eq!(
        (first.key.as_str(), first.patch.price),
        ("A", Some(Some(0)))
    );
    assert_eq!(first.patch.side, Some(Some("buy".to_owned())));
    assert_eq!(first.cursor.offset(), Some(1));
    assert_eq!(prices(&mut tape, 2).await, [1, 2]);
    hand.trades(3..5).await;
    assert_eq!(prices(&mut tape, 2).await, [3, 4]);
    assert_eq!(hs.stats().frame_errors, 0);
}

#[tokio::test]
async fn a_tape_continues_after_a_cursor() {
    let (_nats, hand, hs) = session(-1).await;
    hand.trades(0..5).await;
    let mut first = tape(&hs);
    let cursor = record(&mut first).await.cursor;
    let mut after = tape(&hs).after(cursor);
    assert_eq!(prices(&mut after, 4).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_tape_starts_with_the_next_record() {
    let (_nats, hand, hs) = session(-1).await;
    // The stream is empty at first.
    let mut before = tape(&hs).from_now();
    assert!(soon(before.next_retained()).await.is_none());
    hand.trades(0..3).await;
    let mut after = tape(&hs).from_now();
    assert!(soon(after.next_retained()).await.is_none());
    hand.trades(3..5).await;
    assert_eq!(prices(&mut before, 5).await, [0, 1, 2, 3, 4]);
    assert_eq!(prices(&mut after, 2).await, [3, 4]);
}

#[tokio::test]
async fn keys_and_filters_select_records() {
    let (_nats, hand, hs) = session(-1).await;
    hand.trades(0..4).await;
    let mut keyed = tape(&hs).key("B");
    let mut filtered = tape(&hs).filter("side", "buy");
    let mut strange = tape(&hs).key("a b");
    assert_eq!(prices(&mut keyed, 2).await, [1, 3]);
    assert_eq!(prices(&mut filtered, 2).await, [0, 2]);
    hand.trades(4..6).await;
    let record = json!({"key": "a b", "patch": {"price": 6}});
    hand.publish(&[("game.Trade.append.a=20b".to_owned(), record)])
        .await;
    assert_eq!(prices(&mut keyed, 1).await, [5]);
    assert_eq!(prices(&mut filtered, 1).await, [4]);
    assert_eq!(prices(&mut strange, 1).await, [6]);
}

#[tokio::test]
async fn a_cursor_has_expired() {
    let (_nats, hand, hs) = session(3).await;
    hand.trades(0..1).await;
    let mut first = tape(&hs);
    let cursor = record(&mut first).await.cursor;
    drop(first);
    hand.trades(1..7).await;
    let mut tape = tape(&hs).after(cursor.clone());
    let gap = gap(&mut tape).await;
    assert_eq!((gap.cause, gap.lost), (GapCause::Expired, Some(3)));
    assert_eq!((gap.after, gap.resumed), (cursor.clone(), at(&cursor, 4)));
    assert_eq!(prices(&mut tape, 3).await, [4, 5, 6]);
}

#[tokio::test]
async fn a_cursor_is_after_the_end() {
    let (_nats, hand, hs) = session(-1).await;
    hand.trades(0..2).await;
    let cursor = record(&mut tape(&hs)).await.cursor;
    let mut last = tape(&hs).after(at(&cursor, 2));
    assert!(soon(last.next_retained()).await.is_none());
    let mut beyond = tape(&hs).after(at(&cursor, 3));
    assert_eq!(gap(&mut beyond).await.cause, GapCause::UnknownCursor);
    assert_eq!(prices(&mut beyond, 2).await, [0, 1]);
}

#[tokio::test]
async fn the_stream_is_made_again() {
    let (_nats, hand, hs) = session(-1).await;
    hand.trades(0..3).await;
    let mut tape = tape(&hs);
    assert_eq!(prices(&mut tape, 3).await, [0, 1, 2]);
    hand.jetstream.delete_stream(STREAM).await.unwrap();
    hand.tape(-1).await;
    hand.trades(10..15).await;
    assert_eq!(gap(&mut tape).await.cause, GapCause::NewEpoch);
    assert_eq!(prices(&mut tape, 5).await, [10, 11, 12, 13, 14]);
}

#[tokio::test]
async fn each_gap_is_reported_once() {
    let (_nats, hand, hs) = session(-1).await;
    hand.trades(0..2).await;
    hand.gap().await;
    hand.trades(2..4).await;
    hand.gap().await;
    hand.gap().await;
    hand.trades(4..5).await;
    let mut all = tape(&hs);
    let mut keyed = tape(&hs).key("A");
    let mut ended = tape(&hs).end_at_gap();

    assert_eq!(prices(&mut all, 2).await, [0, 1]);
    let first = gap(&mut all).await;
    assert_eq!((first.cause, first.lost), (GapCause::MissedByServer, None));
    assert_eq!(
        (first.after.offset(), first.resumed.offset()),
        (Some(2), Some(3))
    );
    assert_eq!(prices(&mut all, 2).await, [2, 3]);
    // Two gaps without a record in between are one.
    assert_eq!(gap(&mut all).await.cause, GapCause::MissedByServer);
    assert_eq!(prices(&mut all, 1).await, [4]);

    assert_eq!(prices(&mut keyed, 1).await, [0]);
    gap(&mut keyed).await;
    assert_eq!(prices(&mut keyed, 1).await, [2]);
    gap(&mut keyed).await;
    let cursor = record(&mut keyed).await.cursor;

    assert_eq!(prices(&mut ended, 2).await, [0, 1]);
    gap(&mut ended).await;
    assert!(soon(ended.next()).await.is_none());

    // A gap that comes while the tape is read.
    hand.gap().await;
    hand.trades(5..8).await;
    gap(&mut all).await;
    assert_eq!(prices(&mut all, 3).await, [5, 6, 7]);
    gap(&mut keyed).await;
    assert_eq!(prices(&mut keyed, 1).await, [6]);
    // A reader that continues before it.
    let mut later = tape(&hs).after(cursor);
    gap(&mut later).await;
    assert_eq!(prices(&mut later, 3).await, [5, 6, 7]);
    hand.trades(8..9).await;
    assert_eq!(prices(&mut all, 1).await, [8]);
    assert_eq!(prices(&mut keyed, 1).await, [8]);
    assert_eq!(prices(&mut later, 1).await, [8]);
}

#[tokio::test]
async fn a_gap_between_records_of_other_keys_is_reported_once() {
    let (_nats, hand, hs) = session(-1).await;
    let mut keyed = tape(&hs).key("A");
    hand.trades(0..1).await;
    assert_eq!(prices(&mut keyed, 1).await, [0]);
    for price in [1, 3, 5] {
        hand.trades(price..price + 1).await;
        hand.gap().await;
    }
    hand.trades(6..7).await;
    gap(&mut keyed).await;
    assert_eq!(prices(&mut keyed, 1).await, [6]);
}

#[tokio::test]
async fn a_slow_reader_loses_nothing() {
    let (_nats, hand, hs) = session(-1).await;
    hand.trades(0..1).await;
    let mut slow = tape(&hs).capacity(4);
    assert_eq!(prices(&mut slow, 1).await, [0]);
    hand.trades(1..2_000).await;
    assert_eq!(prices(&mut slow, 1_000).await, consecutive(1, 1_000));
    hand.trades(2_000..3_000).await;
    assert_eq!(prices(&mut slow, 1_999).await, consecutive(1_001, 1_999));
}

#[tokio::test]
async fn a_reader_is_slower_than_the_retention() {
    let (_nats, hand, hs) = session(100).await;
    hand.trades(0..1).await;
    let mut slow = tape(&hs).capacity(4);
    assert_eq!(prices(&mut slow, 1).await, [0]);
    hand.trades(1..2_000).await;
    // Every record is read, or counted as lost.
    let (mut read, mut lost) = (1, 0);
    let mut last = 0;
    while last < 1_999 {
        match next(&mut slow).await {
            Ok(record) => {
                let price = record.patch.price.flatten().unwrap();
                assert!(price > last);
                last = price;
                read += 1;
            }
            Err(TapeError::Gap(gap)) => {
                assert_eq!(gap.cause, GapCause::Expired);
                lost += gap.lost.unwrap();
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(lost > 0);
    assert_eq!(read + lost, 2_000);
}

#[tokio::test]
async fn an_unreadable_record_is_a_gap() {
    let (_nats, hand, hs) = session(-1).await;
    let mut tape = tape(&hs);
    hand.trades(0..1).await;
    hand.publish(&[("game.Trade.append.A".to_owned(), json!("no record"))])
        .await;
    hand.trades(2..3).await;
    assert_eq!(prices(&mut tape, 1).await, [0]);
    let gap = gap(&mut tape).await;
    assert!(matches!(gap.cause, GapCause::Unreadable(_)), "{gap:?}");
    assert_eq!(gap.lost, Some(1));
    assert_eq!(prices(&mut tape, 1).await, [2]);
}

#[tokio::test]
async fn a_deleted_message_is_skipped() {
    let (_nats, hand, hs) = session(-1).await;
    hand.trades(0..4).await;
    let stream = hand.jetstream.get_stream(STREAM).await.unwrap();
    stream.delete_message(2).await.unwrap();
    let mut tape = tape(&hs);
    assert_eq!(prices(&mut tape, 3).await, [0, 2, 3]);
}

#[tokio::test]
async fn nats_restarts_while_a_tape_is_read() {
    let (mut nats, hand, hs) = session(-1).await;
    hand.trades(0..500).await;
    let mut tape = tape(&hs);
    assert_eq!(prices(&mut tape, 10).await, consecutive(0, 10));
    nats.restart();
    let hand = Hand::new(&nats).await;
    hand.trades(500..600).await;
    assert_eq!(prices(&mut tape, 590).await, consecutive(10, 590));
}

#[tokio::test]
async fn rows_and_records_are_not_mixed_up() {
    let (_nats, _hand, hs) = session(-1).await;
    let error = soon(hs.views::<TradeViews>().append().try_get()).await;
    assert!(
        matches!(error, Err(hyperstack_sdk::ReadError::Tape { .. })),
        "{error:?}"
    );
}
