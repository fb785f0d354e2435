//! The reader of the tape. Each record that the server makes must be read once and in order, or be in a gap that counts
//! it.

use crate::compare::difference;
use crate::entity::{plain, Round};
use crate::readers::{lock, read, Gate, Log, Reader};
use crate::truth::{Record, Truth};
use hyperstack_sdk::{Cursor, GapCause, ListPatch, Tape, TapeError, TapeRecord};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The number of records that the server retains.
pub const RETAINED: usize = 1_000;

/// The number of records that the reader queues before the client pauses it: fewer than a burst or a pause brings.
const QUEUED: usize = 500;

/// What was read since the last pause, and the counts of all that was read before.
#[derive(Default)]
pub struct Tally {
    items: Vec<Item>,
    last: Option<Cursor>,
    pub counts: Counts,
}

enum Item {
    Record(Record),
    Gap(Gap),
}

#[derive(Debug)]
struct Gap {
    after: Cursor,
    resumed: Cursor,
    lost: Option<u64>,
    cause: GapCause,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    pub read: usize,
    pub lost: usize,
    /// The number of gaps, by cause.
    pub gaps: BTreeMap<String, usize>,
}

/// Starts the reader.
pub fn reader(tape: Tape<Round>, gate: &Gate) -> (Reader, Arc<Mutex<Tally>>) {
    let tally = Arc::<Mutex<Tally>>::default();
    let mine = tally.clone();
    let take = move |item, log: &Log| {
        let item = match item {
            Ok(record) => Item::Record(read_contents(record)),
            Err(TapeError::Gap(gap)) => Item::Gap(Gap {
                after: gap.after,
                resumed: gap.resumed,
                lost: gap.lost,
                cause: gap.cause,
            }),
            Err(error) => return log.complain(format!("yields an error: {error}")),
        };
        lock(&mine).items.push(item);
    };
    let (log, task) = read(tape.capacity(QUEUED), Duration::ZERO, gate, take);
    let held = tally.clone();
    let reader = Reader {
        name: "tape",
        log,
        task,
        rows: Arc::new(|truth| {
            let rows = truth.records.iter();
            rows.map(|(cursor, contents)| (cursor.to_string(), contents.clone()))
                .collect()
        }),
        differs: Box::new(move |truth| {
            let tally = lock(&held);
            account(tally.last.as_ref(), &truth.records, &tally.items).err()
        }),
        may_be_empty: false,
        read: None,
    };
    (reader, tally)
}

impl Tally {
    /// Counts what was read until this pause. Returns the number of gaps that a lost tape left since the last pause.
    pub fn close(&mut self, truth: &Truth) -> Result<usize, String> {
        let counts = account(self.last.as_ref(), &truth.records, &self.items)?;
        self.items.clear();
        if let Some((cursor, _)) = truth.records.last() {
            self.last = Some(cursor.clone());
        }
        self.counts.read += counts.read;
        self.counts.lost += counts.lost;
        for (cause, gaps) in &counts.gaps {
            *self.counts.gaps.entry(cause.clone()).or_default() += gaps;
        }
        Ok(counts.gaps.get("NewEpoch").copied().unwrap_or_default())
    }
}

/// Returns a record's contents as the server makes them.
pub fn contents(key: &str, patch: &Value, appends: bool) -> Value {
    json!({"key": key, "patch": patch, "appends": appends})
}

fn read_contents(record: TapeRecord<Round>) -> Record {
    let appends = match &record.patch.log {
        Some(Some(ListPatch::Append(_) | ListPatch::AppendCapped(_))) => true,
        Some(Some(ListPatch::Replace(_))) | Some(None) | None => false,
    };
    let patch =
        serde_json::to_value(&record.patch).unwrap_or_else(|error| json!(error.to_string()));
    (record.cursor, plain(contents(&record.key, &patch, appends)))
}

/// Walks through the records that the server has made and the items that were read. Each item must be the next record,
/// or a gap that starts there. At the end, no record may be left.
fn account(last: Option<&Cursor>, made: &[Record], items: &[Item]) -> Result<Counts, String> {
    let (mut last, mut rest, mut counts) = (last, made, Counts::default());
    for item in items {
        match item {
            Item::Record((cursor, contents)) => {
                let Some(((expected, made), after)) = rest.split_first() else {
                    return Err(format!("the server has no record {cursor} after {last:?}"));
                };
                if expected != cursor {
                    return Err(format!("expected the record {expected}, found {cursor}"));
                }
                if let Some(difference) = difference(&cursor.to_string(), made, contents) {
                    return Err(difference);
                }
                counts.read += 1;
                (last, rest) = (Some(cursor), after);
            }
            Item::Gap(gap) => {
                if last != Some(&gap.after) {
                    return Err(format!("expected a gap after {last:?}, found {gap:?}"));
                }
                let covered = covered(rest, gap).ok_or_else(|| format!("a wrong gap: {gap:?}"))?;
                counts.lost += covered;
                *counts.gaps.entry(format!("{:?}", gap.cause)).or_default() += 1;
                (last, rest) = (Some(&gap.resumed), &rest[covered..]);
            }
        }
    }
    match rest.first() {
        None => Ok(counts),
        Some((next, _)) => Err(format!(
            "{} records are missing, from {next} on",
            rest.len()
        )),
    }
}

/// Returns how many records a gap covers, or `None` if its cause or its count is wrong, or if it covers a record that the
/// server still has.
fn covered(made: &[Record], gap: &Gap) -> Option<usize> {
    let resumed = &gap.resumed;
    let covered = match resumed.offset() {
        Some(_) => 1 + made.iter().position(|(cursor, _)| cursor == resumed)?,
        None => made
            .iter()
            .position(|(cursor, _)| cursor.epoch() == resumed.epoch())?,
    };
    let (lost, kept) = made.split_at(covered);
    let is_expired = lost
        .last()
        .is_some_and(|(cursor, _)| cursor.epoch() == resumed.epoch());
    let is_same_epoch = gap.after.epoch() == resumed.epoch();
    let is_right = match gap.cause {
        GapCause::Expired => is_same_epoch && is_expired && gap.lost == Some(covered as u64),
        GapCause::NewEpoch => !is_same_epoch && gap.lost.is_none(),
        _ => false,
    };
    (is_right && (!is_expired || kept.len() >= RETAINED)).then_some(covered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        text.parse().unwrap()
    }

    fn records(epoch: &str, offsets: std::ops::Range<usize>) -> Vec<Record> {
        let record = |offset| (cursor(&format!("{epoch}:{offset}")), json!({"key": offset}));
        offsets.map(record).collect()
    }

    fn read(epoch: &str, offsets: std::ops::Range<usize>) -> Vec<Item> {
        records(epoch, offsets)
            .into_iter()
            .map(Item::Record)
            .collect()
    }

    fn gap(after: &str, resumed: &str, lost: Option<u64>) -> Item {
        let (after, resumed) = (cursor(after), cursor(resumed));
        let cause = match after.epoch() == resumed.epoch() {
            true => GapCause::Expired,
            false => GapCause::NewEpoch,
        };
        Item::Gap(Gap {
            after,
            resumed,
            lost,
            cause,
        })
    }

    fn joined(parts: impl IntoIterator<Item = Vec<Item>>) -> Vec<Item> {
        parts.into_iter().flatten().collect()
    }

    #[test]
    fn every_record_is_read_or_in_a_gap() {
        let made = records("a", 0..3000);
        let counts = account(None, &made, &read("a", 0..3000)).unwrap();
        assert_eq!((counts.read, counts.lost), (3000, 0));
        let expired = joined([
            read("a", 0..10),
            vec![gap("a:9", "a:1999", Some(1990))],
            read("a", 2000..3000),
        ]);
        let counts = account(None, &made, &expired).unwrap();
        assert_eq!((counts.read, counts.lost), (1010, 1990));
        assert_eq!(counts.gaps, [("Expired".to_owned(), 1)].into());

        let made = [records("a", 5..20), records("b", 0..10)].concat();
        let renewed = joined([
            read("a", 5..15),
            vec![gap("a:14", "b:start", None)],
            read("b", 0..10),
        ]);
        let counts = account(Some(&cursor("a:4")), &made, &renewed).unwrap();
        assert_eq!((counts.read, counts.lost), (20, 5));
    }

    #[test]
    fn a_lost_repeated_or_changed_record_is_an_error() {
        let made = records("a", 0..5);
        let lost = joined([read("a", 0..2), read("a", 3..5)]);
        assert!(account(None, &made, &lost).is_err());
        let repeated = joined([read("a", 0..3), read("a", 2..5)]);
        assert!(account(None, &made, &repeated).is_err());
        assert!(account(None, &made, &read("a", 0..6)).is_err());
        assert_eq!(
            account(None, &made, &read("a", 0..3)).unwrap_err(),
            "2 records are missing, from a:3 on"
        );
        let changed = vec![Item::Record((cursor("a:0"), json!({"key": 1})))];
        assert!(account(None, &made[..1], &changed).is_err());
    }

    #[test]
    fn a_gap_with_a_wrong_count_or_place_is_an_error() {
        let made = records("a", 0..3000);
        let with = |gap, offsets| {
            let items = joined([read("a", 0..10), vec![gap], read("a", offsets)]);
            account(None, &made, &items)
        };
        assert!(with(gap("a:9", "a:1999", Some(1990)), 2000..3000).is_ok());
        assert!(with(gap("a:9", "a:1999", Some(1989)), 2000..3000).is_err());
        assert!(with(gap("a:9", "a:1999", None), 2000..3000).is_err());
        assert!(with(gap("a:8", "a:1999", Some(1990)), 2000..3000).is_err());
        // The server still had these records.
        assert!(with(gap("a:9", "a:2500", Some(2491)), 2501..3000).is_err());
        let made = [records("a", 0..20), records("b", 0..10)].concat();
        let counted = joined([
            read("a", 0..20),
            vec![gap("a:19", "b:start", Some(0))],
            read("b", 0..10),
        ]);
        assert!(account(None, &made, &counted).is_err());
    }
}
