//! The queues of a view's readers.

use std::collections::HashMap;
use std::sync::Arc;

use crate::session::EndReason;
use crate::stream::{Change, Queue, StreamError, Wakers};

/// Which rows a reader wants.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    All,
    Keys(Vec<Arc<str>>),
}

/// The readers' queues, by what they want.
#[derive(Debug)]
pub(super) struct Readers<T> {
    all: Vec<Arc<Queue<T>>>,
    by_key: HashMap<Arc<str>, Vec<Arc<Queue<T>>>>,
}

impl<T> Default for Readers<T> {
    fn default() -> Self {
        Readers {
            all: Vec::new(),
            by_key: HashMap::new(),
        }
    }
}

impl<T> Readers<T> {
    pub(super) fn add(&mut self, selection: &Selection, queue: &Arc<Queue<T>>) {
        match selection {
            Selection::All => self.all.push(queue.clone()),
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

    /// Tells the readers of one row, or all readers, of an error.
    pub(super) fn report(&self, key: Option<&str>, error: &StreamError, wakers: &mut Wakers) {
        let tell = |queue: &Arc<Queue<T>>| queue.push_error(error, wakers);
        match key {
            Some(key) => self.of(key).for_each(tell),
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
        self.all.iter().chain(self.by_key.values().flatten())
    }
}
