//! The queues of a source's readers.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::rows::{Changed, Rows};
use super::window::{Predicate, WindowReader};
use crate::patch::Record;
use crate::session::Window;
use crate::stream::{EndReason, Queue, StreamError, Wakers};

/// A reader's selection of a source's rows.
pub(crate) enum Selection<T> {
    /// All rows.
    All,
    /// The row with this key.
    Key(Arc<str>),
    /// The rows of a window that pass the filter, when the source has the rows that the window needs.
    Window {
        window: Window,
        needed: Window,
        filter: Option<Predicate<T>>,
    },
}

/// The rows that a reader has.
pub(crate) type RowsOf<T> = HashMap<Arc<str>, Arc<T>>;

/// A reader from another source that waits until this one is complete.
#[derive(Debug)]
pub(super) struct Moved<T> {
    pub(super) selection: Selection<T>,
    pub(super) queue: Arc<Queue<T>>,
    pub(super) rows: RowsOf<T>,
}

/// The readers' queues, by selection.
#[derive(Debug)]
pub(super) struct Readers<T: Record> {
    all: Vec<Arc<Queue<T>>>,
    by_key: HashMap<Arc<str>, Vec<Arc<Queue<T>>>>,
    windows: Vec<WindowReader<T>>,
    moved: Vec<Moved<T>>,
}

impl<T: Record> Default for Readers<T> {
    fn default() -> Self {
        Readers {
            all: Vec::new(),
            by_key: HashMap::new(),
            windows: Vec::new(),
            moved: Vec::new(),
        }
    }
}

impl<T: Record> Readers<T> {
    pub(super) fn add(&mut self, selection: &Selection<T>, queue: &Arc<Queue<T>>) {
        match selection {
            Selection::All => self.all.push(queue.clone()),
            Selection::Key(key) => {
                let queues = self.by_key.entry(key.clone()).or_default();
                queues.push(queue.clone());
            }
            Selection::Window {
                window,
                needed,
                filter,
            } => {
                let reader = WindowReader::new(*window, *needed, filter.clone(), queue.clone());
                self.windows.push(reader);
            }
        }
    }

    /// Adds a reader from another source.
    pub(super) fn receive(&mut self, moved: Moved<T>) {
        self.moved.push(moved);
    }

    /// Takes the readers from another source whose selection matches.
    pub(super) fn take_moved(&mut self, matches: impl Fn(&Selection<T>) -> bool) -> Vec<Moved<T>> {
        let moved = std::mem::take(&mut self.moved);
        let (taken, left) = moved.into_iter().partition(|it| matches(&it.selection));
        self.moved = left;
        taken
    }

    /// Returns the window with this queue.
    pub(super) fn window(&self, queue: &Arc<Queue<T>>) -> Option<&WindowReader<T>> {
        let mut windows = self.windows.iter();
        windows.find(|reader| Arc::ptr_eq(&reader.queue, queue))
    }

    /// Whether readers from another source are waiting.
    pub(super) fn has_moved(&self) -> bool {
        !self.moved.is_empty()
    }

    /// Removes a reader from another source, if it is still waiting.
    pub(super) fn remove_moved(
        &mut self,
        selection: &Selection<T>,
        queue: &Arc<Queue<T>>,
    ) -> Option<Moved<T>> {
        let mut moved = self.moved.iter();
        let index = moved.position(|it| it.is(selection, queue))?;
        Some(self.moved.remove(index))
    }

    /// Removes a reader. If it was still waiting, returns the rows that it came with, which the caller drops outside of
    /// locks.
    pub(super) fn remove(
        &mut self,
        selection: &Selection<T>,
        queue: &Arc<Queue<T>>,
    ) -> Option<Moved<T>> {
        let moved = self.remove_moved(selection, queue);
        if moved.is_some() {
            return moved;
        }
        let other = |held: &Arc<Queue<T>>| !Arc::ptr_eq(held, queue);
        match selection {
            Selection::All => self.all.retain(other),
            Selection::Key(key) => {
                if let Some(queues) = self.by_key.get_mut(key) {
                    queues.retain(other);
                    if queues.is_empty() {
                        self.by_key.remove(key);
                    }
                }
            }
            Selection::Window { .. } => self.windows.retain(|reader| other(&reader.queue)),
        }
        None
    }

    /// Whether a reader needs the row as it was before a change. A reader from another source compares with its own
    /// rows.
    pub(super) fn keep_before(&self, key: &str) -> bool {
        self.of(key).any(|queue| queue.keeps_before())
    }

    /// Delivers a change to the row's readers. `base` is the number of the view's rows before the
    /// source's first row; `incomplete` says whether the order is incomplete.
    pub(super) fn publish(
        &mut self,
        rows: &Rows<T>,
        base: u64,
        changed: Changed<T>,
        incomplete: bool,
        wakers: &mut Wakers,
    ) {
        for reader in &mut self.windows {
            reader.follow(rows, base, &changed, incomplete, wakers);
        }
        let change = changed.change;
        let mut queues = self.whole(&change.key);
        let Some(first) = queues.next() else { return };
        queues.for_each(|queue| queue.push(change.clone(), wakers));
        // Most rows have one reader, which needs no copy.
        first.push(change, wakers);
    }

    /// Returns the readers of windows.
    pub(super) fn windows(&mut self) -> &mut [WindowReader<T>] {
        &mut self.windows
    }

    /// Delivers an error to the readers of one row, or to all readers.
    pub(super) fn report(&self, key: Option<&str>, error: &StreamError, wakers: &mut Wakers) {
        let tell = |queue: &Arc<Queue<T>>| queue.push_error(error, wakers);
        match key {
            Some(key) => self.of(key).chain(self.moved_of(key)).for_each(tell),
            None => self.each().for_each(tell),
        }
    }

    pub(super) fn end(&self, reason: &EndReason, wakers: &mut Wakers) {
        self.each().for_each(|queue| queue.end(reason, wakers));
    }

    /// Wakes the readers of whole windows, because these may be complete now.
    pub(super) fn touch(&self, wakers: &mut Wakers) {
        self.each().for_each(|queue| queue.touch(wakers));
    }

    /// Returns the length of the longest queue.
    pub(super) fn depth(&self) -> usize {
        self.each().map(|queue| queue.depth()).max().unwrap_or(0)
    }

    /// Iterates over the readers that may have or want this row.
    fn of(&self, key: &str) -> impl Iterator<Item = &Arc<Queue<T>>> {
        self.whole(key)
            .chain(self.windows.iter().map(|reader| &reader.queue))
    }

    /// Like [`of`](Self::of), for waiting readers from another source.
    fn moved_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Arc<Queue<T>>> {
        let may_have = |moved: &&Moved<T>| moved.selection.key().is_none_or(|of| **of == *key);
        let moved = self.moved.iter().filter(may_have);
        moved.map(|moved| &moved.queue)
    }

    /// Iterates over the readers that want this row whatever it contains.
    fn whole(&self, key: &str) -> impl Iterator<Item = &Arc<Queue<T>>> {
        let keyed = self.by_key.get(key).into_iter().flatten();
        self.all.iter().chain(keyed)
    }

    fn each(&self) -> impl Iterator<Item = &Arc<Queue<T>>> {
        let keyed = self.by_key.values().flatten();
        let windows = self.windows.iter().map(|reader| &reader.queue);
        let moved = self.moved.iter().map(|reader| &reader.queue);
        self.all.iter().chain(keyed).chain(windows).chain(moved)
    }
}

impl<T> Moved<T> {
    fn is(&self, selection: &Selection<T>, queue: &Arc<Queue<T>>) -> bool {
        Arc::ptr_eq(&self.queue, queue) && self.selection.key() == selection.key()
    }
}

impl<T> Selection<T> {
    fn key(&self) -> Option<&Arc<str>> {
        match self {
            Selection::Key(key) => Some(key),
            Selection::All | Selection::Window { .. } => None,
        }
    }
}

impl<T> Clone for Selection<T> {
    fn clone(&self) -> Self {
        match self {
            Selection::All => Selection::All,
            Selection::Key(key) => Selection::Key(key.clone()),
            Selection::Window {
                window,
                needed,
                filter,
            } => Selection::Window {
                window: *window,
                needed: *needed,
                filter: filter.clone(),
            },
        }
    }
}

impl<T> fmt::Debug for Selection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selection::All => f.write_str("All"),
            Selection::Key(key) => f.debug_tuple("Key").field(key).finish(),
            Selection::Window { window, .. } => f.debug_tuple("Window").field(window).finish(),
        }
    }
}
