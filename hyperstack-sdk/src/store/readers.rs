//! The queues of a view's readers.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::lens::{Filter, Lens};
use super::rows::{Changed, Rows};
use crate::patch::Record;
use crate::session::{EndReason, Window};
use crate::stream::{Queue, StreamError, Wakers};

/// Which rows a reader wants.
pub(crate) enum Selection<T> {
    All,
    Keys(Vec<Arc<str>>),
    /// A part of the view.
    Part(Window, Option<Filter<T>>),
}

/// The readers' queues, by what they want.
#[derive(Debug)]
pub(super) struct Readers<T: Record> {
    all: Vec<Arc<Queue<T>>>,
    by_key: HashMap<Arc<str>, Vec<Arc<Queue<T>>>>,
    parts: Vec<Lens<T>>,
}

impl<T: Record> Default for Readers<T> {
    fn default() -> Self {
        Readers {
            all: Vec::new(),
            by_key: HashMap::new(),
            parts: Vec::new(),
        }
    }
}

impl<T: Record> Readers<T> {
    pub(super) fn add(&mut self, selection: &Selection<T>, queue: &Arc<Queue<T>>) {
        match selection {
            Selection::All => self.all.push(queue.clone()),
            Selection::Part(window, filter) => {
                let lens = Lens::new(*window, filter.clone(), queue.clone());
                self.parts.push(lens);
            }
            Selection::Keys(keys) => {
                for key in keys {
                    let queues = self.by_key.entry(key.clone()).or_default();
                    queues.push(queue.clone());
                }
            }
        }
    }

    pub(super) fn remove(&mut self, selection: &Selection<T>, queue: &Arc<Queue<T>>) {
        let other = |held: &Arc<Queue<T>>| !Arc::ptr_eq(held, queue);
        match selection {
            Selection::All => self.all.retain(other),
            Selection::Part(..) => self.parts.retain(|lens| other(&lens.queue)),
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

    /// Tells the readers of a row what became of it. `base` is how many rows of the view lie before
    /// those that are held; `moving`, whether their order is on its way to another one.
    pub(super) fn publish(
        &mut self,
        rows: &Rows<T>,
        base: u64,
        changed: &Changed<T>,
        moving: bool,
        wakers: &mut Wakers,
    ) {
        for queue in self.whole(&changed.change.key) {
            queue.push(&changed.change, wakers);
        }
        for lens in &mut self.parts {
            lens.follow(rows, base, changed, moving, wakers);
        }
    }

    /// Those of a part of the view.
    pub(super) fn parts(&mut self) -> impl Iterator<Item = &mut Lens<T>> {
        self.parts.iter_mut()
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

    /// How many changes wait to be read, where most do.
    pub(super) fn depth(&self) -> usize {
        self.each().map(|queue| queue.depth()).max().unwrap_or(0)
    }

    /// Those who may have or want this row.
    fn of(&self, key: &str) -> impl Iterator<Item = &Arc<Queue<T>>> {
        self.whole(key)
            .chain(self.parts.iter().map(|lens| &lens.queue))
    }

    /// Those who have or want this row, whatever is in it.
    fn whole(&self, key: &str) -> impl Iterator<Item = &Arc<Queue<T>>> {
        let keyed = self.by_key.get(key).into_iter().flatten();
        self.all.iter().chain(keyed)
    }

    fn each(&self) -> impl Iterator<Item = &Arc<Queue<T>>> {
        let keyed = self.by_key.values().flatten();
        let parts = self.parts.iter().map(|lens| &lens.queue);
        self.all.iter().chain(keyed).chain(parts)
    }
}

impl<T> fmt::Debug for Selection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selection::All => f.write_str("All"),
            Selection::Keys(keys) => f.debug_tuple("Keys").field(keys).finish(),
            Selection::Part(window, _) => f.debug_tuple("Part").field(window).finish(),
        }
    }
}
