//! Prepared updates that are sent again and again, each time with other numbers.

use crate::message::write_head;

/// Stands in a text for a value that is known only when the text is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Seq,
    Version,
    Offset,
    Id,
}

/// The index of a change within its slot.
pub const SEQ: char = '\u{1}';
/// The count in `_version`.
pub const VERSION: char = '\u{2}';
/// A record's number.
pub const OFFSET: char = '\u{3}';
/// The subscription's id.
pub const ID: char = '\u{4}';

/// The number of a tape's first record. The records before it have expired.
pub const FIRST_RECORD: u64 = 1_000_000_000;
/// The first `_version` of an update. Snapshots have smaller ones.
const FIRST_VERSION: u64 = 1_000_000_000;

/// A ring of updates. After the last update, the first one follows.
///
/// The numbers in an update rise from one sending to the next, because clients drop an update whose numbers do not.
#[derive(Debug, Default)]
pub struct Ring {
    /// The texts, without places.
    text: Vec<u8>,
    /// The places, which are the same in each text.
    places: Vec<Place>,
    /// For each text, the ends of its parts: one more than it has places.
    ends: Vec<u32>,
    /// The row that each text changes.
    rows: Vec<u32>,
}

impl Place {
    const ALL: [(char, Place); 4] = [
        (SEQ, Place::Seq),
        (VERSION, Place::Version),
        (OFFSET, Place::Offset),
        (ID, Place::Id),
    ];

    fn of(mark: char) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(its, place)| (its == mark).then_some(place))
    }

    /// Returns the length of the value. Numbers have a fixed one.
    fn width(self, id: &str) -> usize {
        match self {
            Place::Seq => 12,
            Place::Version | Place::Offset => 10,
            Place::Id => id.len(),
        }
    }

    fn write(self, number: u64, id: &str, out: &mut Vec<u8>) {
        match self {
            Place::Seq => out.extend(digits::<12>(number + 1)),
            Place::Version => out.extend(digits::<10>(FIRST_VERSION + number)),
            Place::Offset => out.extend(digits::<10>(FIRST_RECORD + number)),
            Place::Id => out.extend(id.as_bytes()),
        }
    }
}

impl Ring {
    /// Returns a ring of one update.
    pub fn of_one(row: u32, text: &str) -> Self {
        let mut ring = Ring::default();
        ring.push(row, text);
        ring
    }

    /// Adds an update. All texts must have the same places.
    pub fn push(&mut self, row: u32, text: &str) {
        let places = || text.chars().filter_map(Place::of);
        if self.rows.is_empty() {
            self.places = places().collect();
        }
        debug_assert!(places().eq(self.places.iter().copied()));
        for part in text.split(|mark| Place::of(mark).is_some()) {
            self.text.extend(part.as_bytes());
            self.ends.push(self.text.len() as u32);
        }
        self.rows.push(row);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the row that an update changes.
    pub fn row(&self, number: u64) -> u32 {
        self.rows[self.index(number)]
    }

    /// Writes the message of an update for one subscription.
    pub fn write(&self, number: u64, id: &str, out: &mut Vec<u8>) {
        let parts = self.places.len() + 1;
        let first = self.index(number) * parts;
        let ends = &self.ends[first..first + parts];
        let mut start = match first {
            0 => 0,
            _ => self.ends[first - 1] as usize,
        };
        let text = ends[parts - 1] as usize - start;
        let widths = self.places.iter().map(|place| place.width(id));
        write_head(text + widths.sum::<usize>(), out);
        for (part, end) in ends.iter().enumerate() {
            out.extend(&self.text[start..*end as usize]);
            start = *end as usize;
            if let Some(place) = self.places.get(part) {
                place.write(number, id, out);
            }
        }
    }

    fn index(&self, number: u64) -> usize {
        (number % self.len() as u64) as usize
    }
}

fn digits<const WIDTH: usize>(mut number: u64) -> [u8; WIDTH] {
    let mut digits = [b'0'; WIDTH];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::{text, unframe};

    #[test]
    fn numbers_and_ids_are_filled_in_when_an_update_is_sent() {
        let mut ring = Ring::default();
        for row in [7, 8] {
            ring.push(row, &format!("{row} {SEQ} {VERSION} {SEQ} {ID}"));
        }
        let mut out = Vec::new();
        ring.write(0, "a", &mut out);
        assert_eq!(text(&out), "7 000000000001 1000000000 000000000001 a");
        out.clear();
        // The third one is the first text again.
        ring.write(2, "long", &mut out);
        ring.write(3, "", &mut out);
        let (first, rest) = unframe(&out);
        assert_eq!(first, b"7 000000000003 1000000002 000000000003 long");
        assert_eq!(text(rest), "8 000000000004 1000000003 000000000004 ");
        assert_eq!((ring.len(), ring.row(2), ring.row(3)), (2, 7, 8));
    }

    #[test]
    fn records_are_numbered() {
        let ring = Ring::of_one(0, &format!("{OFFSET}!"));
        let mut out = Vec::new();
        ring.write(17, "", &mut out);
        assert_eq!(text(&out), "1000000017!");
    }
}
