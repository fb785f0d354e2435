//! The records that tapes retain.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::super::frame::Mode;
use super::super::refusal::Refusal;
use super::frame::{patch_head, Epoch};
use crate::wire::{Cursor, ReplayWindow};

/// The tapes of a server, by entity. They share an epoch.
#[derive(Debug, Default)]
pub(crate) struct Tapes {
    journals: BTreeMap<String, Journal>,
    /// How many times the records were lost.
    losses: u64,
    is_sealed: bool,
    /// Whether events were lost. A tape without records does not start at 0 then.
    has_gap: bool,
}

/// The retained records of a tape.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    epoch: String,
    next: u64,
    records: VecDeque<Arc<Record>>,
    gap_after: Option<u64>,
    /// How many records it retains.
    limit: usize,
}

/// A change as it was published.
#[derive(Debug)]
pub(crate) struct Record {
    /// `None` if the server was about to stop.
    pub(crate) offset: Option<u64>,
    pub(super) key: String,
    /// The fields, which filters compare.
    pub(super) data: Value,
    /// The message before and after the id of the subscription.
    pub(super) around: [String; 2],
}

/// A change to publish.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Published<'c> {
    pub(crate) entity: &'c str,
    pub(crate) key: &'c str,
    pub(crate) data: &'c Value,
    pub(crate) append: &'c [String],
    pub(crate) seq: &'c str,
    /// The epoch and the number of the change, which make its version.
    pub(crate) version: (Epoch, u64),
}

impl Tapes {
    /// Makes the append view of an entity a tape.
    pub(crate) fn add(&mut self, entity: &str, limit: usize) {
        let journal = Journal::new(epoch(self.losses), limit);
        self.journals.insert(entity.to_owned(), journal);
    }

    /// The tape of an entity.
    pub(crate) fn get(&self, entity: &str) -> Option<&Journal> {
        self.journals.get(entity)
    }

    /// Adds a record to the entity's tape, if it has one.
    pub(crate) fn append(&mut self, change: Published<'_>) -> Option<Arc<Record>> {
        let journal = self.journals.get_mut(change.entity)?;
        if self.is_sealed {
            return Some(Arc::new(Record::new(None, change)));
        }
        if self.has_gap && journal.next == 0 {
            // The server never issues the number 0 then. It stands for the lost events.
            (journal.next, journal.gap_after) = (1, Some(0));
        }
        let record = Arc::new(Record::new(Some(journal.next), change));
        journal.push(record.clone());
        Some(record)
    }

    /// Marks a hole after the last record of each tape.
    pub(crate) fn mark_gap(&mut self) {
        self.has_gap = true;
        for journal in self.journals.values_mut() {
            journal.gap_after = journal.next.checked_sub(1).or(journal.gap_after);
        }
    }

    /// Numbers no more records.
    pub(crate) fn seal(&mut self) {
        self.is_sealed = true;
    }

    /// Starts a new run with the records of the last one.
    pub(crate) fn restart(&mut self) {
        (self.is_sealed, self.has_gap) = (false, false);
    }

    /// Starts a new run without records, and with a new epoch.
    pub(crate) fn clear(&mut self) {
        self.restart();
        self.losses += 1;
        for journal in self.journals.values_mut() {
            *journal = Journal::new(epoch(self.losses), journal.limit);
        }
    }
}

impl Journal {
    pub(super) fn new(epoch: String, limit: usize) -> Self {
        Journal {
            epoch,
            limit: limit.max(1),
            ..Self::default()
        }
    }

    /// Creates a journal with these records, at whose end the server will use the number `next` or a later one.
    pub(super) fn recorded(
        epoch: String,
        records: impl Iterator<Item = Arc<Record>>,
        next: u64,
        gap_after: Option<u64>,
    ) -> Self {
        let mut journal = Journal::new(epoch, usize::MAX);
        records.for_each(|record| journal.push(record));
        journal.next = journal.next.max(next);
        journal.gap_after = gap_after;
        journal
    }

    /// Adds a record, which has a number that no earlier record has.
    fn push(&mut self, record: Arc<Record>) {
        self.next = record.offset.map_or(self.next, |offset| offset + 1);
        self.records.push_back(record);
        while self.records.len() > self.limit {
            self.records.pop_front();
        }
        // A hole is forgotten with the first record after it.
        let earliest = self.earliest();
        self.gap_after = self.gap_after.filter(|gap| earliest <= gap + 1);
    }

    pub(crate) fn window(&self) -> ReplayWindow {
        ReplayWindow {
            epoch: self.epoch.clone(),
            earliest: self.earliest(),
            next: self.next,
            gap_after: self.gap_after,
        }
    }

    fn earliest(&self) -> u64 {
        let first = self.records.front().and_then(|record| record.offset);
        first.unwrap_or(self.next)
    }

    /// The cursor of the last record.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor::before(&self.epoch, self.next)
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.records.iter()
    }

    /// Returns the number in a cursor from which the tape can be resumed.
    pub(super) fn resume(&self, view: &str, after: &str) -> Result<u64, Refusal> {
        let read = || {
            let (epoch, offset) = after.rsplit_once(':')?;
            let offset = offset.parse::<u64>().ok()?;
            (!epoch.is_empty()).then_some((epoch, offset))
        };
        let (epoch, offset) = read().ok_or_else(|| {
            Refusal::new("invalid-cursor").message(&format!(
                "`after` must be an {{epoch}}:{{offset}} replay cursor for view {view}, got {after:?}"
            ))
        })?;
        // The server has a defect: a tape that never had a record accepts every cursor.
        if self.next == 0 {
            return Ok(offset);
        }
        let window = self.window();
        let (code, message, action) = if epoch != self.epoch {
            (
                "cursor-epoch-changed",
                "cursor was issued by a previous journal lifetime and its offsets do not apply here".to_owned(),
                "discard the cursor and resubscribe without `after`",
            )
        } else if offset.saturating_add(1) < window.earliest {
            (
                "cursor-expired",
                format!(
                    "cursor is older than the retained replay window; the oldest retained record is at offset {}",
                    window.earliest
                ),
                "resubscribe without `after` to replay the whole retained window",
            )
        } else if offset >= window.next {
            (
                "cursor-unknown",
                format!(
                    "cursor is beyond this view's latest offset; the next record will be at offset {}",
                    window.next
                ),
                "resubscribe without `after`, or with a cursor this view has issued",
            )
        } else if let Some(gap) = window.gap_after.filter(|gap| offset <= *gap) {
            (
                "replay-gap",
                format!(
                    "records after offset {gap} were lost when the stream restarted live; replaying across the hole would present it as continuous"
                ),
                "resubscribe without `after`, accepting the gap, or from a cursor after it",
            )
        } else {
            return Ok(offset);
        };
        let refusal = Refusal::new(code)
            .message(&message)
            .suggested_action(action);
        Err(refusal.replay_window(window))
    }
}

impl Record {
    /// Creates a record of a recording.
    pub(super) fn recorded(
        offset: Option<u64>,
        key: String,
        data: Value,
        around: [String; 2],
    ) -> Self {
        Record {
            offset,
            key,
            data,
            around,
        }
    }

    fn new(offset: Option<u64>, change: Published<'_>) -> Self {
        let Published {
            entity,
            key,
            append,
            seq,
            ..
        } = change;
        let (epoch, number) = change.version;
        let mut data = change.data.clone();
        if let Value::Object(fields) = &mut data {
            let version = epoch.version(Mode::Append, number);
            fields.insert("_version".to_owned(), version.into());
        }
        let view = format!("{entity}/append");
        let json = data.to_string();
        let head = patch_head(&view, Mode::Append, key, &json, append, offset, seq);
        Record {
            offset,
            key: key.to_owned(),
            data,
            around: [head, "}".to_owned()],
        }
    }
}

/// The epoch after this many losses of the records.
fn epoch(losses: u64) -> String {
    format!("7a9e0000-0000-4000-8000-{losses:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tapes(limit: usize) -> Tapes {
        let mut tapes = Tapes::default();
        tapes.add("Log", limit);
        tapes
    }

    fn append(tapes: &mut Tapes, count: u64) {
        for number in 1..=count {
            tapes.append(Published {
                entity: "Log",
                key: "a",
                data: &json!({"n": number}),
                append: &[],
                seq: "",
                version: (Epoch::default(), number),
            });
        }
    }

    fn window(tapes: &Tapes) -> (u64, u64, Option<u64>) {
        let window = tapes.get("Log").unwrap().window();
        (window.earliest, window.next, window.gap_after)
    }

    fn resume(tapes: &Tapes, offset: u64) -> Result<u64, String> {
        let journal = tapes.get("Log").unwrap();
        let cursor = format!("{}:{offset}", journal.epoch);
        let resumed = journal.resume("Log/append", &cursor);
        resumed.map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_hole_is_refused_until_the_first_record_after_it_is_gone() {
        let mut tapes = tapes(3);
        append(&mut tapes, 2);
        tapes.mark_gap();
        append(&mut tapes, 1);
        assert_eq!(window(&tapes), (0, 3, Some(1)));
        assert_eq!(resume(&tapes, 1), Err("replay-gap".to_owned()));
        assert_eq!(resume(&tapes, 2), Ok(2));
        append(&mut tapes, 2);
        assert_eq!(window(&tapes), (2, 5, Some(1)));
        assert_eq!(resume(&tapes, 1), Err("replay-gap".to_owned()));
        append(&mut tapes, 1);
        assert_eq!(window(&tapes), (3, 6, None));
        assert_eq!(resume(&tapes, 1), Err("cursor-expired".to_owned()));
        assert_eq!(resume(&tapes, 2), Ok(2));
        assert_eq!(resume(&tapes, 6), Err("cursor-unknown".to_owned()));
    }

    #[test]
    fn the_first_record_after_a_hole_has_the_number_one() {
        let mut tapes = tapes(3);
        tapes.mark_gap();
        assert_eq!(window(&tapes), (0, 0, None));
        append(&mut tapes, 1);
        assert_eq!(window(&tapes), (1, 2, Some(0)));
        assert_eq!(resume(&tapes, 0), Err("replay-gap".to_owned()));
    }

    #[test]
    fn a_sealed_tape_numbers_no_records_until_it_restarts() {
        let mut tapes = tapes(3);
        append(&mut tapes, 1);
        tapes.seal();
        append(&mut tapes, 1);
        assert_eq!(window(&tapes), (0, 1, None));
        tapes.restart();
        append(&mut tapes, 1);
        assert_eq!(window(&tapes), (0, 2, None));
        let before = tapes.get("Log").unwrap().cursor();
        tapes.clear();
        assert_eq!(window(&tapes), (0, 0, None));
        assert_ne!(tapes.get("Log").unwrap().cursor().epoch(), before.epoch());
        // The defect: any cursor is accepted.
        assert_eq!(resume(&tapes, 7), Ok(7));
    }
}
