//! The reader of the tape: it must read each record exactly once, in order, or a gap in its place.

use crate::compare::Truth;
use crate::entity::Round;
use crate::readers::{lock, read, Counts, Gate, Reader};
use hyperstack_sdk::{Cursor, GapCause, Tape, TapeError, TapeGap};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was read so far.
#[derive(Default)]
pub struct Tally {
    last: Option<Cursor>,
    pub records: u64,
    /// The number of records that gaps report as lost.
    pub lost: u64,
    /// The number of gaps, by cause.
    pub gaps: BTreeMap<String, u64>,
}

/// Starts the reader.
pub fn reader(tape: Tape<Round>, gate: &Gate) -> (Reader, Arc<Mutex<Tally>>) {
    let tally = Arc::<Mutex<Tally>>::default();
    let mine = tally.clone();
    let counts = read(tape, Duration::ZERO, gate, move |item, counts: &Counts| {
        let is_next = match &item {
            Ok(record) => lock(&mine).note_record(&record.cursor),
            Err(TapeError::Gap(gap)) => lock(&mine).note_gap(gap),
            // The end of the run. At any other time, the next comparison fails.
            Err(TapeError::Closed(_)) => true,
            Err(_) => false,
        };
        if !is_next {
            counts.note_wrong();
            println!("an unexpected item of the tape: {item:?}");
        }
    });
    let held = tally.clone();
    let reader = Reader {
        name: "tape",
        counts,
        differs: Box::new(move |truth| lock(&held).differs(truth)),
    };
    (reader, tally)
}

impl Tally {
    /// Notes a record. Returns whether it is the one after the last.
    fn note_record(&mut self, cursor: &Cursor) -> bool {
        let is_next = self.last.as_ref().is_none_or(|last| {
            last.epoch() == cursor.epoch() && cursor.offset() == Some(after(last))
        });
        self.records += 1;
        self.last = Some(cursor.clone());
        is_next
    }

    /// Notes a gap. Returns whether it follows the last record, and has a cause that the faults can have.
    fn note_gap(&mut self, gap: &TapeGap) -> bool {
        let (from, to) = (&gap.after, &gap.resumed);
        let lost = match &gap.cause {
            GapCause::Expired if from.epoch() == to.epoch() => after(to) - after(from),
            // The oldest records of the new server can be lost too.
            GapCause::NewEpoch if from.epoch() != to.epoch() => after(to),
            _ => return false,
        };
        let is_right = self.last.as_ref() == Some(from)
            && gap.lost == (gap.cause == GapCause::Expired).then_some(lost);
        self.lost += lost;
        *self.gaps.entry(format!("{:?}", gap.cause)).or_default() += 1;
        self.last = Some(to.clone());
        is_right
    }

    /// Whether this is not at the server's last record, or has not noticed each loss of the tape once.
    fn differs(&self, truth: &Truth) -> usize {
        let losses = self.gaps.get("NewEpoch").copied().unwrap_or_default();
        usize::from(self.last != truth.cursor || losses != truth.losses)
    }
}

/// Returns the number of the record after a cursor.
fn after(cursor: &Cursor) -> u64 {
    cursor.offset().map_or(0, |offset| offset + 1)
}
