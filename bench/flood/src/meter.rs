//! Counts what reaches the readers, and reports it to the server.

use crate::inbox::Count;
use crate::ring::FIRST_RECORD;
use crate::scenario::{Scenario, Streams, Task};
use crate::side::Side;
use crate::stopwatch::{Length, Mark, Stopwatch};
use crate::usage;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The number of updates of a reader per report to the server. A packet costs a client some microseconds.
const STEP: u64 = 256;
/// After this time without an item, missing updates count as lost.
const QUIET: Duration = Duration::from_secs(5);

/// The kind of a reader's item.
pub enum Seen {
    Row,
    /// A patch, with the value of the field that every patch sets.
    Patch(u64),
    /// A record of a tape, with its number.
    Record(u64),
    Other,
}

/// Counts for all readers of a client.
pub struct Meter {
    side: Side,
    /// The number of rows that the first readers should get.
    wanted_rows: u64,
    rows: AtomicU64,
    all_rows: Notify,
    last_row: Mutex<Option<Mark>>,
    /// Whether a row that comes after all rows is an update: a v2 server sends whole rows to windows.
    updates_are_rows: bool,
    /// The updates that reached each reader. Readers of single keys and of windows share one count.
    updates: Mutex<Vec<Arc<AtomicU64>>>,
    /// The number of the record that comes next.
    next_record: AtomicU64,
    /// The first record that was not the next one.
    misplaced: OnceLock<String>,
    checkpoints: Mutex<Checkpoints>,
    stopwatch: Mutex<Stopwatch>,
    over: Notify,
    /// The latency of each patch, in microseconds, if latency is measured.
    delays: Option<Mutex<Vec<u64>>>,
}

/// A reader's part of a [`Meter`].
pub struct Reader {
    meter: Arc<Meter>,
    counts_rows: bool,
    updates: Arc<AtomicU64>,
}

/// The progress of readers that each get everything.
#[derive(Debug)]
struct Checkpoints {
    readers: u32,
    done: u64,
    /// How many readers have passed each step after `done`.
    passed: VecDeque<u32>,
}

impl Meter {
    pub fn new(scenario: &Scenario, length: Length, side: Side) -> Arc<Self> {
        Arc::new(Meter {
            side,
            wanted_rows: scenario.first_rows(),
            rows: AtomicU64::new(0),
            all_rows: Notify::new(),
            last_row: Mutex::new(None),
            updates_are_rows: matches!(scenario.streams, Streams::Windows(_)),
            updates: Mutex::new(Vec::new()),
            next_record: AtomicU64::new(FIRST_RECORD),
            misplaced: OnceLock::new(),
            checkpoints: Mutex::new(Checkpoints::new(scenario.full_streams())),
            stopwatch: Mutex::new(Stopwatch::new(length, Mark::now(0))),
            over: Notify::new(),
            delays: (scenario.task == Task::Latency).then(Mutex::default),
        })
    }

    /// Adds this many readers that share the items.
    pub fn sharing(self: &Arc<Self>, readers: u32) -> Vec<Reader> {
        let updates = self.counter();
        let reader = |_| Reader {
            meter: self.clone(),
            counts_rows: true,
            updates: updates.clone(),
        };
        (0..readers).map(reader).collect()
    }

    /// Adds a reader that starts after the snapshot and gets everything that the others get.
    pub fn latecomer(self: &Arc<Self>) -> Reader {
        Reader {
            meter: self.clone(),
            counts_rows: false,
            updates: self.counter(),
        }
    }

    fn counter(&self) -> Arc<AtomicU64> {
        let counter = Arc::new(AtomicU64::new(0));
        lock(&self.updates).push(counter.clone());
        counter
    }

    /// Waits until the first readers have all rows, or no row follows the last one. A client may take long for
    /// the first row. Returns when the last row came, and how many did.
    pub async fn rows(&self) -> (u64, Option<Mark>) {
        let rows = || self.rows.load(Relaxed);
        let mut before = None;
        while rows() < self.wanted_rows && (rows() == 0 || before != Some(rows())) {
            before = Some(rows());
            let _ = tokio::time::timeout(QUIET, self.all_rows.notified()).await;
        }
        (rows(), *lock(&self.last_row))
    }

    /// Lets the updates flow until the measurement is long enough. Returns its start and end.
    pub async fn measured(&self) -> Option<(Mark, Mark)> {
        lock(&self.stopwatch).restart(Mark::now(0));
        self.side.go();
        self.over.notified().await;
        self.side.stop();
        let span = lock(&self.stopwatch).span();
        span
    }

    /// Waits until every reader has `sent` updates, or nothing arrives any more. Returns how many all readers
    /// got together.
    pub async fn drained(&self, sent: u64) -> u64 {
        let counts = || -> Vec<u64> {
            let updates = lock(&self.updates);
            updates.iter().map(|count| count.load(Relaxed)).collect()
        };
        let (mut before, mut since) = (counts(), Instant::now());
        while before.iter().any(|count| *count < sent) && since.elapsed() < QUIET {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now = counts();
            if now != before {
                (before, since) = (now, Instant::now());
            }
        }
        before.iter().sum()
    }

    /// Describes the first record that was missing, repeated or in the wrong place.
    pub fn misplaced(&self) -> Option<&str> {
        self.misplaced.get().map(String::as_str)
    }

    /// Returns the latencies of the patches, in order of arrival.
    pub fn delays(&self) -> Vec<u64> {
        let delays = self
            .delays
            .as_ref()
            .map(|delays| std::mem::take(&mut *lock(delays)));
        delays.unwrap_or_default()
    }

    fn passed(&self, updates: u64) {
        let Some(done) = lock(&self.checkpoints).pass(updates / STEP) else {
            return;
        };
        let done = done * STEP;
        self.side.received(Count::Updates, done);
        if lock(&self.stopwatch).tick(Mark::now(done)) {
            self.over.notify_one();
        }
    }

    fn row(&self) {
        let rows = self.rows.fetch_add(1, Relaxed) + 1;
        if rows.is_multiple_of(STEP) {
            self.side.received(Count::Rows, rows);
        }
        // If rows are lost, the last row to arrive is not the last one that was sent.
        if rows.is_multiple_of(STEP) || rows >= self.wanted_rows {
            *lock(&self.last_row) = Some(Mark::now(rows));
        }
        if rows == self.wanted_rows {
            self.all_rows.notify_one();
        }
    }

    fn has_all_rows(&self) -> bool {
        self.rows.load(Relaxed) >= self.wanted_rows
    }

    fn record(&self, number: u64) {
        let next = self.next_record.swap(number + 1, Relaxed);
        if next != number {
            let text = || format!("the tape had record {number} in the place of record {next}");
            self.misplaced.get_or_init(text);
        }
    }
}

impl Reader {
    /// Counts an item.
    pub fn see(&self, seen: Seen) {
        match seen {
            Seen::Patch(stamp) => {
                if let Some(delays) = &self.meter.delays {
                    lock(delays).push(usage::micros().saturating_sub(stamp));
                }
                self.count();
            }
            Seen::Record(number) => {
                self.meter.record(number);
                self.count();
            }
            Seen::Row if self.meter.updates_are_rows && self.meter.has_all_rows() => self.count(),
            Seen::Row if self.counts_rows => self.meter.row(),
            Seen::Row | Seen::Other => {}
        }
    }

    fn count(&self) {
        let updates = self.updates.fetch_add(1, Relaxed) + 1;
        if updates.is_multiple_of(STEP) {
            self.meter.passed(updates);
        }
    }
}

impl Checkpoints {
    fn new(readers: u32) -> Self {
        Checkpoints {
            readers,
            done: 0,
            passed: VecDeque::new(),
        }
    }

    /// Notes that one reader has passed a step, from 1. Returns the step that all have passed, if it is new.
    fn pass(&mut self, step: u64) -> Option<u64> {
        let ahead = (step - self.done) as usize;
        if self.passed.len() < ahead {
            self.passed.resize(ahead, 0);
        }
        self.passed[ahead - 1] += 1;
        if self.passed.front() != Some(&self.readers) {
            return None;
        }
        self.passed.pop_front();
        self.done += 1;
        Some(self.done)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_done_when_all_readers_have_passed_it() {
        let mut checkpoints = Checkpoints::new(2);
        assert_eq!(checkpoints.pass(1), None);
        assert_eq!(checkpoints.pass(2), None);
        assert_eq!(checkpoints.pass(1), Some(1));
        assert_eq!(checkpoints.pass(2), Some(2));
        assert_eq!(checkpoints.pass(3), None);
        assert_eq!(checkpoints.pass(3), Some(3));
    }
}
