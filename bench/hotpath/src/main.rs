//! The way of a message from its bytes to the reader, without socket and runtime: the same
//! instructions at every run, but for the seeds of hash tables, for callgrind to count. See the
//! [README](../README.md).
//!
//! `hotpath CASE TURNS` gives a client with 100 rows that many turns of 100 patches, one a row, and
//! reads them. What an update costs is the difference between two runs, by the updates in it.

#![forbid(unsafe_code)]

use std::hint::black_box;

use decode::payload;
use decode::round::Round;
use futures_util::FutureExt;
use hyperstack_sdk::testing::Offline;
use hyperstack_sdk::{HyperStack, ListView, Stream, StreamExt, ViewSource, Views};

/// Rows, and patches a turn.
const ROWS: usize = 100;

/// The list of [`Round`], for windows of it. Written by hand: `decode` builds without the SDK's client,
/// which the derive `Views` needs.
struct RoundViews {
    list: ListView<Round>,
}

impl Views for RoundViews {
    type Entity = Round;

    fn new(source: ViewSource<Round>) -> Self {
        let list = source.list();
        RoundViews { list }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let case = arguments.next().unwrap_or_default();
    let turns = arguments.next().and_then(|turns| turns.parse().ok());
    let offline = Offline::new(HyperStack::builder());
    let hs = offline.client();
    match (case.as_str(), turns) {
        ("owned", Some(turns)) => run(&offline, turns, vec![hs.watch::<Round>()]),
        ("shared", Some(turns)) => run(&offline, turns, vec![hs.watch::<Round>().shared()]),
        ("rich", Some(turns)) => run(&offline, turns, vec![hs.watch_rich::<Round>()]),
        ("keys", Some(turns)) => {
            let stream = |row| hs.watch_key::<Round>(&key(row)).shared();
            run(&offline, turns, (0..ROWS).map(stream).collect());
        }
        ("ten", Some(turns)) => {
            let stream = |_| hs.watch::<Round>().shared();
            run(&offline, turns, (0..10).map(stream).collect());
        }
        // Ten overlapping windows of one list. Each patch moves the last of the 100 rows to the front,
        // so one row enters every window and one row leaves it.
        ("ten-windows", Some(turns)) => {
            let list = hs.views::<RoundViews>().list;
            let stream = |skip| list.clone().skip(skip).take(20 + skip).watch().shared();
            run(&offline, turns, (0..10).map(stream).collect());
        }
        _ => {
            eprintln!("usage: hotpath owned|shared|rich|keys|ten|ten-windows TURNS");
            std::process::exit(2);
        }
    }
}

/// Reads the turns by all streams.
fn run<S: Stream + Unpin>(offline: &Offline, turns: usize, mut streams: Vec<S>) {
    let rows = read(&mut streams);
    assert_eq!(rows, 0, "nothing is there yet");
    let requests = offline.sent();
    let is_answered = |request: &&String| {
        request.contains(r#""type":"subscribe""#) && !request.contains("barrier")
    };
    for _ in requests.iter().filter(is_answered) {
        offline.receive(
            r#"{"op":"subscribed","view":"Round/list","sort":{"field":["_seq"],"order":"desc"}}"#,
        );
    }
    offline.receive_all((0..ROWS).map(row));
    // A window shows nothing until the snapshot is complete.
    offline.receive(
        r#"{"op":"snapshot","mode":"list","entity":"Round/list","data":[],"complete":true}"#,
    );
    assert!(read(&mut streams) >= ROWS);
    // Two turns that differ, so that each changes every row.
    let messages = [0, 1].map(|turn| Vec::from_iter((0..ROWS).map(|row| patch(row, turn))));
    for turn in 0..turns {
        offline.receive_all(&messages[turn % 2]);
        assert!(read(&mut streams) >= ROWS);
    }
}

/// Reads what is there; how much it was.
fn read<S: Stream + Unpin>(streams: &mut [S]) -> usize {
    let mut items = 0;
    for stream in streams {
        while let Some(Some(item)) = stream.next().now_or_never() {
            black_box(item);
            items += 1;
        }
    }
    items
}

fn key(row: usize) -> String {
    format!("{}", 100_000 + row)
}

fn row(row: usize) -> String {
    let data = payload::ROW;
    let key = key(row);
    format!(r#"{{"op":"patch","mode":"list","entity":"Round/list","key":"{key}","data":{data}}}"#)
}

/// Another value in each of three fields than in the other turn.
fn patch(row: usize, turn: usize) -> String {
    let (key, seq) = (key(row), format!("312000{}:{row:012}", 182 + turn));
    let (deploys, miners, deployed) = (3 + turn, 80 + turn, 146.276_595_945 + turn as f64);
    format!(
        r#"{{"mode":"list","entity":"Round/list","op":"patch","key":"{key}","data":{{"_seq":"{seq}","metrics":{{"deploy_count":{deploys}}},"state":{{"total_deployed":{deployed},"total_miners":{miners}}}}},"seq":"{seq}"}}"#
    )
}
