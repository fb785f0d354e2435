//! Tapes: records with cursors, once each and in order.

use std::path::Path;

use futures_util::{FutureExt, Stream};
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Offline, Pace, Recording, TestServer};
use hyperstack_sdk::{Cursor, GapCause, Tape, TapeError, TapeGap, TapeRecord};
use serde_json::{json, Value};

use crate::support::{client, next, settled, soon, until};

const VIEW: &str = "Trade/append";

#[derive(Debug, Clone, PartialEq, Entity, Views)]
struct Trade {
    side: Option<String>,
    price: Option<f64>,
    size: Option<u64>,
}

type Item = Result<TapeRecord<Trade>, TapeError>;

/// A server whose tape retains this many records, and a client.
async fn session(retained: usize) -> anyhow::Result<(TestServer, HyperStack)> {
    let server = TestServer::builder()
        .typed_entity::<Trade>()
        .tape(VIEW, retained)
        .start()
        .await?;
    let hs = client(&server).connect().await?;
    Ok((server, hs))
}

/// Publishes trades whose sizes are these numbers, of the tokens A and B in turn.
fn publish(server: &TestServer, sizes: std::ops::Range<u64>) {
    for size in sizes {
        let (key, side) = [("A", "buy"), ("B", "sell")][size as usize % 2];
        server.upsert("Trade", key, json!({"size": size, "side": side}));
    }
}

fn tape(hs: &HyperStack) -> Tape<Trade> {
    hs.views::<TradeViews>().append().tape()
}

/// Returns the offsets of the next records, which must not have errors in between.
async fn offsets(tape: &mut (impl Stream<Item = Item> + Unpin), count: usize) -> Vec<u64> {
    let mut offsets = Vec::new();
    for _ in 0..count {
        match next(tape).await {
            Ok(record) => offsets.extend(record.cursor.offset()),
            Err(error) => panic!("after {offsets:?}: {error}"),
        }
    }
    offsets
}

async fn gap(tape: &mut Tape<Trade>) -> TapeGap {
    match next(tape).await {
        Err(TapeError::Gap(gap)) => *gap,
        other => panic!("not a gap: {other:?}"),
    }
}

/// Returns the last item, after which the tape has ended.
async fn last(mut tape: Tape<Trade>) -> TapeError {
    let item = next(&mut tape).await;
    assert!(soon(tape.next()).await.is_none());
    item.expect_err("an error")
}

/// The cursors of the subscriptions to the tape so far.
fn cursors(server: &TestServer) -> Vec<Value> {
    let messages = server.messages().into_iter();
    let mut requests: Vec<Value> = messages.map(|message| message["query"].clone()).collect();
    requests.retain(|query| query["view"] == VIEW);
    let cursors = requests.into_iter().map(|query| query["after"].clone());
    cursors.collect()
}

fn at(cursor: &Cursor, offset: u64) -> Cursor {
    format!("{}:{offset}", cursor.epoch()).parse().unwrap()
}

#[tokio::test]
async fn retained_records_come_first_and_then_live_ones() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..3);
    let mut tape = tape(&hs);
    let first = next(&mut tape).await?;
    assert_eq!((first.key.as_str(), first.patch.size), ("A", Some(Some(0))));
    assert_eq!(
        (first.patch.price, first.patch.side),
        (None, Some(Some("buy".to_owned())))
    );
    assert_eq!(offsets(&mut tape, 2).await, [1, 2]);
    // A change of a row is a record with the changed fields only.
    server.patch("Trade", "A", json!({"price": 2.5}));
    server.delete("Trade", "A");
    let record = next(&mut tape).await?;
    assert_eq!(
        (record.patch.price, record.patch.size),
        (Some(Some(2.5)), None)
    );
    assert_eq!(record.cursor, server.cursor(VIEW));
    publish(&server, 4..5);
    assert_eq!(offsets(&mut tape, 1).await, [4]);
    Ok(())
}

#[tokio::test]
async fn the_history_can_be_read_first() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    let mut tape = tape(&hs);
    assert!(!tape.is_caught_up());
    assert!(soon(tape.next_retained()).await.is_none());
    assert!(tape.is_caught_up());
    publish(&server, 0..2);
    let mut tape = hs.views::<TradeViews>().append().tape();
    let mut sizes = Vec::new();
    while let Some(record) = soon(tape.next_retained()).await {
        assert_eq!(tape.is_caught_up(), sizes.len() == 1);
        sizes.extend(record?.patch.size.flatten());
    }
    assert_eq!(sizes, [0, 1]);
    publish(&server, 2..3);
    assert_eq!(offsets(&mut tape, 1).await, [2]);
    assert!(tape.is_caught_up());
    Ok(())
}

#[tokio::test]
async fn a_filter_of_the_client_does_not_hide_the_end_of_the_history() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..4);
    let mut tape = tape(&hs).filter("size", 1);
    let record = soon(tape.next_retained()).await.expect("a record")?;
    assert_eq!(record.cursor.offset(), Some(1));
    assert!(soon(tape.next_retained()).await.is_none());
    assert!(tape.is_caught_up());
    Ok(())
}

#[tokio::test]
async fn a_cursor_continues_behind_its_record() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..5);
    let mut reader = tape(&hs);
    offsets(&mut reader, 2).await;
    let cursor = next(&mut reader).await?.cursor;
    let stored: Cursor = serde_json::from_str(&serde_json::to_string(&cursor)?)?;
    assert_eq!(offsets(&mut tape(&hs).after(stored), 2).await, [3, 4]);
    // The last record's cursor waits for the next record.
    let mut reader = tape(&hs).after(server.cursor(VIEW));
    assert!(soon(reader.next_retained()).await.is_none());
    publish(&server, 5..6);
    assert_eq!(offsets(&mut reader, 1).await, [5]);
    Ok(())
}

#[tokio::test]
async fn a_tape_from_now_leaves_the_history_out() -> anyhow::Result<()> {
    for before in [0, 3] {
        let (server, hs) = session(100).await?;
        publish(&server, 0..before);
        let mut tape = tape(&hs).from_now();
        assert!(soon(tape.next_retained()).await.is_none());
        publish(&server, before..before + 2);
        assert_eq!(offsets(&mut tape, 2).await, [before, before + 1]);
        let faults = hs.faults();
        settled(&server, faults).await;
    }
    Ok(())
}

#[tokio::test]
async fn the_server_selects_keys_and_text_and_the_client_integers() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..6);
    assert_eq!(offsets(&mut tape(&hs).key("B"), 3).await, [1, 3, 5]);
    assert_eq!(
        offsets(&mut tape(&hs).filter("side", "sell"), 3).await,
        [1, 3, 5]
    );
    let mut by_size = tape(&hs).filter("side", "sell").filter("size", 3);
    assert_eq!(offsets(&mut by_size, 1).await, [3]);
    // The filters of a handle apply too.
    let handle = hs.views::<TradeViews>().append().filter("size", 4);
    assert_eq!(offsets(&mut handle.tape(), 1).await, [4]);
    let messages = server.messages().into_iter();
    let filters: Vec<Value> = messages.map(|it| it["query"]["filters"].clone()).collect();
    let sent: Vec<&Value> = filters.iter().filter(|it| !it.is_null()).collect();
    assert_eq!(sent, [&json!({"side": "sell"}), &json!({"side": "sell"})]);
    // A record that does not set the field does not match.
    server.patch("Trade", "B", json!({"price": 1.0}));
    publish(&server, 3..4);
    let record = next(&mut by_size).await?;
    assert_eq!(record.cursor, server.cursor(VIEW));
    Ok(())
}

#[tokio::test]
async fn a_filter_that_cannot_match_is_an_error() -> anyhow::Result<()> {
    let (_server, hs) = session(100).await?;
    let error = last(tape(&hs).filter("sizes", 3)).await;
    assert!(matches!(error, TapeError::Filter(_)), "{error}");
    assert!(error.to_string().contains("size"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_slow_reader_is_paused_and_loses_nothing() -> anyhow::Result<()> {
    let (server, hs) = session(1_000).await?;
    let mut tape = tape(&hs).capacity(4);
    assert!(soon(tape.next_retained()).await.is_none());
    publish(&server, 0..200);
    soon(server.wait_for_message(|it| it["type"] == "unsubscribe" && it["subscriptionId"] == "t1"))
        .await;
    assert_eq!(hs.stats().queue_depth, 4);
    // Nothing is subscribed until the reader has read half of them.
    publish(&server, 200..300);
    assert_eq!(offsets(&mut tape, 1).await, [0]);
    settled(&server, hs.faults()).await;
    assert_eq!(
        (hs.stats().queue_depth, server.subscription_ids(VIEW).len()),
        (3, 0)
    );
    let read = offsets(&mut tape, 299).await;
    assert_eq!(read, (1..300).collect::<Vec<_>>());
    assert!(tape.is_caught_up());
    Ok(())
}

#[tokio::test]
async fn a_reconnect_resumes_behind_the_last_record() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..2);
    let mut tape = tape(&hs);
    assert_eq!(offsets(&mut tape, 2).await, [0, 1]);
    let cursor = server.cursor(VIEW);
    server.freeze();
    server.drop_connections();
    publish(&server, 2..5);
    server.thaw();
    assert_eq!(offsets(&mut tape, 3).await, [2, 3, 4]);
    assert_eq!(cursors(&server), [Value::Null, json!(cursor)]);
    // A planned restart keeps the records.
    server.restart_with_rows();
    publish(&server, 5..6);
    assert_eq!(offsets(&mut tape, 1).await, [5]);
    Ok(())
}

#[tokio::test]
async fn a_new_epoch_is_a_gap() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..3);
    let mut tape = tape(&hs);
    assert_eq!(offsets(&mut tape, 3).await, [0, 1, 2]);
    let before = server.cursor(VIEW);
    server.restart().await?;
    publish(&server, 0..2);
    let gap = gap(&mut tape).await;
    assert_eq!((gap.cause, gap.lost), (GapCause::NewEpoch, None));
    assert_eq!((&gap.after, gap.resumed.offset()), (&before, None));
    assert_eq!(gap.resumed.epoch(), server.cursor(VIEW).epoch());
    assert_eq!(offsets(&mut tape, 2).await, [0, 1]);
    Ok(())
}

#[tokio::test]
async fn an_old_cursor_that_an_empty_tape_accepts_hides_no_records() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..3);
    let mut tape = tape(&hs);
    assert_eq!(offsets(&mut tape, 3).await, [0, 1, 2]);
    server.restart().await?;
    // First with the old cursor, then without one.
    soon(server.wait_for_message(|it| it["subscriptionId"] == "t3")).await;
    assert_eq!(cursors(&server).last(), Some(&Value::Null));
    publish(&server, 0..4);
    assert_eq!(gap(&mut tape).await.cause, GapCause::NewEpoch);
    assert_eq!(offsets(&mut tape, 4).await, [0, 1, 2, 3]);
    Ok(())
}

#[tokio::test]
async fn records_that_the_server_has_dropped_are_a_gap() -> anyhow::Result<()> {
    let (server, hs) = session(3).await?;
    publish(&server, 0..10);
    let start = at(&server.cursor(VIEW), 1);
    let mut reader = tape(&hs).after(start.clone());
    let gap = gap(&mut reader).await;
    assert_eq!((gap.cause, gap.lost), (GapCause::Expired, Some(5)));
    assert_eq!((&gap.after, gap.resumed.offset()), (&start, Some(6)));
    assert_eq!(offsets(&mut reader, 3).await, [7, 8, 9]);
    // The cursor before the oldest record loses nothing.
    let mut reader = tape(&hs).after(at(&start, 6));
    assert_eq!(offsets(&mut reader, 3).await, [7, 8, 9]);
    // A tape can end there instead.
    let ended = last(tape(&hs).after(start).end_at_gap()).await;
    assert!(matches!(ended, TapeError::Gap(_)), "{ended}");
    Ok(())
}

#[tokio::test]
async fn a_cursor_that_the_server_has_not_reached_is_a_gap() -> anyhow::Result<()> {
    let (server, hs) = session(3).await?;
    publish(&server, 0..2);
    let mut tape = tape(&hs).after(at(&server.cursor(VIEW), 7));
    assert_eq!(gap(&mut tape).await.cause, GapCause::UnknownCursor);
    assert_eq!(offsets(&mut tape, 2).await, [0, 1]);
    Ok(())
}

#[tokio::test]
async fn events_that_the_server_missed_are_a_gap() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..3);
    let mut tape = tape(&hs);
    assert_eq!(offsets(&mut tape, 3).await, [0, 1, 2]);
    server.freeze();
    server.drop_connections();
    publish(&server, 3..4);
    server.mark_gap();
    publish(&server, 4..6);
    server.thaw();
    assert_eq!(offsets(&mut tape, 1).await, [3]);
    let gap = gap(&mut tape).await;
    assert_eq!((gap.cause, gap.lost), (GapCause::MissedByServer, None));
    assert_eq!(
        (gap.after.offset(), gap.resumed.offset()),
        (Some(3), Some(3))
    );
    assert_eq!(offsets(&mut tape, 2).await, [4, 5]);
    // It is reported once.
    server.drop_connections();
    publish(&server, 6..7);
    assert_eq!(offsets(&mut tape, 1).await, [6]);
    Ok(())
}

#[tokio::test]
async fn a_tape_that_lags_at_the_server_recovers_silently() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    let mut tape = tape(&hs);
    assert!(soon(tape.next_retained()).await.is_none());
    // Without a record, there is no cursor yet.
    server.lag(VIEW, 2);
    publish(&server, 0..2);
    assert_eq!(offsets(&mut tape, 2).await, [0, 1]);
    server.lag(VIEW, 3);
    publish(&server, 2..5);
    assert_eq!(offsets(&mut tape, 3).await, [2, 3, 4]);
    assert_eq!(
        cursors(&server),
        [json!(null), json!(null), json!(at(&server.cursor(VIEW), 1))]
    );
    Ok(())
}

#[tokio::test]
async fn an_unnumbered_record_is_yielded_once_with_the_previous_cursor() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..1);
    let mut tape = tape(&hs);
    let cursor = next(&mut tape).await?.cursor;
    server.seal_tapes();
    publish(&server, 1..2);
    let record = next(&mut tape).await?;
    assert_eq!((record.patch.size, record.cursor), (Some(Some(1)), cursor));
    server.restart_with_rows();
    publish(&server, 2..3);
    assert_eq!(offsets(&mut tape, 1).await, [1]);
    Ok(())
}

#[tokio::test]
async fn only_a_tape_can_be_read_as_a_tape() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..1);
    let view = |error: &TapeError| error.to_string();
    let error = last(hs.views::<TradeViews>().list().tape()).await;
    assert!(matches!(error, TapeError::NotATape { .. }), "{error}");
    assert!(view(&error).contains("Trade/list"));

    let mut unknown = hs.raw("Nope").append().tape();
    let error = next(&mut unknown).await.expect_err("an error");
    assert!(matches!(error, TapeError::UnknownView { .. }), "{error}");
    assert!(soon(unknown.next()).await.is_none());

    let trades = hs.views::<TradeViews>().append();
    for (handle, option) in [
        (trades.clone().take(3), "`take`"),
        (
            trades.clone().filter_rows(|trade| trade.size == Some(1)),
            "`filter_rows`",
        ),
    ] {
        match last(handle.tape()).await {
            TapeError::Unsupported { option: found, .. } => assert_eq!(found, option),
            other => panic!("{other}"),
        }
    }

    let v1 = TestServer::builder().protocol(Protocol::V1).entity("Trade");
    let v1 = v1.start().await?;
    let hs = client(&v1).connect().await?;
    let error = last(tape(&hs)).await;
    assert!(
        matches!(error, TapeError::UnsupportedProtocol { .. }),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn a_bad_field_is_an_error_before_the_rest_of_the_record() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    server.upsert("Trade", "A", json!({"size": "many", "side": "buy"}));
    // Nothing of this record can be decoded.
    server.upsert("Trade", "B", json!(7));
    publish(&server, 2..3);
    let mut tape = tape(&hs);
    match next(&mut tape).await {
        Err(TapeError::Decode { cursor, error }) => {
            assert_eq!((cursor.offset(), error.key.as_str()), (Some(0), "A"));
            assert!(error.to_string().contains("size"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let rest = next(&mut tape).await?;
    assert_eq!((rest.cursor.offset(), rest.patch.size), (Some(0), None));
    assert_eq!(rest.patch.side, Some(Some("buy".to_owned())));
    match next(&mut tape).await {
        Err(TapeError::Decode { cursor, .. }) => assert_eq!(cursor.offset(), Some(1)),
        other => panic!("{other:?}"),
    }
    assert_eq!(offsets(&mut tape, 1).await, [2]);
    assert_eq!(hs.stats().row_errors, 2);
    Ok(())
}

#[tokio::test]
async fn two_tapes_of_a_view_are_independent() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..4);
    let (mut all, mut rest) = (tape(&hs), tape(&hs).after(at(&server.cursor(VIEW), 1)));
    assert_eq!(offsets(&mut all, 1).await, [0]);
    assert_eq!(offsets(&mut rest, 2).await, [2, 3]);
    drop(rest);
    soon(server.wait_for_message(|it| it["type"] == "unsubscribe" && it["subscriptionId"] == "t2"))
        .await;
    publish(&server, 4..5);
    assert_eq!(offsets(&mut all, 4).await, [1, 2, 3, 4]);
    drop(all);
    soon(server.wait_for_subscriptions(|live| live.is_empty())).await;
    Ok(())
}

#[tokio::test]
async fn a_tape_ends_when_the_client_closes() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..1);
    let mut tape = tape(&hs);
    assert_eq!(offsets(&mut tape, 1).await, [0]);
    drop(hs);
    let error = last(tape).await;
    assert!(matches!(error, TapeError::Closed(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_tape_waits_at_the_limit_of_subscriptions() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..1);
    let mut rows = hs.views::<TradeViews>().list().watch();
    next(&mut rows).await;
    server.set_max_subscriptions(Some(1));
    let mut tape = tape(&hs);
    let waits = next(&mut tape).await;
    assert!(
        matches!(waits, Err(TapeError::OverLimit { .. })),
        "{waits:?}"
    );
    drop(rows);
    assert_eq!(offsets(&mut tape, 1).await, [0]);
    Ok(())
}

#[tokio::test]
async fn a_record_is_json() -> anyhow::Result<()> {
    let (server, hs) = session(100).await?;
    publish(&server, 0..1);
    let record = next(&mut tape(&hs)).await?;
    assert_eq!(
        serde_json::to_value(&record)?,
        json!({
            "key": "A", "patch": {"side": "buy", "size": 0},
            "cursor": server.cursor(VIEW).to_string()
        })
    );
    Ok(())
}

#[tokio::test]
async fn a_tape_of_raw_json_has_what_the_server_sends() -> anyhow::Result<()> {
    let server = TestServer::builder().tape(VIEW, 100).start().await?;
    let hs = client(&server).connect().await?;
    server.append(
        "Trade",
        "A",
        json!({"more": {"log": ["x"]}, "size": "7"}),
        &["more.log"],
    );
    let mut tape = hs.raw("Trade").append().tape();
    let record = next(&mut tape).await?;
    let json = serde_json::to_value(&record)?;
    assert_eq!(json["key"], "A");
    assert_eq!(json["patch"]["more"], json!({"log": ["x"]}));
    assert_eq!(json["patch"]["size"], "7");
    let mut tape = hs.raw("Trade").append().tape().filter("more.none", "x");
    assert!(next_now(&mut tape).is_none());
    Ok(())
}

/// The next item, if there is one now.
fn next_now<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    stream.next().now_or_never().flatten()
}

#[tokio::test]
async fn a_tape_works_without_a_socket() {
    let offline = Offline::new(HyperStack::builder());
    let mut tape = tape(offline.client());
    assert!(next_now(&mut tape).is_none());
    assert_eq!(
        offline.sent()[0],
        r#"{"type":"subscribe","protocolVersion":2,"subscriptionId":"t1","query":{"view":"Trade/append"}}"#
    );
    offline.receive(
        r#"{"op":"subscribed","protocolVersion":2,"subscriptionId":"t1","query":{"view":"Trade/append"},"mode":"append","replayWindow":{"epoch":"e","earliest":0,"next":1}}"#,
    );
    offline.receive(
        r#"{"op":"patch","protocolVersion":2,"subscriptionId":"t1","entity":"Trade/append","key":"A","offset":0,"data":{"size":3}}"#,
    );
    let record = next_now(&mut tape).expect("a record").expect("no error");
    assert_eq!(record.patch.size, Some(Some(3)));
    assert_eq!(record.cursor.to_string(), "e:0");
    assert!(tape.is_caught_up());
    drop(tape);
    let unsubscribe = r#"{"type":"unsubscribe","protocolVersion":2,"subscriptionId":"t1"}"#;
    assert!(offline.sent().contains(&unsubscribe.to_owned()));
}

/// The records of a recording, as epochs with their offsets. This is an independent implementation.
fn recorded(recording: &Recording) -> Vec<(String, Vec<u64>)> {
    let mut epochs: Vec<(String, Vec<u64>)> = Vec::new();
    let mut open = std::collections::HashMap::new();
    for entry in recording {
        let Ok(message) = serde_json::from_str::<Value>(&entry.text) else {
            continue;
        };
        let id = message["subscriptionId"].to_string();
        if let Some(epoch) = message["replayWindow"]["epoch"].as_str() {
            if message["op"] == "subscribed" {
                open.insert(id, epoch.to_owned());
                if epochs.iter().all(|(known, _)| known != epoch) {
                    epochs.push((epoch.to_owned(), Vec::new()));
                }
            }
        } else if let Some(offset) = message["offset"].as_u64() {
            let epoch = &open[&id];
            let known = epochs.iter_mut().find(|(known, _)| known == epoch);
            known.unwrap().1.push(offset);
        }
    }
    for (_, offsets) in &mut epochs {
        offsets.sort_unstable();
        offsets.dedup();
    }
    epochs
}

#[tokio::test]
async fn a_recorded_tape_gives_each_record_once_and_in_order() -> anyhow::Result<()> {
    for (name, counts) in [
        ("tape", vec![92, 9]),
        ("tape-lag", vec![188]),
        ("tape-restart", vec![29]),
        ("scopes", vec![24]),
    ] {
        for pace in [Pace::Instant, Pace::Speed(50.0)] {
            for drops in [false, true] {
                replays(name, &counts, pace, drops).await?;
            }
        }
    }
    Ok(())
}

/// Replays a recording to a client. If `drops`, the connection breaks after each seventh record.
async fn replays(name: &str, counts: &[usize], pace: Pace, drops: bool) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings/v2");
    let recording = Recording::open(root.join(format!("{name}.jsonl.gz")))?;
    let expected = recorded(&recording);
    let lengths: Vec<_> = expected.iter().map(|(_, offsets)| offsets.len()).collect();
    assert_eq!(lengths, counts, "{name}");
    let server = TestServer::builder()
        .replay(recording, pace)
        .start()
        .await?;
    let hs = client(&server).connect().await?;
    let mut tape = hs.raw("Log").append().tape();
    for (number, (epoch, offsets)) in expected.iter().enumerate() {
        if number > 0 {
            match next(&mut tape).await {
                Err(TapeError::Gap(gap)) => assert_eq!(gap.cause, GapCause::NewEpoch),
                other => panic!("{name}: {other:?}"),
            }
        }
        for (count, offset) in offsets.iter().enumerate() {
            let mut item = next(&mut tape).await;
            while let Err(TapeError::Gap(gap)) = &item {
                assert_eq!(gap.cause, GapCause::MissedByServer, "{name}");
                item = next(&mut tape).await;
            }
            let cursor = item?.cursor;
            assert_eq!(
                (cursor.epoch(), cursor.offset()),
                (epoch.as_str(), Some(*offset)),
                "{name}"
            );
            if drops && count % 7 == 6 {
                server.drop_connections();
            }
        }
    }
    soon(server.wait_replayed()).await;
    assert!(next_now(&mut tape).is_none(), "{name}");
    Ok(())
}

#[tokio::test]
async fn a_recorded_tape_serves_own_cursors_and_queries() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings/v2");
    let recording = Recording::open(root.join("tape.jsonl.gz"))?;
    let epoch = recorded(&recording)[0].0.clone();
    let server = TestServer::builder().replay(recording, Pace::Recorded);
    let server = server.start().await?;
    let hs = client(&server).connect().await?;
    let log = hs.raw("Log").append();
    // The recording has neither this cursor nor this key.
    let mut tape = log.tape().after(format!("{epoch}:17").parse()?).key("p2");
    let first = next(&mut tape).await?;
    assert!(first.cursor.offset() > Some(17));
    assert_eq!(first.key, "p2");
    let mut one = log.tape().filter("n", 33);
    let record = next(&mut one).await?;
    assert_eq!(record.cursor, format!("{epoch}:33").parse()?);
    until(|| server.connections() == 1).await;
    Ok(())
}
