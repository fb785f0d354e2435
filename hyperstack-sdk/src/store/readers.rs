//! The queues of a view's readers.

use std::collections::HashMap;
use std::sync::Arc;

use crate::session::EndReason;
use crate::stream::{Change, Kind, Queue, StreamError, Wakers};

/// Which rows a reader wants.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    All,
    /// The row at the front of the order, whichever it is.
    First,
    Keys(Vec<Arc<str>>),
}

/// The readers' queues, by what they want.
#[derive(Debug)]
pub(super) struct Readers<T> {
    all: Vec<Arc<Queue<T>>>,
    by_key: HashMap<Arc<str>, Vec<Arc<Queue<T>>>>,
    first: Vec<Arc<Queue<T>>>,
    /// The row at the front, as its readers know it.
    front: Option<(Arc<str>, Arc<T>)>,
}

impl<T> Default for Readers<T> {
    fn default() -> Self {
        Readers {
            all: Vec::new(),
            by_key: HashMap::new(),
            first: Vec::new(),
            front: None,
        }
    }
}

impl<T: PartialEq> Readers<T> {
    pub(super) fn add(&mut self, selection: &Selection, queue: &Arc<Queue<T>>) {
        match selection {
            Selection::All => self.all.push(queue.clone()),
            Selection::First => self.first.push(queue.clone()),
            Selection::Keys(keys) => {
                for key in keys {
                    let queues = self.by_key.entry(key.clone()).or_default();
                    queues.push(queue.clone());
                }
            }
        }
    }

    pub(super) fn remove(&mut self, selection: &Selection, queue: &Arc<Queue<T>>) {
        let other = |held: &Arc<Queue<T>>| !Arc::ptr_eq(held, queue);
        match selection {
            Selection::All => self.all.retain(other),
            Selection::First => {
                self.first.retain(other);
                if self.first.is_empty() {
                    self.front = None;
                }
            }
            Selection::Keys(keys) => {
                for key in keys {
                    if let Some(queues) = self.by_key.get_mut(key) {
                        queues.retain(other);
                        if queues.is_empty() {
                            self.by_key.remove(key);
                        }
                    }
                }
            }
        }
    }

    /// Whether a reader of this row asks what it was before.
    pub(super) fn keep_before(&self, key: &str) -> bool {
        self.of(key).any(|queue| queue.keeps_before())
    }

    pub(super) fn publish(&self, change: &Change<T>, wakers: &mut Wakers) {
        self.of(&change.key)
            .for_each(|queue| queue.push(change, wakers));
    }

    /// Whether somebody reads the row at the front.
    pub(super) fn follow_front(&self) -> bool {
        !self.first.is_empty()
    }

    /// The row at the front, as its readers know it.
    pub(super) fn front(&self) -> Option<(&Arc<str>, &Arc<T>)> {
        self.front.as_ref().map(|(key, row)| (key, row))
    }

    /// Notes the row at the front, which a new reader of it has just been told.
    pub(super) fn know_front(&mut self, front: Option<(&Arc<str>, &Arc<T>)>) {
        if self.front.is_none() && self.follow_front() {
            self.front = front.map(|(key, row)| (key.clone(), row.clone()));
        }
    }

    /// Tells the readers of the row at the front what that is now: the newcomer first, so that there
    /// is no moment without a row.
    pub(super) fn publish_front(
        &mut self,
        front: Option<(&Arc<str>, &Arc<T>)>,
        kind: Kind,
        wakers: &mut Wakers,
    ) {
        let front = front.map(|(key, row)| (key.clone(), row.clone()));
        let before = std::mem::replace(&mut self.front, front);
        let mut tell = |change: Change<T>| {
            for queue in &self.first {
                queue.push(&change, wakers);
            }
        };
        match (before, &self.front) {
            (Some((key, before)), Some((now, after))) if key == *now => {
                if !Arc::ptr_eq(&before, after) && before != *after {
                    tell(Change {
                        key,
                        kind,
                        before: Some(before),
                        after: Some(after.clone()),
                    });
                }
            }
            (before, now) => {
                if let Some((key, row)) = now {
                    tell(Change::existing(key.clone(), row.clone()));
                }
                if let Some((key, row)) = before {
                    tell(Change {
                        key,
                        kind: Kind::Delete,
                        before: Some(row),
                        after: None,
                    });
                }
            }
        }
    }

    /// Tells the readers of one row, or all readers, of an error.
    pub(super) fn report(&self, key: Option<&str>, error: &StreamError, wakers: &mut Wakers) {
        let tell = |queue: &Arc<Queue<T>>| queue.push_error(error, wakers);
        match key {
            // The row may be the one at the front, or would be.
            Some(key) => self.of(key).chain(&self.first).for_each(tell),
            None => self.each().for_each(tell),
        }
    }

    pub(super) fn end(&self, reason: &EndReason, wakers: &mut Wakers) {
        self.each().for_each(|queue| queue.end(reason, wakers));
    }

    fn of(&self, key: &str) -> impl Iterator<Item = &Arc<Queue<T>>> {
        let keyed = self.by_key.get(key).into_iter().flatten();
        self.all.iter().chain(keyed)
    }

    fn each(&self) -> impl Iterator<Item = &Arc<Queue<T>>> {
        let keyed = self.by_key.values().flatten();
        self.all.iter().chain(keyed).chain(&self.first)
    }
}
