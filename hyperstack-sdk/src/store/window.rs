//! Local windows: the rows of a source that pass a filter, a window of these, or the rows after a position.

use std::fmt;
use std::sync::Arc;

use super::order::RowId;
use super::row_set::RowSet;
use super::rows::{Changed, Rows};
use crate::patch::Record;
use crate::session::{RemovalCause, Window};
use crate::stream::{Change, Queue, Wakers};
use crate::wire::Seq;

/// A filter that accepts the rows that a reader wants.
pub(crate) type Predicate<T> = Arc<dyn Fn(&T) -> bool + Send + Sync>;

/// One reader's window of a source, and the rows that were delivered.
pub(super) struct WindowReader<T: Record> {
    window: Window,
    /// The part of the view that the source must hold before the reader can start.
    needed: Window,
    filter: Option<Predicate<T>>,
    pub(super) queue: Arc<Queue<T>>,
    /// Whether the initial rows were delivered.
    started: bool,
    /// The earliest position among the initial rows, if their number was limited.
    earliest: Option<Seq>,
    /// The rows that the filter accepts, if the window counts rows.
    accepted: RowSet,
    /// The rows that the reader has.
    delivered: RowSet,
    /// Rows that existed at the start but that the reader did not want then. The reader gets them when they change.
    withheld: RowSet,
    /// The rows of a window that counts, front to back.
    shown: Vec<RowId>,
    /// The rows that `shown` should have. Kept to reuse its memory.
    next: Vec<RowId>,
    /// Whether `shown` may be out of date.
    deferred: bool,
}

impl<T: Record> WindowReader<T> {
    pub(super) fn new(
        window: Window,
        needed: Window,
        filter: Option<Predicate<T>>,
        queue: Arc<Queue<T>>,
    ) -> Self {
        WindowReader {
            window,
            needed,
            filter,
            queue,
            started: false,
            earliest: None,
            accepted: RowSet::default(),
            delivered: RowSet::default(),
            withheld: RowSet::default(),
            shown: Vec::new(),
            next: Vec::new(),
            deferred: false,
        }
    }

    /// Returns the part of the view that the source must have before the reader can start.
    pub(super) fn needed(&self) -> Window {
        self.needed
    }

    /// Returns the rows that the reader has.
    pub(super) fn rows<'a>(
        &'a self,
        rows: &'a Rows<T>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Arc<T>)> {
        let has = |id: RowId| self.delivered.contains(id) && !self.withheld.contains(id);
        let rows = rows.iter().filter(move |(id, _, _)| has(*id));
        rows.map(|(_, key, row)| (key, row))
    }

    /// Returns the rows that the reader has, front to back, or `None` while they are not complete or their order is
    /// not.
    pub(super) fn window(&self, rows: &Rows<T>) -> Option<Vec<Arc<T>>> {
        if !self.started || self.deferred {
            return None;
        }
        if !self.counts() {
            return Some(self.rows(rows).map(|(_, row)| row.clone()).collect());
        }
        let has = |id: &&RowId| !self.withheld.contains(**id);
        let shown = self.shown.iter().filter(has).filter_map(|id| rows.at(*id));
        Some(shown.map(|(_, row)| row.clone()).collect())
    }

    /// Delivers the initial rows, and in later calls the changes of the window. `base` is the number of the view's rows
    /// before the source's first row.
    pub(super) fn start(&mut self, rows: &Rows<T>, base: u64, wakers: &mut Wakers) {
        let first = !std::mem::replace(&mut self.started, true);
        if self.counts() {
            if first {
                let initial = self.initial(rows);
                let initial: Vec<RowId> = initial.into_iter().map(|(id, _, _)| id).collect();
                self.accepted.set_all(&initial, true);
            }
            if first && self.window.no_snapshot {
                self.compute_next(rows, base);
                let known = |id: &RowId| rows.at(*id).is_some_and(|(key, _)| self.queue.knows(key));
                self.next.retain(|id| !known(id));
                std::mem::swap(&mut self.next, &mut self.shown);
                self.delivered.set_all(&self.shown, true);
                self.withheld.set_all(&self.shown, true);
            }
            self.show(rows, base, None, wakers);
        } else if first {
            for (id, key, row) in self.initial(rows) {
                if !self.window.no_snapshot || self.queue.knows(key) {
                    self.delivered.set(id, true);
                    self.queue.introduce(key, row, wakers);
                }
            }
        }
    }

    /// Returns the rows that the reader wants at the start, before `skip` and `take`.
    fn initial<'r>(&mut self, rows: &'r Rows<T>) -> Vec<(RowId, &'r Arc<str>, &'r Arc<T>)> {
        let uncut = Window {
            skip: 0,
            take: None,
            ..self.window
        };
        let mut initial = select(rows, 0, uncut, self.filter.as_ref());
        if self.window.snapshot_limit == Some(initial.len() as u64) {
            let earliest = initial.iter().map(|(id, _, _)| rows.seq(*id)).min();
            self.earliest = earliest.or(rows.guard().last_seq());
        }
        // A row that the reader already has from another source stays, whatever its position here.
        if self.queue.is_recalling() {
            let mut chosen = RowSet::default();
            for (id, ..) in &initial {
                chosen.set(*id, true);
            }
            let known = rows.iter().filter(|(id, key, row)| {
                !chosen.contains(*id) && self.queue.knows(key) && self.accepts(row)
            });
            initial.extend(known);
        }
        initial
    }

    /// Delivers a change. While the order is incomplete, as during a snapshot, the window keeps its rows and
    /// [`catch_up`](Self::catch_up) updates it later.
    pub(super) fn follow(
        &mut self,
        rows: &Rows<T>,
        base: u64,
        Changed { id, change, live }: &Changed<T>,
        incomplete: bool,
        wakers: &mut Wakers,
    ) {
        if !self.started {
            return;
        }
        let id = *id;
        let accepted = change.after.as_deref().is_some_and(|row| self.accepts(row));
        let has = self.delivered.contains(id);
        if !self.counts() {
            match (has, accepted) {
                (true, true) => self.queue.push(change.clone(), wakers),
                (true, false) => self.withdraw(id, leaver(change), wakers),
                (false, true) if *live || self.wants_initial(rows.seq(id)) => {
                    self.delivered.set(id, true);
                    self.queue.push(newcomer(change), wakers);
                }
                (false, _) => {}
            }
            return;
        }
        let was_accepted = self.accepted.contains(id);
        let left_out =
            !live && !was_accepted && self.is_selective() && !self.wants_initial(rows.seq(id));
        let accepted = accepted && !left_out;
        self.accepted.set(id, accepted);
        if incomplete {
            self.deferred = true;
            if has && accepted {
                self.deliver(id, change, wakers);
            } else if has {
                self.shown.retain(|shown| *shown != id);
                self.withdraw(id, leaver(change), wakers);
            }
        } else if accepted || was_accepted {
            self.show(rows, base, Some((id, change)), wakers);
        }
    }

    /// Marks the window as out of date, because the order may have changed although no row did.
    pub(super) fn defer(&mut self) {
        self.deferred |= self.started && (self.counts() || self.queue.reads_window());
    }

    /// Updates the window if it was deferred.
    pub(super) fn catch_up(&mut self, rows: &Rows<T>, base: u64, wakers: &mut Wakers) {
        if std::mem::take(&mut self.deferred) {
            if self.counts() {
                self.show(rows, base, None, wakers);
            }
            self.queue.touch(wakers);
        }
    }

    /// Delivers the rows that entered the window, then those that changed, then those that left. With this order, the
    /// window never has fewer rows in between than before and after.
    ///
    /// Walks from the front of the view to the end of the window. If a filter accepts few rows, the walk is long, but
    /// few changes cause one.
    fn show(
        &mut self,
        rows: &Rows<T>,
        base: u64,
        changed: Option<(RowId, &Change<T>)>,
        wakers: &mut Wakers,
    ) {
        self.deferred = false;
        self.compute_next(rows, base);
        let change_of = |id: RowId| changed.filter(|(changed, _)| *changed == id);
        let same = self.next == self.shown;
        if !same {
            for id in &self.next {
                if !self.delivered.contains(*id) {
                    match (change_of(*id), rows.at(*id)) {
                        (Some((_, change)), _) => self.queue.push(newcomer(change), wakers),
                        (None, Some((key, row))) => self.queue.introduce(key, row, wakers),
                        (None, None) => {}
                    }
                }
            }
        }
        if let Some((id, change)) = changed {
            if self.delivered.contains(id) && self.next.contains(&id) {
                self.deliver(id, change, wakers);
            }
        }
        if !same {
            let shown = std::mem::replace(&mut self.shown, std::mem::take(&mut self.next));
            self.delivered.set_all(&shown, false);
            self.delivered.set_all(&self.shown, true);
            for id in &shown {
                if !self.delivered.contains(*id) {
                    let left = match (change_of(*id), rows.at(*id)) {
                        (Some((_, change)), _) => leaver(change),
                        (None, Some((key, row))) => {
                            let row = Some(row.clone());
                            Change::removal(key.clone(), row, RemovalCause::NotInResult)
                        }
                        (None, None) => continue,
                    };
                    self.withdraw(*id, left, wakers);
                }
            }
            self.next = shown;
        }
    }

    /// Computes the rows that belong in the window.
    fn compute_next(&mut self, rows: &Rows<T>, base: u64) {
        let skip = count(self.window.skip.saturating_sub(base));
        let take = count(self.window.take.unwrap_or(u64::MAX));
        let (selective, accepted) = (self.is_selective(), &self.accepted);
        let ids = rows.iter().map(|(id, _, _)| id);
        let ids = ids.filter(|id| !selective || accepted.contains(*id));
        self.next.clear();
        self.next.extend(ids.skip(skip).take(take));
    }

    /// Delivers a change of a row in the window.
    fn deliver(&mut self, id: RowId, change: &Change<T>, wakers: &mut Wakers) {
        if self.withheld.set(id, false) {
            self.queue.push(newcomer(change), wakers);
        } else {
            self.queue.push(change.clone(), wakers);
        }
    }

    /// Delivers that a row left, unless the reader never got it.
    fn withdraw(&mut self, id: RowId, left: Change<T>, wakers: &mut Wakers) {
        self.delivered.set(id, false);
        if !self.withheld.set(id, false) {
            self.queue.push(left, wakers);
        }
    }

    /// Whether the reader wants a snapshot's row with this position, because it did not leave the row out at the start.
    fn wants_initial(&self, seq: Seq) -> bool {
        !self.window.no_snapshot
            && self.window.after.is_none_or(|after| seq > after)
            && self.earliest.is_none_or(|earliest| seq >= earliest)
    }

    fn accepts(&self, row: &T) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter(row))
    }

    /// Whether some rows are left out before `skip` and `take` count.
    fn is_selective(&self) -> bool {
        let window = self.window;
        self.filter.is_some() || window.after.is_some() || window.snapshot_limit.is_some()
    }

    /// Whether the window counts rows.
    fn counts(&self) -> bool {
        self.window.skip > 0 || self.window.take.is_some()
    }
}

/// Returns the rows of a window at the start, front to back.
pub(super) fn select<'r, T: Record>(
    rows: &'r Rows<T>,
    base: u64,
    window: Window,
    filter: Option<&Predicate<T>>,
) -> Vec<(RowId, &'r Arc<str>, &'r Arc<T>)> {
    let after = window.after;
    let newer = |id: RowId| after.is_none_or(|after| rows.seq(id) > after);
    let wanted = rows
        .iter()
        .filter(|(id, _, row)| newer(*id) && filter.is_none_or(|filter| filter(row)));
    let skip = count(window.skip.saturating_sub(base));
    let take = count(window.take.unwrap_or(u64::MAX));
    let Some(limit) = window.snapshot_limit.map(count) else {
        return wanted.skip(skip).take(take).collect();
    };
    let mut wanted: Vec<_> = wanted.collect();
    match after {
        // The latest rows are at the front of the view.
        None => wanted.truncate(limit),
        Some(_) => drop(wanted.drain(..wanted.len().saturating_sub(limit))),
    }
    wanted.into_iter().skip(skip).take(take).collect()
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Converts a change for a reader that no longer has the row.
fn leaver<T>(change: &Change<T>) -> Change<T> {
    let (key, row) = (change.key.clone(), change.before.clone());
    Change::removal(key, row, change.kind.removal())
}

/// Converts a change for a reader that did not have the row.
fn newcomer<T>(change: &Change<T>) -> Change<T> {
    Change {
        is_new: true,
        before: None,
        ..change.clone()
    }
}

impl<T: Record> fmt::Debug for WindowReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowReader")
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}
