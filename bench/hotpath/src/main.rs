//! Takes messages from their bytes to the reader, without socket and runtime, so that callgrind can count
//! instructions. Every run has the same instructions, except for the seeds of hash tables. See the
//! [README](../README.md).
//!
//! `hotpath CASE TURNS` gives a client with 100 rows this many turns of 100 patches, one per row, and reads
//! them. The cost of an update is the difference between two runs, divided by the difference in updates.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::ops::Range;

use decode::payload;
use decode::round::Round;
use futures_util::FutureExt;
use hyperstack_sdk::testing::Offline;
use hyperstack_sdk::{HyperStack, ListView, Protocol, Stream, StreamExt, ViewSource, Views};

/// The number of rows, and of patches per turn.
const ROWS: usize = 100;

/// The maximum number of turns.
const MOST_TURNS: usize = 128;

/// The list of [`Round`], for its windows. This is handwritten, because the derive `Views` needs the SDK's
/// client and `decode` builds without it.
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
    let (protocol, case) = match case.strip_prefix("v2-") {
        Some(case) => (Protocol::V2, case),
        None => (Protocol::V1, case.as_str()),
    };
    let offline = Offline::new(HyperStack::builder().protocol(protocol));
    let wire = match protocol {
        Protocol::V2 => Wire::V2,
        _ => Wire::V1,
    };
    let hs = offline.client();
    match (case, turns) {
        ("owned", Some(turns)) => run(&offline, wire, turns, vec![hs.watch::<Round>()]),
        ("shared", Some(turns)) => run(&offline, wire, turns, vec![hs.watch::<Round>().shared()]),
        ("rich", Some(turns)) => run(&offline, wire, turns, vec![hs.watch_rich::<Round>()]),
        ("keys", Some(turns)) => {
            let stream = |row| hs.watch_key::<Round>(&key(row)).shared();
            run(&offline, wire, turns, (0..ROWS).map(stream).collect());
        }
        ("ten", Some(turns)) => {
            let stream = |_| hs.watch::<Round>().shared();
            run(&offline, wire, turns, (0..10).map(stream).collect());
        }
        // Ten overlapping windows of one list. Each patch moves the last of the 100 rows to the front,
        // so one row enters every window and one row leaves it.
        ("ten-windows", Some(turns)) => {
            let list = hs.views::<RoundViews>().list;
            let stream = |skip| list.clone().skip(skip).take(20 + skip).watch().shared();
            run(&offline, wire, turns, (0..10).map(stream).collect());
        }
        ("snapshot", Some(turns)) => snapshot(&offline, wire, turns, hs.watch::<Round>().shared()),
        _ => {
            eprintln!("usage: hotpath [v2-]owned|shared|rich|keys|ten|ten-windows|snapshot TURNS");
            eprintln!("  keys and ten-windows only under v1");
            std::process::exit(2);
        }
    }
}

/// Reads a snapshot of as many batches as there are turns, each of 100 rows.
fn snapshot<S: Stream + Unpin>(offline: &Offline, wire: Wire, turns: usize, stream: S) {
    let mut streams = [stream];
    read(&mut streams);
    drop(offline.sent());
    offline.receive(wire.subscribed());
    let batch = |turn| wire.batch(turn * ROWS..(turn + 1) * ROWS);
    // Every run makes the same number of messages, so this cost cancels out.
    let messages = Vec::from_iter((0..MOST_TURNS).map(batch));
    for message in &messages[..turns] {
        offline.receive(message);
        assert_eq!(read(&mut streams), ROWS);
    }
}

/// The frames of a generation.
#[derive(Clone, Copy)]
enum Wire {
    V1,
    V2,
}

/// Reads the turns with all streams.
fn run<S: Stream + Unpin>(offline: &Offline, wire: Wire, turns: usize, mut streams: Vec<S>) {
    let rows = read(&mut streams);
    assert_eq!(rows, 0, "nothing is there yet");
    let requests = offline.sent();
    let is_answered = |request: &&String| {
        request.contains(r#""type":"subscribe""#) && !request.contains("barrier")
    };
    for _ in requests.iter().filter(is_answered) {
        offline.receive(wire.subscribed());
    }
    if let Wire::V2 = wire {
        // A change before the snapshot is in the snapshot.
        offline.receive(wire.snapshot());
    }
    offline.receive_all((0..ROWS).map(|row| wire.row(row)));
    // A window shows nothing until the snapshot is complete.
    if let Wire::V1 = wire {
        offline.receive(wire.snapshot());
    }
    assert!(read(&mut streams) >= ROWS);
    // Two different turns, so that each changes every row. Under v2, a version is used only once, so the
    // messages of the maximum number of turns are made. Every run makes the same number, so this cost cancels
    // out.
    let made = match wire {
        Wire::V1 => 2,
        Wire::V2 => MOST_TURNS,
    };
    let messages = |turn| Vec::from_iter((0..ROWS).map(|row| wire.patch(row, turn)));
    let messages = Vec::from_iter((0..made).map(messages));
    assert!(turns <= MOST_TURNS);
    for turn in 0..turns {
        offline.receive_all(&messages[turn % made]);
        assert!(read(&mut streams) >= ROWS);
    }
}

impl Wire {
    fn subscribed(self) -> &'static str {
        match self {
            Wire::V1 => {
                r#"{"op":"subscribed","view":"Round/list","sort":{"field":["_seq"],"order":"desc"}}"#
            }
            Wire::V2 => {
                r#"{"protocolVersion":2,"subscriptionId":"1","op":"subscribed","query":{"view":"Round/list"},"mode":"list","sort":{"field":["_seq"],"order":"desc"},"wholeEntities":true}"#
            }
        }
    }

    /// A snapshot without rows.
    fn snapshot(self) -> &'static str {
        match self {
            Wire::V1 => {
                r#"{"op":"snapshot","mode":"list","entity":"Round/list","data":[],"complete":true}"#
            }
            Wire::V2 => {
                r#"{"protocolVersion":2,"subscriptionId":"1","snapshotId":"a","authoritative":true,"op":"snapshot","mode":"list","entity":"Round/list","data":[],"complete":true}"#
            }
        }
    }

    /// A part of a snapshot, which is never the last.
    fn batch(self, rows: Range<usize>) -> String {
        let row = |row| format!(r#"{{"key":"{}","data":{}}}"#, key(row), payload::ROW);
        let rows = Vec::from_iter(rows.map(row)).join(",");
        let empty = self.snapshot();
        empty.replace(
            r#""data":[],"complete":true"#,
            &format!(r#""data":[{rows}],"complete":false"#),
        )
    }

    fn row(self, row: usize) -> String {
        let (data, key) = (payload::ROW, key(row));
        match self {
            Wire::V1 => format!(
                r#"{{"op":"patch","mode":"list","entity":"Round/list","key":"{key}","data":{data}}}"#
            ),
            Wire::V2 => format!(
                r#"{{"protocolVersion":2,"subscriptionId":"1","mode":"list","entity":"Round/list","op":"upsert","key":"{key}","data":{data}}}"#
            ),
        }
    }

    /// Each of three fields has another value than in the turn before.
    fn patch(self, row: usize, turn: usize) -> String {
        let other = turn % 2;
        let slot = match self {
            Wire::V1 => 312_000_182 + other,
            // The list is sorted by this.
            Wire::V2 => 312_000_182 + turn,
        };
        let (key, seq) = (key(row), format!("{slot}:{row:012}"));
        let (deploys, miners, deployed) = (3 + other, 80 + other, 146.276_595_945 + other as f64);
        let data = format!(
            r#""metrics":{{"deploy_count":{deploys}}},"state":{{"total_deployed":{deployed},"total_miners":{miners}}}"#
        );
        match self {
            Wire::V1 => format!(
                r#"{{"mode":"list","entity":"Round/list","op":"patch","key":"{key}","data":{{"_seq":"{seq}",{data}}},"seq":"{seq}"}}"#
            ),
            Wire::V2 => {
                let version = 1_000_000 + turn * ROWS + row;
                format!(
                    r#"{{"data":{{"_seq":"{seq}","_version":"5ab904cc:{version}",{data}}},"entity":"Round/list","key":"{key}","mode":"list","op":"patch","protocolVersion":2,"seq":"{seq}","subscriptionId":"1"}}"#
                )
            }
        }
    }
}

/// Reads all pending items. Returns how many there were.
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
