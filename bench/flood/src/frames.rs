//! The frames of one view, made once for all clients of a generation.

use crate::contender::Generation::{self, V1, V2};
use crate::message::{message, End};
use crate::request::Subscription;
use crate::ring::{Ring, FIRST_RECORD, ID, OFFSET, SEQ, VERSION};
use crate::scenario::Scenario;
use crate::shape::Shape;
use crate::view::{Part, View};
use decode::random::Random;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The approximate number of patches before they repeat. A debug build makes fewer, because it is slow.
const PATCHES: usize = if cfg!(debug_assertions) {
    1_000
} else {
    100_000
};
/// The same for whole rows, which are longer.
const WHOLE_ROWS: usize = PATCHES / 10;
/// The maximum number of updated rows. It is large enough to exceed the processor's caches.
const UPDATED_ROWS: u32 = 50_000;
/// The number of rows that differ by more than their key.
const BODIES: u32 = 512;
/// A snapshot of more rows is made while it is sent, without compression.
const KEPT_ROWS: u32 = 100_000;
/// The rows of the server's first batch, and of later batches.
const FIRST_BATCH: usize = 50;
const BATCH: usize = 100;
const FIRST_KEY: u32 = 100_000;
/// The lifetime of the server's numbers.
const EPOCH: &str = "5ab904cc";

/// All frames of one view.
pub struct Frames {
    of: Of,
    bodies: Vec<String>,
    /// The batches of the whole list.
    list: OnceLock<Vec<End>>,
    ring: OnceLock<Ring>,
}

/// What the frames depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of {
    pub shape: Shape,
    pub rows: u32,
    pub view: View,
    pub generation: Generation,
}

impl Of {
    pub fn new(scenario: &Scenario, generation: Generation) -> Self {
        Of {
            shape: scenario.shape,
            rows: scenario.rows,
            view: scenario.view(generation),
            generation,
        }
    }

    /// Returns the rows that a stream reads, in the server's order.
    pub fn rows_of(&self, part: &Part) -> Vec<u32> {
        match part {
            Part::List => (0..self.rows).collect(),
            Part::Key(key) => row(key)
                .filter(|row| *row < self.rows)
                .into_iter()
                .collect(),
            Part::Window { skip, take } => (0..self.rows).rev().skip(*skip).take(*take).collect(),
            Part::Tape => Vec::new(),
        }
    }
}

impl Frames {
    pub fn new(of: Of) -> Self {
        let mut random = Random(1);
        let body = |_| of.shape.row(of.generation, &mut random);
        Frames {
            of,
            bodies: (0..BODIES).map(body).collect(),
            list: OnceLock::new(),
            ring: OnceLock::new(),
        }
    }

    pub fn of(&self) -> Of {
        self.of
    }

    /// Returns the server's answer to a subscription.
    pub fn subscribed(&self, subscription: &Subscription) -> Vec<u8> {
        let Subscription {
            id, part, query, ..
        } = subscription;
        let view = part.view(self.of.generation);
        let mode = view.mode();
        let sort = match view {
            View::List => r#","sort":{"field":["_seq"],"order":"desc"}"#.to_owned(),
            View::State => String::new(),
            View::Latest => r#","sort":{"field":["id","round_id"],"order":"desc"}"#.to_owned(),
            View::Tape => format!(
                r#","replayWindow":{{"epoch":"{EPOCH}","earliest":{FIRST_RECORD},"next":{FIRST_RECORD}}}"#
            ),
        };
        let json = match self.of.generation {
            V1 => {
                let view = part.view_id(self.of.shape.name(), self.of.generation);
                format!(r#"{{"op":"subscribed","view":"{view}","mode":"{mode}"{sort}}}"#)
            }
            V2 => format!(
                r#"{{"protocolVersion":2,"subscriptionId":"{id}","op":"subscribed","query":{query},"mode":"{mode}"{sort},"wholeEntities":true}}"#
            ),
        };
        message(json.as_bytes())
    }

    /// Returns the frames of a subscription's snapshot, each with the number of its rows.
    pub fn snapshot<'a>(
        &'a self,
        subscription: &Subscription,
    ) -> impl Iterator<Item = (u64, Vec<u8>)> + 'a {
        let start = self.snapshot_start(subscription);
        let rows = self.of.rows_of(&subscription.part);
        let is_kept = subscription.part == Part::List && self.of.rows <= KEPT_ROWS;
        let is_long = rows.len() > KEPT_ROWS as usize;
        let kept = is_kept.then(|| self.list());
        let batches = match self.of.generation {
            // A v1 server does not send the snapshot of an empty result.
            V1 if rows.is_empty() => Vec::new(),
            _ => batches(&rows),
        };
        let last = batches.len().saturating_sub(1);
        batches.into_iter().enumerate().map(move |(index, batch)| {
            let count = batch.len() as u64;
            let frame = match kept {
                Some(ends) => ends[index].after(&start),
                None => {
                    let text = self.batch(&batch, index == last);
                    let end = if is_long {
                        End::plain(text)
                    } else {
                        End::compressed(text)
                    };
                    end.after(&start)
                }
            };
            (count, frame)
        })
    }

    /// Makes all that takes long, before a client waits for it.
    pub fn prepare(&self, needs_ring: bool) {
        if self.of.rows <= KEPT_ROWS && self.of.view == View::List {
            self.list();
        }
        if needs_ring {
            self.ring();
        }
    }

    fn list(&self) -> &[End] {
        self.list.get_or_init(|| {
            let batches = batches(&self.of.rows_of(&Part::List));
            let last = batches.len() - 1;
            let batches = batches.iter().enumerate();
            batches
                .map(|(index, rows)| End::compressed(self.batch(rows, index == last)))
                .collect()
        })
    }

    /// Returns the updates, made on first use.
    pub fn ring(&self) -> &Ring {
        self.ring.get_or_init(|| {
            self.make_ring(match self.of.view {
                View::List | View::State | View::Tape => PATCHES,
                View::Latest => WHOLE_ROWS,
            })
        })
    }

    fn make_ring(&self, updates: usize) -> Ring {
        let mut random = Random(2);
        let mut rows: Vec<u32> = (0..self.of.rows).collect();
        random.shuffle(&mut rows);
        rows.truncate(UPDATED_ROWS as usize);
        let mut whole = HashMap::new();
        let mut ring = Ring::default();
        // Every row is updated more than once, so that each update still changes its row when the ring repeats.
        for _ in 0..(updates / rows.len()).max(2) {
            random.shuffle(&mut rows);
            for row in &rows {
                let stamp = ring.len() as u64 + 1;
                let patch = self.of.shape.patch(self.of.generation, stamp, &mut random);
                let text = match self.of.view {
                    View::List | View::State | View::Tape => self.patch(*row, &patch),
                    View::Latest => {
                        let held = whole.entry(*row).or_insert_with(|| self.value(*row));
                        self.upsert(*row, held, &patch)
                    }
                };
                ring.push(*row, &text);
            }
        }
        ring
    }

    /// Returns a patch of some row with a unique `stamp`.
    pub fn stamped(&self, stamp: u64, random: &mut Random) -> Ring {
        let row = random.below(self.of.rows.into()) as u32;
        let patch = self.of.shape.patch(self.of.generation, stamp, random);
        Ring::of_one(row, &self.patch(row, &patch))
    }

    fn patch(&self, row: u32, fields: &str) -> String {
        let Of {
            shape,
            view,
            generation,
            ..
        } = self.of;
        let (name, mode, view, key) = (shape.name(), view.mode(), view.name(), key(row));
        match (generation, self.of.view) {
            (V1, _) => format!(
                r#"{{"mode":"list","entity":"{name}/{view}","op":"patch","key":"{key}","data":{{"_seq":"312000182:{SEQ}",{fields}}},"seq":"312000182:{SEQ}"}}"#
            ),
            (V2, View::Tape) => format!(
                r#"{{"data":{{"_seq":"312000182:{SEQ}","_version":"{EPOCH}:{VERSION}",{fields}}},"entity":"{name}/{view}","key":"{key}","mode":"append","offset":{OFFSET},"op":"patch","protocolVersion":2,"seq":"312000182:{SEQ}","subscriptionId":"{ID}"}}"#
            ),
            (V2, _) => format!(
                r#"{{"data":{{"_seq":"312000182:{SEQ}","_version":"{EPOCH}:{VERSION}",{fields}}},"entity":"{name}/{view}","key":"{key}","mode":"{mode}","op":"patch","protocolVersion":2,"seq":"312000182:{SEQ}","subscriptionId":"{ID}"}}"#
            ),
        }
    }

    /// Returns a whole row after a patch, as the server sends it to the windows of a sorted view.
    fn upsert(&self, row: u32, held: &mut Value, patch: &str) -> String {
        let (name, view, key) = (self.of.shape.name(), self.of.view.name(), key(row));
        merge(held, &parsed(patch));
        let text = held.to_string();
        let fields = &text[1..text.len() - 1];
        format!(
            r#"{{"protocolVersion":2,"subscriptionId":"{ID}","mode":"list","entity":"{name}/{view}","op":"upsert","key":"{key}","data":{{"_seq":"312000182:{SEQ}","_version":"{EPOCH}:{VERSION}",{fields}}},"seq":"312000182:{SEQ}"}}"#
        )
    }

    fn snapshot_start(&self, subscription: &Subscription) -> String {
        /// Names the batches of one snapshot. No other snapshot follows on the same subscription.
        const SNAPSHOT: &str = "ca2b0342-5f0e-4c3e-9a51-0c6d3b1f7e20";
        let Subscription { id, part, .. } = subscription;
        let mode = part.view(self.of.generation).mode();
        let view = part.view_id(self.of.shape.name(), self.of.generation);
        match self.of.generation {
            V1 => format!(r#"{{"mode":"list","entity":"{view}","op":"snapshot","data":"#),
            V2 => {
                let key = match part {
                    Part::Key(key) => format!(r#""key":{},"#, Value::from(key.as_str())),
                    _ => String::new(),
                };
                format!(
                    r#"{{"protocolVersion":2,"subscriptionId":"{id}","snapshotId":"{SNAPSHOT}","authoritative":true,"mode":"{mode}","entity":"{view}","op":"snapshot",{key}"data":"#
                )
            }
        }
    }

    /// Returns some rows and the end of their snapshot's text.
    fn batch(&self, rows: &[u32], complete: bool) -> String {
        let row = |row: &u32| {
            let (key, fields) = (key(*row), self.fields(*row));
            // The first row is the one that changed last.
            let index = self.of.rows - row;
            match self.of.generation {
                V1 => format!(
                    r#"{{"key":"{key}","data":{{"_seq":"312000178:{index:012}",{fields}}}}}"#
                ),
                V2 => format!(
                    r#"{{"key":"{key}","data":{{"_seq":"312000178:{index:012}","_version":"{EPOCH}:{index}",{fields}}}}}"#
                ),
            }
        };
        let rows: Vec<String> = rows.iter().map(row).collect();
        format!(r#"[{}],"complete":{complete}}}"#, rows.join(","))
    }

    fn fields(&self, row: u32) -> String {
        let body = &self.bodies[(row % BODIES) as usize];
        self.of.shape.with_id(body, &key(row))
    }

    fn value(&self, row: u32) -> Value {
        parsed(&self.fields(row))
    }
}

/// Returns the server's answer to an unsubscribe (v2).
pub fn unsubscribed(id: &str) -> Vec<u8> {
    let json = format!(r#"{{"protocolVersion":2,"subscriptionId":"{id}","op":"unsubscribed"}}"#);
    message(json.as_bytes())
}

/// A row's key.
pub fn key(row: u32) -> String {
    (FIRST_KEY + row).to_string()
}

fn row(key: &str) -> Option<u32> {
    key.parse::<u32>().ok()?.checked_sub(FIRST_KEY)
}

/// Splits rows into the batches that the server sends. The snapshot of an empty result is one empty batch.
fn batches(rows: &[u32]) -> Vec<Vec<u32>> {
    let (first, rest) = rows.split_at(rows.len().min(FIRST_BATCH));
    let rest = rest.chunks(BATCH);
    std::iter::once(first)
        .chain(rest)
        .map(<[u32]>::to_vec)
        .collect()
}

fn parsed(members: &str) -> Value {
    serde_json::from_str(&format!("{{{members}}}")).unwrap_or_default()
}

/// Merges a patch into a row.
fn merge(row: &mut Value, patch: &Value) {
    match (row, patch) {
        (Value::Object(row), Value::Object(patch)) => {
            for (name, field) in patch {
                merge(row.entry(name.as_str()).or_insert(Value::Null), field);
            }
        }
        (row, patch) => *row = patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Shaped, Small, Wide};
    use crate::message::tests::text;
    use crate::published;
    use decode::round::Round;
    use hyperstack_sdk::wire::{Frame, Incoming, Row};
    use hyperstack_sdk::Patch;
    use std::fmt::Debug;

    const ROWS: u32 = 170;

    fn frames(shape: Shape, view: View, generation: Generation) -> Frames {
        let rows = ROWS;
        Frames::new(Of {
            shape,
            rows,
            view,
            generation,
        })
    }

    fn subscription(part: Part) -> Subscription {
        Subscription {
            id: "s:17".to_owned(),
            part,
            query: serde_json::json!({"view": "Round/list"}),
            snapshot: true,
        }
    }

    /// Returns the frame of a message, and checks that it has the subscription's id if it is one of v2.
    fn frame(json: &str, generation: Generation) -> Frame<'_> {
        match (Incoming::decode(json.as_bytes()).unwrap(), generation) {
            (Incoming::Frame(frame), V1) => frame,
            (Incoming::Routed { id, frame }, V2) => {
                assert_eq!(id, "s:17");
                frame
            }
            (other, _) => panic!("{other:?}"),
        }
    }

    /// Checks that both clients' types read a row.
    fn check_row<T>(row: &Row<'_>, generation: Generation) -> T
    where
        T: Shaped + TryFrom<T::Patch, Error: Debug>,
    {
        published::read::<T>(row.data, generation);
        let patch = T::Patch::decode(row.data, &[] as &[&str]).unwrap();
        T::try_from(patch).unwrap()
    }

    /// Checks that all clients' types read all rows, and that each patch of two cycles changes its row.
    fn is_read_by<T>(shape: Shape, generation: Generation)
    where
        T: Shaped + TryFrom<T::Patch, Error: Debug>,
    {
        let frames = frames(shape, View::List, generation);
        let mut held: HashMap<String, T> = HashMap::new();
        let mut batches = Vec::new();
        for (count, message) in frames.snapshot(&subscription(Part::List)) {
            let json = text(&message);
            let Frame::Snapshot { rows, complete, .. } = frame(&json, generation) else {
                panic!("no snapshot");
            };
            assert_eq!(count, rows.len() as u64);
            batches.push((count, complete));
            for row in rows {
                held.insert(row.key.to_string(), check_row(&row, generation));
            }
        }
        assert_eq!(batches, [(50, false), (100, false), (20, true)]);
        assert_eq!(held.len(), ROWS as usize);

        let ring = frames.make_ring(3 * ROWS as usize);
        let mut message = Vec::new();
        // The first cycle, and enough of the second to patch every row again.
        for number in 0..ring.len() as u64 + 400 {
            message.clear();
            ring.write(number, "s:17", &mut message);
            let json = text(&message);
            let Frame::Patch { row, .. } = frame(&json, generation) else {
                panic!("no patch");
            };
            assert_eq!(row.key, key(ring.row(number)));
            let patch = T::Patch::decode(row.data, &[] as &[&str]).unwrap();
            let stamp = T::stamp_of_patch(&patch);
            let held = held.get_mut(&*row.key).unwrap();
            let before = held.clone();
            held.apply(patch).unwrap();
            assert!(*held != before && held.stamp() == stamp);
        }
    }

    #[test]
    fn rounds_are_read() {
        is_read_by::<Round>(Shape::Round, V1);
        is_read_by::<Round>(Shape::Round, V2);
    }

    #[test]
    fn small_entities_are_read() {
        is_read_by::<Small>(Shape::Small, V1);
        is_read_by::<Small>(Shape::Small, V2);
    }

    #[test]
    fn wide_entities_are_read() {
        is_read_by::<Wide>(Shape::Wide, V1);
        is_read_by::<Wide>(Shape::Wide, V2);
    }

    /// Returns the JSON of the first two updates of a ring.
    fn two_updates(frames: &Frames) -> [Value; 2] {
        [0, 1].map(|number| {
            let mut message = Vec::new();
            frames.make_ring(1).write(number, "s:17", &mut message);
            serde_json::from_str(&text(&message)).unwrap()
        })
    }

    #[test]
    fn v2_patches_have_their_members_in_alphabetical_order() {
        let mut message = Vec::new();
        let frames = frames(Shape::Small, View::List, V2);
        frames.make_ring(1).write(0, "s:17", &mut message);
        let text = text(&message);
        let members = [
            "\"data\"",
            "\"_seq\"",
            "\"_version\"",
            "\"count\"",
            "\"price\"",
            "\"volume\"",
            "\"entity\"",
            "\"key\"",
            "\"mode\"",
            "\"op\"",
            "\"protocolVersion\"",
            "\"seq\"",
            "\"subscriptionId\"",
        ];
        let places: Vec<_> = members
            .iter()
            .map(|name| text.find(name).unwrap())
            .collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn the_numbers_of_v2_updates_rise() {
        let frames = frames(Shape::Round, View::Tape, V2);
        let [first, second] = two_updates(&frames);
        for (update, number) in [(first, 0), (second, 1)] {
            let seq = format!("312000182:{:012}", number + 1);
            assert_eq!(update["seq"], seq);
            assert_eq!(update["data"]["_seq"], seq);
            let version = format!("5ab904cc:{}", 1_000_000_000 + number);
            assert_eq!(update["data"]["_version"], version);
            assert_eq!(update["offset"], FIRST_RECORD + number);
            assert_eq!(update["mode"], "append");
        }
    }

    #[test]
    fn integers_of_64_bits_are_text_in_v2() {
        let [patch, _] = two_updates(&frames(Shape::Round, View::List, V2));
        assert!(patch["data"]["metrics"]["deploy_count"].is_string());
        assert!(patch["data"]["state"]["total_deployed"].is_f64());
        let row = frames(Shape::Round, View::List, V2).value(3);
        assert_eq!(row["id"]["round_id"], key(3));
        assert!(row["state"]["deployed_per_square"][0].is_string());
        assert!(row["ore_metadata"]["decimals"].is_u64());
        let row = frames(Shape::Round, View::List, V1).value(3);
        assert_eq!(row["id"]["round_id"].to_string(), key(3));
    }

    #[test]
    fn a_window_has_its_rows_in_the_order_of_the_view_and_gets_whole_rows() {
        let frames = frames(Shape::Round, View::Latest, V2);
        let window = subscription(Part::Window { skip: 10, take: 3 });
        let snapshots: Vec<_> = frames.snapshot(&window).collect();
        let [(3, message)] = &snapshots[..] else {
            panic!("not one batch of three rows");
        };
        let json = text(message);
        let Frame::Snapshot { rows, complete, .. } = frame(&json, V2) else {
            panic!("no snapshot");
        };
        let keys: Vec<_> = rows.iter().map(|row| row.key.clone()).collect();
        assert_eq!(keys, [key(159), key(158), key(157)]);
        assert!(complete);

        let ring = frames.make_ring(1);
        let mut message = Vec::new();
        ring.write(0, "s:17", &mut message);
        let json = text(&message);
        let Frame::Upsert { row, .. } = frame(&json, V2) else {
            panic!("no upsert");
        };
        let round: Round = check_row(&row, V2);
        assert_eq!(
            (round.id.round_id.to_string(), round.stamp()),
            (row.key.into_owned(), 1)
        );
    }

    #[test]
    fn one_row_by_its_key() {
        for generation in Generation::ALL {
            let frames = frames(Shape::Round, View::List, generation);
            let rows_of = |key: &str| {
                let part = Part::Key(key.to_owned());
                frames.snapshot(&subscription(part)).collect::<Vec<_>>()
            };
            let [(1, message)] = &rows_of(&key(2))[..] else {
                panic!("not one batch of one row");
            };
            let json = text(message);
            let Frame::Snapshot { rows, complete, .. } = frame(&json, generation) else {
                panic!("no snapshot");
            };
            assert_eq!((&*rows[0].key, rows.len(), complete), (&*key(2), 1, true));
            // A v1 server does not answer, and a v2 server answers that there is nothing.
            for unknown in [&*key(ROWS), "hyperstack-sdk:barrier:1"] {
                let batches = rows_of(unknown);
                assert_eq!(batches.len(), if generation == V1 { 0 } else { 1 });
                assert!(batches.iter().all(|(rows, _)| *rows == 0));
            }
        }
    }

    #[test]
    fn a_subscription_is_acknowledged() {
        let ack_of = |view, part, generation| {
            let message = frames(Shape::Round, view, generation).subscribed(&subscription(part));
            let json = text(&message);
            match frame(&json, generation) {
                Frame::Subscribed { sort, ack, .. } => (sort.map(|sort| sort.path), ack),
                other => panic!("{other:?}"),
            }
        };
        let path = |path: &[&str]| Some(path.iter().map(|it| it.to_string()).collect::<Vec<_>>());
        assert_eq!(ack_of(View::List, Part::List, V1), (path(&["_seq"]), None));
        let (sort, ack) = ack_of(View::Latest, Part::Window { skip: 0, take: 1 }, V2);
        assert_eq!(sort, path(&["id", "round_id"]));
        assert!(ack.unwrap().whole_entities);
        let (sort, ack) = ack_of(View::Tape, Part::Tape, V2);
        let window = ack.unwrap().replay_window.unwrap();
        assert_eq!(sort, None);
        assert_eq!((window.earliest, window.next), (FIRST_RECORD, FIRST_RECORD));
    }

    #[test]
    fn a_stamp_arrives() {
        const STAMP: u64 = 1_790_010_740_123_456;
        for generation in Generation::ALL {
            let frames = frames(Shape::Round, View::List, generation);
            let mut message = Vec::new();
            let patch = frames.stamped(STAMP, &mut Random(1));
            patch.write(7, "s:17", &mut message);
            let json = text(&message);
            let Frame::Patch { row, .. } = frame(&json, generation) else {
                panic!("no patch");
            };
            let patch = decode::derived(row.data).unwrap();
            assert_eq!(Round::stamp_of_patch(&patch), STAMP);
        }
    }
}
