//! A reader of a part of a view: of the rows that a filter accepts, of a window of these, or of what
//! comes after some position.

use std::fmt;
use std::sync::Arc;

use super::ids::Ids;
use super::order::Id;
use super::rows::{Changed, Rows};
use crate::patch::Record;
use crate::session::Window;
use crate::stream::{Change, Kind, Queue, Wakers};
use crate::wire::Seq;

/// Tells the rows that a reader wants.
pub(crate) type Filter<T> = Arc<dyn Fn(&T) -> bool + Send + Sync>;

/// One reader's part of a view, and what it was told of it.
pub(super) struct Lens<T: Record> {
    window: Window,
    filter: Option<Filter<T>>,
    pub(super) queue: Arc<Queue<T>>,
    /// Whether it has been told what is there; until then it waits for that.
    started: bool,
    /// The earliest position of what was there that it was told, where that was limited.
    earliest: Option<Seq>,
    /// The rows that the filter accepts, where they are counted.
    accepted: Ids,
    /// The rows that the reader has.
    told: Ids,
    /// Those among them that were there when it came, and that it asked not to be told of. It has yet
    /// to hear of them.
    silent: Ids,
    /// The same of a reader with a window, front to back.
    shown: Vec<Id>,
    /// The window as it now should be; kept for its room.
    now: Vec<Id>,
    /// Whether the window may no longer be what is shown.
    stale: bool,
}

impl<T: Record> Lens<T> {
    pub(super) fn new(window: Window, filter: Option<Filter<T>>, queue: Arc<Queue<T>>) -> Self {
        Lens {
            window,
            filter,
            queue,
            started: false,
            earliest: None,
            accepted: Ids::default(),
            told: Ids::default(),
            silent: Ids::default(),
            shown: Vec::new(),
            now: Vec::new(),
            stale: false,
        }
    }

    /// What the reader asked for.
    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// Tells the reader what is there, the first time; then, what is in its window. `base` is how many
    /// rows of the view lie before those that are held.
    pub(super) fn start(&mut self, rows: &Rows<T>, base: u64, wakers: &mut Wakers) {
        let first = !std::mem::replace(&mut self.started, true);
        if self.counts() {
            if first {
                let there = self.there(rows);
                let there: Vec<Id> = there.into_iter().map(|(id, _, _)| id).collect();
                self.accepted.set_all(&there, true);
            }
            if first && self.window.no_snapshot {
                self.look(rows, base);
                std::mem::swap(&mut self.now, &mut self.shown);
                self.told.set_all(&self.shown, true);
                self.silent.set_all(&self.shown, true);
            }
            self.show(rows, base, None, wakers);
        } else if first && !self.window.no_snapshot {
            for (id, key, row) in self.there(rows) {
                self.told.set(id, true);
                let change = Change::existing(key.clone(), row.clone());
                self.queue.push(&change, wakers);
            }
        }
    }

    /// The rows that are there and asked for, before a window is cut from them.
    fn there<'r>(&mut self, rows: &'r Rows<T>) -> Vec<(Id, &'r Arc<str>, &'r Arc<T>)> {
        let uncut = Window {
            skip: 0,
            take: None,
            ..self.window
        };
        let there = part(rows, 0, uncut, self.filter.as_ref());
        if self.window.snapshot_limit == Some(there.len() as u64) {
            let earliest = there.iter().map(|(id, _, _)| rows.seq(*id)).min();
            self.earliest = earliest.or(rows.last_seq());
        }
        there
    }

    /// Follows a change. While the order is in motion, as it is `during` a snapshot, a window keeps
    /// its rows, until it is shown anew.
    pub(super) fn follow(
        &mut self,
        rows: &Rows<T>,
        base: u64,
        Changed { id, change, live }: &Changed<T>,
        moving: bool,
        wakers: &mut Wakers,
    ) {
        if !self.started {
            return;
        }
        let id = *id;
        let accepted = change.after.as_deref().is_some_and(|row| self.accepts(row));
        let has = self.told.contains(id);
        if !self.counts() {
            return match (has, accepted) {
                (true, true) => self.queue.push(change, wakers),
                (true, false) => self.hide(id, change.key.clone(), change.before.clone(), wakers),
                (false, true) if *live || self.asked_for(rows.seq(id)) => {
                    self.told.set(id, true);
                    self.queue.push(&newcomer(change), wakers);
                }
                (false, _) => {}
            };
        }
        let was_accepted = self.accepted.contains(id);
        let left_out =
            !live && !was_accepted && self.is_selective() && !self.asked_for(rows.seq(id));
        let accepted = accepted && !left_out;
        self.accepted.set(id, accepted);
        if moving {
            self.stale = true;
            match accepted {
                true if has => self.tell(id, change, wakers),
                false if has => {
                    self.shown.retain(|shown| *shown != id);
                    self.hide(id, change.key.clone(), change.before.clone(), wakers);
                }
                _ => {}
            }
        } else if accepted || was_accepted {
            self.show(rows, base, Some((id, change)), wakers);
        }
    }

    /// The order may have changed, though no row did.
    pub(super) fn unsettle(&mut self) {
        self.stale |= self.started && self.counts();
    }

    /// Shows the window anew, if the order was in motion.
    pub(super) fn settle(&mut self, rows: &Rows<T>, base: u64, wakers: &mut Wakers) {
        if std::mem::take(&mut self.stale) {
            self.show(rows, base, None, wakers);
        }
    }

    /// Tells the reader what entered its window, then what changed in it, then what left it: so there
    /// is no moment at which a window is emptier than before and after.
    ///
    /// This walks from the front of the view to the end of the window. Of a filter that accepts few
    /// rows the walk is long, but then few changes make one necessary.
    fn show(
        &mut self,
        rows: &Rows<T>,
        base: u64,
        changed: Option<(Id, &Change<T>)>,
        wakers: &mut Wakers,
    ) {
        self.stale = false;
        self.look(rows, base);
        let change_of = |id: Id| changed.filter(|(changed, _)| *changed == id);
        let same = self.now == self.shown;
        if !same {
            for id in &self.now {
                if !self.told.contains(*id) {
                    let entered = match (change_of(*id), rows.at(*id)) {
                        (Some((_, change)), _) => newcomer(change),
                        (None, Some((key, row))) => Change::existing(key.clone(), row.clone()),
                        (None, None) => continue,
                    };
                    self.queue.push(&entered, wakers);
                }
            }
        }
        if let Some((id, change)) = changed {
            if self.told.contains(id) && self.now.contains(&id) {
                self.tell(id, change, wakers);
            }
        }
        if !same {
            let shown = std::mem::replace(&mut self.shown, std::mem::take(&mut self.now));
            self.told.set_all(&shown, false);
            self.told.set_all(&self.shown, true);
            for id in &shown {
                if !self.told.contains(*id) {
                    let (key, before) = match (change_of(*id), rows.at(*id)) {
                        (Some((_, change)), _) => (change.key.clone(), change.before.clone()),
                        (None, Some((key, row))) => (key.clone(), Some(row.clone())),
                        (None, None) => continue,
                    };
                    self.hide(*id, key, before, wakers);
                }
            }
            self.now = shown;
        }
    }

    /// Finds the rows that are now in the window.
    fn look(&mut self, rows: &Rows<T>, base: u64) {
        let skip = count(self.window.skip.saturating_sub(base));
        let take = count(self.window.take.unwrap_or(u64::MAX));
        let (selective, accepted) = (self.is_selective(), &self.accepted);
        let ids = rows.iter().map(|(id, _, _)| id);
        let ids = ids.filter(|id| !selective || accepted.contains(*id));
        self.now.clear();
        self.now.extend(ids.skip(skip).take(take));
    }

    /// Tells of a change of a row in the window.
    fn tell(&mut self, id: Id, change: &Change<T>, wakers: &mut Wakers) {
        match self.silent.set(id, false) {
            true => self.queue.push(&newcomer(change), wakers),
            false => self.queue.push(change, wakers),
        }
    }

    fn hide(&mut self, id: Id, key: Arc<str>, before: Option<Arc<T>>, wakers: &mut Wakers) {
        self.told.set(id, false);
        if self.silent.set(id, false) {
            return;
        }
        let left = Change {
            key,
            kind: Kind::Delete,
            before,
            after: None,
        };
        self.queue.push(&left, wakers);
    }

    /// Whether a row of this position, that is in a snapshot which was taken for others or again, is
    /// news: not one that was there and left out.
    fn asked_for(&self, seq: Seq) -> bool {
        !self.window.no_snapshot
            && self.window.after.is_none_or(|after| seq > after)
            && self.earliest.is_none_or(|earliest| seq >= earliest)
    }

    fn accepts(&self, row: &T) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter(row))
    }

    /// Whether some of the rows are left out before places are counted.
    fn is_selective(&self) -> bool {
        let window = self.window;
        self.filter.is_some() || window.after.is_some() || window.snapshot_limit.is_some()
    }

    /// Whether it is a window, in which places count.
    fn counts(&self) -> bool {
        self.window.skip > 0 || self.window.take.is_some()
    }
}

/// The rows of a part of a view, front to back: those to begin with.
pub(super) fn part<'r, T: Record>(
    rows: &'r Rows<T>,
    base: u64,
    window: Window,
    filter: Option<&Filter<T>>,
) -> Vec<(Id, &'r Arc<str>, &'r Arc<T>)> {
    let after = window.after;
    let newer = |id: Id| after.is_none_or(|after| rows.seq(id) > after);
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
        // The latest lead the view.
        None => wanted.truncate(limit),
        Some(_) => drop(wanted.drain(..wanted.len().saturating_sub(limit))),
    }
    wanted.into_iter().skip(skip).take(take).collect()
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// A change of a row that the reader did not have.
fn newcomer<T>(change: &Change<T>) -> Change<T> {
    Change {
        before: None,
        ..change.clone()
    }
}

impl<T: Record> fmt::Debug for Lens<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lens = &mut f.debug_struct("Lens");
        lens.field("window", &self.window).finish_non_exhaustive()
    }
}
