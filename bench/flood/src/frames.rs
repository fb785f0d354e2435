//! The server's messages: complete WebSocket frames, made once.

use crate::shape::Shape;
use decode::random::Random;
use flate2::{write::GzEncoder, Compression};
use std::borrow::Cow;
use std::io::Write;
use std::ops::Range;
use std::sync::OnceLock;

/// The approximate number of patches before they repeat.
const PATCHES: usize = 100_000;
/// The maximum number of patched rows. It is large enough to exceed the processor's caches.
const PATCHED_ROWS: u32 = 50_000;
/// The number of rows that differ by more than their key.
const BODIES: u32 = 512;
/// A snapshot of more rows is made while it is sent, without compression.
const KEPT_ROWS: u32 = 100_000;
/// The rows of the server's first batch, and of later batches.
const FIRST_BATCH: u32 = 50;
const BATCH: u32 = 100;
const FIRST_KEY: u32 = 100_000;

/// All frames of one view.
pub struct Frames {
    shape: Shape,
    rows: u32,
    bodies: Vec<String>,
    snapshot: OnceLock<Vec<Vec<u8>>>,
    ring: OnceLock<Ring>,
}

/// A ring of patches. After the last patch, the first one follows. Each patch still changes its row, because
/// the ring patches every row more than once.
pub struct Ring {
    bytes: Vec<u8>,
    /// The start of each frame, and the end of the last one.
    bounds: Vec<usize>,
}

impl Frames {
    pub fn new(shape: Shape, rows: u32) -> Self {
        let mut random = Random(1);
        Frames {
            shape,
            rows,
            bodies: (0..BODIES).map(|_| shape.row(&mut random)).collect(),
            snapshot: OnceLock::new(),
            ring: OnceLock::new(),
        }
    }

    pub fn is_of(&self, shape: Shape, rows: u32) -> bool {
        (self.shape, self.rows) == (shape, rows)
    }

    pub fn subscribed(&self) -> Vec<u8> {
        let json = format!(
            r#"{{"op":"subscribed","view":"{}/list","mode":"list","sort":{{"field":["_seq"],"order":"desc"}}}}"#,
            self.shape.name()
        );
        message(json.as_bytes())
    }

    /// The snapshot's frames, each with the number of its rows.
    pub fn snapshot(&self) -> impl Iterator<Item = (u64, Cow<'_, [u8]>)> {
        let kept =
            (self.rows <= KEPT_ROWS).then(|| self.snapshot.get_or_init(|| self.compressed()));
        self.batches().enumerate().map(move |(index, rows)| {
            let frame = match kept {
                Some(frames) => Cow::from(&frames[index]),
                None => message(self.batch(rows.clone()).as_bytes()).into(),
            };
            (rows.len() as u64, frame)
        })
    }

    fn compressed(&self) -> Vec<Vec<u8>> {
        let batches = self.batches().map(|rows| self.batch(rows));
        batches
            .map(|json| message(&gzip(json.as_bytes())))
            .collect()
    }

    /// The snapshot of one row; `None` if there is no such key.
    pub fn snapshot_of(&self, key: &str) -> Option<Vec<u8>> {
        let row = key.parse::<u32>().ok()?.checked_sub(FIRST_KEY)?;
        let json = (row < self.rows).then(|| self.batch(row..row + 1))?;
        Some(message(&gzip(json.as_bytes())))
    }

    /// Returns the patches, made on first use.
    pub fn ring(&self) -> &Ring {
        self.ring.get_or_init(|| Ring::new(self))
    }

    /// Returns a patch of some row with a unique `stamp`.
    pub fn stamped(&self, step: u64, stamp: u64, random: &mut Random) -> Vec<u8> {
        let row = random.below(self.rows.into()) as u32;
        message(self.patch(row, step, stamp, random).as_bytes())
    }

    fn batches(&self) -> impl Iterator<Item = Range<u32>> {
        let rows = self.rows;
        let rest = (FIRST_BATCH..rows).step_by(BATCH as usize);
        let rest = rest.map(move |first| first..rows.min(first + BATCH));
        std::iter::once(0..rows.min(FIRST_BATCH)).chain(rest)
    }

    /// Returns some rows as JSON, the most recently changed first, as in the server's lists.
    fn batch(&self, rows: Range<u32>) -> String {
        let complete = rows.end == self.rows || rows.len() == 1;
        let row = |row: u32| {
            let body = &self.bodies[(row % BODIES) as usize][1..];
            let index = self.rows - row;
            format!(
                r#"{{"key":"{}","data":{{"_seq":"312000178:{index:012}",{body}}}"#,
                key(row)
            )
        };
        let name = self.shape.name();
        let rows: Vec<String> = rows.map(row).collect();
        format!(
            r#"{{"mode":"list","entity":"{name}/list","op":"snapshot","data":[{}],"complete":{complete}}}"#,
            rows.join(",")
        )
    }

    fn patch(&self, row: u32, step: u64, stamp: u64, random: &mut Random) -> String {
        let (name, key) = (self.shape.name(), key(row));
        let fields = self.shape.patch(stamp, random);
        format!(
            r#"{{"mode":"list","entity":"{name}/list","op":"patch","key":"{key}","data":{{"_seq":"312000182:{step:012}",{fields}}},"seq":"312000182:{step:012}"}}"#
        )
    }
}

/// A row's key.
pub fn key(row: u32) -> String {
    (FIRST_KEY + row).to_string()
}

impl Ring {
    fn new(frames: &Frames) -> Self {
        let mut random = Random(2);
        let mut rows: Vec<u32> = (0..frames.rows).collect();
        random.shuffle(&mut rows);
        rows.truncate(PATCHED_ROWS as usize);
        let mut ring = Ring {
            bytes: Vec::new(),
            bounds: vec![0],
        };
        for _ in 0..(PATCHES / rows.len()).max(2) {
            random.shuffle(&mut rows);
            for row in &rows {
                let step = ring.len() as u64 + 1;
                let json = frames.patch(*row, step, step, &mut random);
                ring.bytes.extend(message(json.as_bytes()));
                ring.bounds.push(ring.bytes.len());
            }
        }
        ring
    }

    pub fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Returns at most `count` patches after the first `sent` ones, and their number.
    pub fn after(&self, sent: u64, count: u64) -> (u64, &[u8]) {
        let first = (sent % self.len() as u64) as usize;
        let last = self.len().min(first + count as usize);
        let bytes = &self.bytes[self.bounds[first]..self.bounds[last]];
        ((last - first) as u64, bytes)
    }
}

/// Compresses a snapshot if that makes it smaller, as the server does.
fn gzip(json: &[u8]) -> Cow<'_, [u8]> {
    if json.len() < 1024 {
        return json.into();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(json).and_then(|()| encoder.finish()) {
        Ok(zipped) if zipped.len() < json.len() => zipped.into(),
        _ => json.into(),
    }
}

/// Returns a binary message in one unmasked frame, as servers send it.
fn message(payload: &[u8]) -> Vec<u8> {
    const FINAL_BINARY: u8 = 0x82;
    let mut frame = vec![FINAL_BINARY];
    match payload.len() {
        length @ 0..=125 => frame.push(length as u8),
        length @ 126..=0xffff => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Shaped, Small, Wide};
    use decode::round::Round;
    use hyperstack_sdk::wire::{payload, Frame, Incoming};
    use hyperstack_sdk::Patch;
    use serde::de::DeserializeOwned;
    use std::collections::HashMap;

    /// Returns a message's payload and the bytes after it.
    fn unframe(bytes: &[u8]) -> (&[u8], &[u8]) {
        assert_eq!(bytes[0], 0x82);
        let (length, head) = match bytes[1] {
            126 => (u64::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 => (u64::from_be_bytes(bytes[2..10].try_into().unwrap()), 10),
            length => (length.into(), 2),
        };
        bytes[head..].split_at(length as usize)
    }

    fn payload(message: &[u8]) -> Cow<'_, [u8]> {
        let (payload, rest) = unframe(message);
        assert!(rest.is_empty());
        payload::json(payload, payload::Limits::default()).unwrap()
    }

    #[test]
    fn every_length_has_its_own_head() {
        for length in [0, 125, 126, 0xffff, 0x1_0000] {
            let payload = vec![7; length];
            assert_eq!(unframe(&message(&payload)), (&payload[..], &[][..]));
        }
    }

    /// Checks that both clients' types read all rows, and that each patch of two cycles changes its row.
    fn is_read_by<T>(shape: Shape)
    where
        T: Shaped + TryFrom<T::Patch, Error: std::fmt::Debug>,
        T::Plain: DeserializeOwned,
    {
        let frames = Frames::new(shape, 170);
        let mut held: HashMap<String, T> = HashMap::new();
        let mut batches = Vec::new();
        for (count, message) in frames.snapshot() {
            let json = payload(&message);
            let Ok(Incoming::Frame(Frame::Snapshot { rows, complete, .. })) =
                Incoming::decode(&json)
            else {
                panic!("no snapshot");
            };
            assert_eq!(count, rows.len() as u64);
            batches.push((count, complete));
            for row in rows {
                serde_json::from_str::<T::Plain>(row.data).unwrap();
                let patch = T::Patch::decode(row.data, &[] as &[&str]).unwrap();
                held.insert(row.key.into_owned(), T::try_from(patch).unwrap());
            }
        }
        assert_eq!(batches, [(50, false), (100, false), (20, true)]);
        assert_eq!(held.len(), 170);

        let ring = frames.ring();
        let (sent, mut bytes) = ring.after(0, u64::MAX >> 1);
        assert_eq!(sent, ring.len() as u64);
        let ends = bytes;
        // The first cycle, and enough of the second to patch every row again.
        for _ in 0..ring.len() + 400 {
            if bytes.is_empty() {
                bytes = ends;
            }
            let (json, rest) = unframe(bytes);
            bytes = rest;
            let Ok(Incoming::Frame(Frame::Patch { row, .. })) = Incoming::decode(json) else {
                panic!("no patch");
            };
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
        is_read_by::<Round>(Shape::Round);
    }

    #[test]
    fn small_entities_are_read() {
        is_read_by::<Small>(Shape::Small);
    }

    #[test]
    fn wide_entities_are_read() {
        is_read_by::<Wide>(Shape::Wide);
    }

    #[test]
    fn the_ring_continues_with_its_first_patch() {
        let frames = Frames::new(Shape::Small, 3);
        let ring = frames.ring();
        let length = ring.len() as u64;
        let (count, bytes) = ring.after(length - 1, 10);
        assert_eq!(count, 1);
        assert!(unframe(bytes).1.is_empty());
        assert_eq!(ring.after(length, 10), ring.after(0, 10));
    }

    #[test]
    fn one_row_by_its_key() {
        let frames = Frames::new(Shape::Round, 3);
        let message = frames.snapshot_of(&key(2)).unwrap();
        let json = payload(&message);
        let Ok(Incoming::Frame(Frame::Snapshot { rows, complete, .. })) = Incoming::decode(&json)
        else {
            panic!("no snapshot");
        };
        assert_eq!((&*rows[0].key, rows.len(), complete), (&*key(2), 1, true));
        assert!(frames.snapshot_of(&key(3)).is_none());
        assert!(frames.snapshot_of("hyperstack-sdk:barrier:1").is_none());
    }

    #[test]
    fn a_stamp_arrives() {
        let frames = Frames::new(Shape::Round, 3);
        let message = frames.stamped(1, 1_790_010_740_123_456, &mut Random(1));
        let json = payload(&message);
        let Ok(Incoming::Frame(Frame::Patch { row, .. })) = Incoming::decode(&json) else {
            panic!("no patch");
        };
        let patch = decode::derived(row.data).unwrap();
        assert_eq!(Round::stamp_of_patch(&patch), 1_790_010_740_123_456);
    }
}
