//! What the server sends, made once: frames of the WebSocket, whole.

use crate::random::Random;
use crate::shape::Shape;
use flate2::{write::GzEncoder, Compression};
use std::borrow::Cow;
use std::io::Write;
use std::ops::Range;
use std::sync::OnceLock;

/// How many patches there are before they begin anew, about.
const PATCHES: usize = 100_000;
/// How many rows are patched at most: of a million, enough to be in no cache of the processor's.
const PATCHED_ROWS: u32 = 50_000;
/// How many rows differ by more than their key.
const BODIES: u32 = 512;
/// A snapshot of more rows is made while it is sent, and not compressed.
const KEPT_ROWS: u32 = 100_000;
/// The server's batches: the first, and the others.
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

/// Patches, one after the other. Whoever has sent the last goes on with the first, and each still
/// changes its row: every row is patched more than once.
pub struct Ring {
    bytes: Vec<u8>,
    /// Where each frame begins, and where the last one ends.
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

    /// The patches, made when first asked for.
    pub fn ring(&self) -> &Ring {
        self.ring.get_or_init(|| Ring::new(self))
    }

    /// A patch of any row, with `stamp` in it, and so unlike all others.
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

    /// Some rows as JSON; the one that changed last is first, as in the server's lists.
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

    /// At most `count` patches that follow the first `sent` ones, and how many they are.
    pub fn after(&self, sent: u64, count: u64) -> (u64, &[u8]) {
        let first = (sent % self.len() as u64) as usize;
        let last = self.len().min(first + count as usize);
        let bytes = &self.bytes[self.bounds[first]..self.bounds[last]];
        ((last - first) as u64, bytes)
    }
}

/// What the server compresses: snapshots, where that makes them smaller.
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

/// A binary message in one frame, unmasked, as servers send it.
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
