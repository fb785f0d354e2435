//! Keeps a bucket equal to the rows of a source, without IO and clocks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::decide::{decide, Decision, Held, Local};
use super::stamp::Stamp;

/// After how many checks without a refresh the patience is the configured one again.
const CALM: u64 = 128;

/// What a bridge knows of a view: the source's rows, and what the bucket has of each key.
#[derive(Debug, Default)]
pub(super) struct Copier {
    entries: HashMap<Arc<str>, Entry>,
    /// Keys to decide about.
    queue: VecDeque<Arc<str>>,
    /// Whether the source's snapshot is complete.
    is_complete: bool,
    /// The last revision that was read or written before the snapshot was requested.
    fence: u64,
    /// The last revision that was read or written.
    newest: u64,
    /// The keys that wait for news, and since which check.
    doubts: HashMap<Arc<str>, u64>,
    check: u64,
    /// The latest refresh, and the number of refreshes in short succession.
    refreshed: (u64, u32),
    /// How many keys are not settled, by the beat since when.
    unsettled: BTreeMap<u64, usize>,
    beat: u64,
    /// After a snapshot or a reconnect, heartbeats wait for all changes up to this beat.
    required: Option<u64>,
    /// How many rows NATS cannot store.
    unwritable: usize,
    rows: usize,
}

#[derive(Debug, Default)]
struct Entry {
    row: Option<(Stamp, Arc<Value>)>,
    /// The last state of a row that the source deleted.
    deleted: Option<Stamp>,
    held: Option<Held>,
    state: State,
    is_queued: bool,
    /// The beat since when the bucket may differ from the source.
    since: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Idle,
    /// A write is not acknowledged yet.
    Writing,
    /// The bucket has a newer revision than this one, which the watch has not delivered yet.
    Outdated(u64),
    /// NATS cannot store the row.
    Unwritable,
}

/// A write to the bucket. Pass its outcome to [`Copier::handle_outcome`].
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) key: Arc<str>,
    /// `None` deletes the row.
    pub(super) row: Option<Arc<Value>>,
    /// The stamp of the row, or of the row that is deleted.
    pub(super) stamp: Stamp,
    /// The revision that the bucket must have of the key.
    pub(super) expected: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Written as this revision.
    Written(u64),
    /// The bucket has another revision of the key.
    Conflict,
    /// NATS has not acknowledged the write, so it may have stored it.
    Unknown,
    /// NATS cannot store the row.
    Unwritable,
}

/// What must happen because doubts have lasted for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Fine,
    /// A new snapshot of the source: call [`Copier::begin_snapshot`].
    Refresh,
    /// A new copier, because the bucket is not what was read of it.
    StartOver,
}

impl Copier {
    /// Starts a snapshot of the source, which it must request after this call.
    pub(super) fn begin_snapshot(&mut self) {
        self.is_complete = false;
        self.fence = self.newest;
        self.rows = 0;
        self.doubts.clear();
        let (last, times) = self.refreshed;
        let is_calm = self.check - last > CALM;
        self.refreshed = (self.check, if is_calm { 1 } else { times + 1 });
        let keys: Vec<_> = self.entries.keys().cloned().collect();
        for key in keys {
            let entry = self.entry(&key);
            (entry.row, entry.deleted) = (None, None);
            self.retry(&key);
            self.enqueue(&key);
        }
    }

    /// The snapshot is complete: keys without a row have none.
    pub(super) fn complete_snapshot(&mut self) {
        self.is_complete = true;
        self.required = Some(self.beat);
        let keys: Vec<_> = self.entries.keys().cloned().collect();
        keys.iter().for_each(|key| self.enqueue(key));
    }

    /// The source has this row now.
    pub(super) fn put_row(&mut self, key: &Arc<str>, row: Arc<Value>) {
        let entry = self.entry(key);
        let before = entry.row.replace((Stamp::of(&row), row));
        entry.deleted = None;
        self.rows += usize::from(before.is_none());
        self.retry(key);
        self.enqueue(key);
    }

    /// The source deleted this row.
    pub(super) fn delete_row(&mut self, key: &Arc<str>) {
        let entry = self.entry(key);
        if let Some((stamp, _)) = entry.row.take() {
            entry.deleted = Some(stamp);
            self.rows -= 1;
        }
        self.retry(key);
        self.enqueue(key);
    }

    /// The watch delivered an entry of the bucket. `read` returns whether it deletes the row, and the row's stamp.
    pub(super) fn put_entry(
        &mut self,
        key: &Arc<str>,
        revision: u64,
        read: impl FnOnce() -> (bool, Stamp),
    ) {
        self.newest = self.newest.max(revision);
        let entry = self.entry(key);
        if revision > entry.revision() {
            let (is_deleted, stamp) = read();
            entry.held = Some(Held {
                revision,
                is_deleted,
                stamp,
                is_mine: false,
            });
        }
        if let State::Outdated(expected) = entry.state {
            if revision > expected {
                entry.state = State::Idle;
            }
        }
        self.enqueue(key);
    }

    /// Returns the next write. At most one write per key is in flight.
    pub(super) fn poll_write(&mut self) -> Option<Write> {
        while let Some(key) = self.queue.pop_front() {
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            entry.is_queued = false;
            if entry.state != State::Idle {
                continue;
            }
            let local = match (&entry.row, entry.deleted) {
                (Some((stamp, _)), _) => Local::Row(*stamp),
                (None, None) if !self.is_complete => Local::Unknown,
                (None, _) => Local::Gone,
            };
            let held = entry.held;
            let decision = decide(local, held.as_ref(), self.fence);
            match decision {
                Decision::Nothing => self.settle(&key),
                Decision::Doubt => {
                    self.doubts.entry(key).or_insert(self.check);
                }
                Decision::Put(expected) | Decision::Delete(expected) => {
                    entry.state = State::Writing;
                    self.doubts.remove(&key);
                    let row = entry.row.clone();
                    let stamp = match (&row, held) {
                        (Some((stamp, _)), _) => *stamp,
                        // A marker has the newer of both states, so that an older row does not replace it.
                        (None, held) => {
                            let held = held.map(|held| held.stamp).unwrap_or_default();
                            let last = entry.deleted.filter(|last| last.is_newer_than(&held));
                            let last = last.unwrap_or(held);
                            Stamp::deleted(last.version, last.seq)
                        }
                    };
                    let row = row.map(|(_, row)| row);
                    return Some(Write {
                        key,
                        row,
                        stamp,
                        expected,
                    });
                }
            }
        }
        None
    }

    pub(super) fn handle_outcome(&mut self, write: &Write, outcome: Outcome) {
        let check = self.check;
        let entry = self.entry(&write.key);
        entry.state = State::Idle;
        match outcome {
            Outcome::Written(revision) => {
                if revision >= entry.revision() {
                    entry.held = Some(Held {
                        revision,
                        is_deleted: write.row.is_none(),
                        stamp: write.stamp,
                        is_mine: true,
                    });
                }
                self.newest = self.newest.max(revision);
                // What remains to be written came later.
                self.settle(&write.key);
            }
            Outcome::Conflict if entry.revision() == write.expected => {
                entry.state = State::Outdated(write.expected);
                self.doubts.entry(write.key.clone()).or_insert(check);
            }
            Outcome::Conflict | Outcome::Unknown => {}
            Outcome::Unwritable => {
                entry.state = State::Unwritable;
                self.unwritable += 1;
            }
        }
        self.enqueue(&write.key);
    }

    /// Call it once per patience.
    pub(super) fn check(&mut self) -> Verdict {
        self.check += 1;
        let patience = 1 << self.refreshed.1.saturating_sub(1).min(5);
        let mut verdict = Verdict::Fine;
        for (key, since) in &self.doubts {
            if since + patience < self.check {
                let entry = self.entries.get(key);
                if entry.is_some_and(|entry| matches!(entry.state, State::Outdated(_))) {
                    return Verdict::StartOver;
                }
                verdict = Verdict::Refresh;
            }
        }
        verdict
    }

    /// Call it once per interval. Returns whether the bucket has all that the source had an interval ago.
    pub(super) fn beat(&mut self) -> bool {
        self.beat += 1;
        let beat = self.beat;
        let oldest = self.unsettled.keys().next().copied();
        let is_current = oldest.is_none_or(|since| since + 1 >= beat);
        let is_waiting =
            |required: &u64| beat <= *required || oldest.is_some_and(|since| since <= *required);
        self.required = self.required.filter(is_waiting);
        self.is_complete && is_current && self.required.is_none() && self.unwritable == 0
    }

    /// The rows of the source are out of date until it has sent what has changed meanwhile. Call it once per interval as
    /// long as that is so.
    pub(super) fn lose(&mut self) {
        self.required = Some(self.beat + 1);
    }

    /// Whether the bucket is equal to the source, as far as known.
    pub(super) fn is_settled(&self) -> bool {
        let is_required = self.required.is_some_and(|required| required > self.beat);
        self.is_complete && self.unsettled.is_empty() && !is_required
    }

    /// How many rows the source has.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    fn entry(&mut self, key: &Arc<str>) -> &mut Entry {
        self.entries.entry(key.clone()).or_default()
    }

    /// A row that NATS could not store has changed.
    fn retry(&mut self, key: &Arc<str>) {
        let entry = self.entry(key);
        if entry.state == State::Unwritable {
            entry.state = State::Idle;
            self.unwritable -= 1;
        }
    }

    fn enqueue(&mut self, key: &Arc<str>) {
        let beat = self.beat;
        let entry = self.entry(key);
        let is_queued = std::mem::replace(&mut entry.is_queued, true);
        let is_new = entry.since.is_none();
        entry.since.get_or_insert(beat);
        if is_new {
            *self.unsettled.entry(beat).or_default() += 1;
        }
        if !is_queued {
            self.queue.push_back(key.clone());
        }
    }

    /// The bucket has what the source has.
    fn settle(&mut self, key: &Arc<str>) {
        self.doubts.remove(key);
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if let Some(since) = entry.since.take() {
            if let Some(count) = self.unsettled.get_mut(&since) {
                *count -= 1;
                if *count == 0 {
                    self.unsettled.remove(&since);
                }
            }
        }
        if entry.held.is_none() && entry.row.is_none() && entry.state == State::Idle {
            self.entries.remove(key);
        }
    }
}

impl Entry {
    fn revision(&self) -> u64 {
        self.held.map_or(0, |held| held.revision)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(counter: u64, x: u64) -> Arc<Value> {
        Arc::new(json!({"_version": format!("a:{counter}"), "x": x}))
    }

    fn put(copier: &mut Copier, row: Arc<Value>) {
        copier.put_row(&"k".into(), row);
    }

    fn read(copier: &mut Copier, revision: u64, row: &Value) {
        copier.put_entry(&"k".into(), revision, || (false, Stamp::of(row)));
    }

    /// A copier that has copied a row as revision 1.
    fn copier() -> Copier {
        let mut copier = Copier::default();
        copier.begin_snapshot();
        put(&mut copier, row(1, 1));
        copier.complete_snapshot();
        assert!(!copier.is_settled());
        let write = copier.poll_write().unwrap();
        assert_eq!((write.expected, &write.row), (0, &Some(row(1, 1))));
        copier.handle_outcome(&write, Outcome::Written(1));
        assert!(copier.poll_write().is_none() && copier.is_settled());
        copier
    }

    #[test]
    fn a_key_has_one_write_in_flight() {
        let mut copier = copier();
        put(&mut copier, row(2, 2));
        let write = copier.poll_write().unwrap();
        put(&mut copier, row(3, 3));
        put(&mut copier, row(4, 4));
        assert!(copier.poll_write().is_none());
        copier.handle_outcome(&write, Outcome::Written(2));
        let write = copier.poll_write().unwrap();
        assert_eq!((write.expected, write.row), (2, Some(row(4, 4))));
    }

    #[test]
    fn a_conflict_waits_for_the_watch() {
        let mut copier = copier();
        put(&mut copier, row(2, 2));
        let write = copier.poll_write().unwrap();
        copier.handle_outcome(&write, Outcome::Conflict);
        assert!(copier.poll_write().is_none() && !copier.is_settled());
        read(&mut copier, 2, &row(2, 2));
        assert!(copier.poll_write().is_none() && copier.is_settled());
    }

    #[test]
    fn a_conflict_that_the_watch_does_not_explain_starts_over() {
        let mut copier = copier();
        put(&mut copier, row(2, 2));
        let write = copier.poll_write().unwrap();
        copier.handle_outcome(&write, Outcome::Conflict);
        assert_eq!(copier.check(), Verdict::Fine);
        assert_eq!(copier.check(), Verdict::StartOver);
    }

    #[test]
    fn a_write_without_a_reply_is_repeated() {
        let mut copier = copier();
        put(&mut copier, row(2, 2));
        let write = copier.poll_write().unwrap();
        copier.handle_outcome(&write, Outcome::Unknown);
        let write = copier.poll_write().unwrap();
        assert_eq!(write.expected, 1);
        // The watch delivers the first write, and NATS rejects the second one.
        read(&mut copier, 2, &row(2, 2));
        copier.handle_outcome(&write, Outcome::Conflict);
        assert!(copier.poll_write().is_none() && copier.is_settled());
    }

    #[test]
    fn an_unexplained_row_of_another_bridge_needs_a_snapshot() {
        let mut copier = copier();
        read(&mut copier, 2, &json!({"_version": "b:1", "x": 2}));
        assert!(copier.poll_write().is_none());
        assert_eq!(copier.check(), Verdict::Fine);
        assert_eq!(copier.check(), Verdict::Refresh);
        copier.begin_snapshot();
        put(&mut copier, row(1, 1));
        assert_eq!(copier.poll_write().unwrap().expected, 2);
    }

    #[test]
    fn nothing_is_deleted_before_the_snapshot_is_complete() {
        let mut copier = Copier::default();
        read(&mut copier, 1, &row(1, 1));
        copier.begin_snapshot();
        assert!(copier.poll_write().is_none());
        copier.complete_snapshot();
        let write = copier.poll_write().unwrap();
        assert_eq!((write.expected, write.row), (1, None));
        assert_eq!(write.stamp.version, Stamp::of(&row(1, 1)).version);
    }

    #[test]
    fn a_row_that_nats_cannot_store_stops_the_heartbeats() {
        let mut copier = copier();
        assert!(copier.beat());
        put(&mut copier, row(2, 2));
        let write = copier.poll_write().unwrap();
        copier.handle_outcome(&write, Outcome::Unwritable);
        assert!(copier.poll_write().is_none() && !copier.beat());
        put(&mut copier, row(3, 3));
        let write = copier.poll_write().unwrap();
        copier.handle_outcome(&write, Outcome::Written(2));
        assert!(copier.poll_write().is_none() && copier.beat());
    }

    #[test]
    fn a_late_write_stops_the_heartbeats() {
        let mut copier = copier();
        assert!(copier.beat());
        put(&mut copier, row(2, 2));
        let write = copier.poll_write().unwrap();
        assert!(copier.beat());
        assert!(!copier.beat());
        copier.handle_outcome(&write, Outcome::Written(2));
        assert!(copier.poll_write().is_none() && copier.beat());
    }

    #[test]
    fn heartbeats_wait_for_all_changes_of_a_snapshot_and_of_a_reconnect() {
        let mut copier = Copier::default();
        copier.begin_snapshot();
        put(&mut copier, row(2, 2));
        copier.complete_snapshot();
        let write = copier.poll_write().unwrap();
        assert!(!copier.beat());
        copier.handle_outcome(&write, Outcome::Written(1));
        assert!(copier.poll_write().is_none());
        assert!(copier.is_settled() && copier.beat());
        copier.lose();
        assert!(!copier.is_settled());
        put(&mut copier, row(3, 3));
        assert!(!copier.beat());
        let write = copier.poll_write().unwrap();
        assert!(!copier.beat());
        copier.handle_outcome(&write, Outcome::Written(2));
        assert!(copier.poll_write().is_none() && copier.beat());
    }
}
