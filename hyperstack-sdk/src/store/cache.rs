//! A view's rows as one Rust type, with the readers of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::rows::{Input, Rows};
use crate::patch::Patchable;
use crate::session::{is_derived, EndReason, Target};
use crate::stream::{Change, Queue, RowError, RowErrorCause, StreamError};
use crate::wire::{Frame, Row, Sort};

/// Which rows a reader wants.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    All,
    Keys(Vec<Arc<str>>),
}

/// What is known of what a reader waits for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Readiness {
    /// The snapshot is over: what is held is what the server has.
    Ready,
    /// The server knows no such view.
    UnknownView,
    /// Nothing more will come.
    Ended(EndReason),
}

/// The cache of one view as one Rust type.
#[derive(Debug)]
pub(crate) struct Cache<T: Patchable> {
    view: Arc<str>,
    /// Whether rows leave the view: a window of a derived view, not a plain list.
    derived: bool,
    limit: Option<usize>,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T: Patchable> {
    rows: Rows<T>,
    readers: Readers<T>,
    /// Rows that left a window, each until another row takes its place. The server sends the
    /// window's rows, newcomers among them, after the deletes.
    leaving: Vec<Arc<str>>,
    in_snapshot: bool,
    all_ready: bool,
    ready_keys: HashSet<Arc<str>>,
    unknown: bool,
    ended: Option<EndReason>,
    waiting: Vec<Waker>,
    evicted: u64,
}

/// What a cache does for a hub, whatever its type.
pub(super) trait AnyCache: Send + Sync {
    fn begin(&self, target: &Target, sort: Option<&Sort>);
    fn finish(&self, target: &Target);
    fn unknown(&self);
    /// Applies a frame; returns the rows that did not fit.
    fn apply(&self, frame: &Frame<'_>) -> Vec<RowError>;
    /// Takes out the rows that left a window.
    fn settle(&self);
    fn is_settled(&self) -> bool;
    fn report(&self, error: &StreamError);
    fn forget(&self, keys: &[Arc<str>]);
    fn end(&self, reason: &EndReason);
    fn tally(&self) -> CacheTally;
    fn as_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync>;
}

/// The counts of one cache.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CacheTally {
    pub(super) rows: usize,
    pub(super) partial: usize,
    pub(super) evicted: u64,
}

impl<T: Patchable> Cache<T> {
    pub(super) fn new(view: Arc<str>, limit: Option<usize>) -> Self {
        Cache {
            derived: is_derived(&view),
            view,
            limit,
            state: Mutex::new(State {
                rows: Rows::new(),
                readers: Readers::default(),
                leaving: Vec::new(),
                in_snapshot: false,
                all_ready: false,
                ready_keys: HashSet::new(),
                unknown: false,
                ended: None,
                waiting: Vec::new(),
                evicted: 0,
            }),
        }
    }

    /// All rows, front to back.
    pub(crate) fn list(&self) -> Vec<Arc<T>> {
        let state = self.lock();
        state.rows.iter().map(|(_, row)| row.clone()).collect()
    }

    /// The row at the front.
    pub(crate) fn first(&self) -> Option<Arc<T>> {
        let state = self.lock();
        let first = state.rows.iter().next().map(|(_, row)| row.clone());
        first
    }

    pub(crate) fn get(&self, key: &str) -> Option<Arc<T>> {
        self.lock().rows.get(key).cloned()
    }

    /// Adds a reader: its queue gets the rows that are held, front to back, and then every change.
    pub(crate) fn subscribe(&self, selection: &Selection, queue: &Arc<Queue<T>>) {
        let mut state = self.lock();
        match selection {
            Selection::All => {
                for (key, row) in state.rows.iter() {
                    queue.push(&Change::existing(key.clone(), row.clone()));
                }
            }
            Selection::Keys(keys) => {
                for key in keys {
                    if let Some(row) = state.rows.get(key) {
                        queue.push(&Change::existing(key.clone(), row.clone()));
                    }
                }
            }
        }
        if state.unknown {
            queue.end(&self.unknown_view());
        }
        if let Some(reason) = &state.ended {
            queue.end(reason);
        }
        state.readers.add(selection, queue);
    }

    /// Removes a reader.
    pub(crate) fn unsubscribe(&self, selection: &Selection, queue: &Arc<Queue<T>>) {
        self.lock().readers.remove(selection, queue);
    }

    /// Ready once what `target` names is all there, or will never be.
    pub(crate) fn poll_ready(&self, target: &Target, context: &mut Context<'_>) -> Poll<Readiness> {
        let mut state = self.lock();
        let ready = match target {
            Target::All => state.all_ready,
            Target::Key(key) => state.all_ready || state.ready_keys.contains(key),
        };
        if state.unknown {
            Poll::Ready(Readiness::UnknownView)
        } else if ready {
            Poll::Ready(Readiness::Ready)
        } else if let Some(reason) = &state.ended {
            Poll::Ready(Readiness::Ended(reason.clone()))
        } else {
            let waker = context.waker();
            if !state.waiting.iter().any(|waiting| waiting.will_wake(waker)) {
                state.waiting.push(waker.clone());
            }
            Poll::Pending
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Every change to the state is complete before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unknown_view(&self) -> EndReason {
        EndReason::UnknownView {
            view: self.view.to_string(),
        }
    }

    fn row_error(&self, key: &str, cause: RowErrorCause) -> RowError {
        RowError {
            view: self.view.to_string(),
            key: key.to_owned(),
            cause,
        }
    }
}

impl<T: Patchable> AnyCache for Cache<T> {
    fn begin(&self, target: &Target, sort: Option<&Sort>) {
        let mut state = self.lock();
        state.unknown = false;
        if *target == Target::All || sort.is_some() {
            state.rows.begin(sort);
        }
        state.in_snapshot = *target == Target::All;
        state.leaving.clear();
    }

    fn finish(&self, target: &Target) {
        let mut state = self.lock();
        state.rows.finish();
        match target {
            Target::All => {
                if self.derived && state.in_snapshot {
                    state.leaving = state.rows.missed();
                    state.settle();
                }
                state.in_snapshot = false;
                state.all_ready = true;
            }
            Target::Key(key) => {
                state.ready_keys.insert(key.clone());
            }
        }
        state.wake();
    }

    fn unknown(&self) {
        let mut state = self.lock();
        state.unknown = true;
        state.readers.end(&self.unknown_view());
        state.wake();
    }

    fn apply(&self, frame: &Frame<'_>) -> Vec<RowError> {
        let mut errors = Vec::new();
        let mut state = self.lock();
        let state = &mut *state;
        match frame {
            Frame::Subscribed { .. } => {}
            Frame::Snapshot { rows, .. } => {
                for row in rows {
                    errors.extend(state.take_in(self, row, Taken::Snapshot));
                }
            }
            Frame::Upsert { row, .. } => {
                state.leaving.retain(|key| **key != *row.key);
                let before = state.rows.len();
                errors.extend(state.take_in(self, row, Taken::Upsert));
                if state.rows.len() > before && !state.leaving.is_empty() {
                    let left = state.leaving.remove(0);
                    state.delete(&left);
                }
            }
            Frame::Patch { row, append, .. } => {
                errors.extend(state.take_in(self, row, Taken::Patch(append)));
            }
            Frame::Delete { key, .. } if self.derived => {
                if let Some(key) = state.rows.key(key) {
                    state.leaving.push(key);
                }
            }
            Frame::Delete { key, .. } => state.delete(key),
        }
        errors
    }

    fn settle(&self) {
        self.lock().settle();
    }

    fn is_settled(&self) -> bool {
        self.lock().leaving.is_empty()
    }

    fn report(&self, error: &StreamError) {
        let state = self.lock();
        state.readers.each(|queue| queue.push_error(error));
    }

    fn forget(&self, keys: &[Arc<str>]) {
        let mut state = self.lock();
        let state = &mut *state;
        let kept: HashSet<&Arc<str>> = keys.iter().collect();
        for key in state.rows.keys() {
            if !kept.contains(&key) {
                state.rows.delete(&key);
            }
        }
        if std::mem::take(&mut state.all_ready) {
            state.ready_keys = keys.iter().cloned().collect();
        } else {
            state.ready_keys.retain(|key| kept.contains(key));
        }
    }

    fn end(&self, reason: &EndReason) {
        let mut state = self.lock();
        state.ended = Some(reason.clone());
        state.readers.end(reason);
        state.wake();
    }

    fn tally(&self) -> CacheTally {
        let state = self.lock();
        CacheTally {
            rows: state.rows.len(),
            partial: state.rows.partial(),
            evicted: state.evicted,
        }
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync> {
        self
    }
}

/// How a row came.
enum Taken<'a, 'f> {
    Snapshot,
    Upsert,
    Patch(&'a [std::borrow::Cow<'f, str>]),
}

impl<T: Patchable> State<T> {
    /// Takes in a row and tells its readers; the error if it does not fit.
    fn take_in(
        &mut self,
        cache: &Cache<T>,
        row: &Row<'_>,
        taken: Taken<'_, '_>,
    ) -> Option<RowError> {
        let input = Input {
            key: &row.key,
            data: row.data,
            live: !matches!(taken, Taken::Snapshot),
            keep_before: self.readers.keep_before(&row.key),
        };
        let change = match taken {
            Taken::Snapshot | Taken::Upsert => self.rows.upsert(input),
            Taken::Patch(append) => self.rows.patch(input, append),
        };
        match change {
            Ok(change) => {
                let fits = self.make_room(cache.limit, &row.key);
                if let Some(change) = change.filter(|_| fits) {
                    self.readers.publish(&change);
                }
                None
            }
            Err(cause) => {
                let error = cache.row_error(&row.key, cause);
                self.readers.publish_error(&error);
                Some(error)
            }
        }
    }

    /// Takes out the row furthest from the front, where there is one too many. `false` if that is
    /// the newcomer, which then no reader has heard of.
    fn make_room(&mut self, limit: Option<usize>, newcomer: &str) -> bool {
        if limit.is_none_or(|limit| self.rows.len() <= limit) {
            return true;
        }
        let Some(last) = self.rows.last() else {
            return true;
        };
        self.evicted += 1;
        if *last == *newcomer {
            self.rows.delete(&last);
            return false;
        }
        self.delete(&last);
        true
    }

    fn delete(&mut self, key: &str) {
        if let Some(change) = self.rows.delete(key) {
            self.readers.publish(&change);
        }
    }

    fn settle(&mut self) {
        for key in std::mem::take(&mut self.leaving) {
            self.delete(&key);
        }
    }

    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

/// The queues of a cache's readers.
#[derive(Debug)]
struct Readers<T> {
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
    fn add(&mut self, selection: &Selection, queue: &Arc<Queue<T>>) {
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

    fn remove(&mut self, selection: &Selection, queue: &Arc<Queue<T>>) {
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

    fn of(&self, key: &str) -> impl Iterator<Item = &Arc<Queue<T>>> {
        self.all
            .iter()
            .chain(self.by_key.get(key).into_iter().flatten())
    }

    fn keep_before(&self, key: &str) -> bool {
        self.of(key).any(|queue| queue.keeps_before())
    }

    fn publish(&self, change: &Change<T>) {
        self.of(&change.key).for_each(|queue| queue.push(change));
    }

    fn publish_error(&self, error: &RowError) {
        let report = StreamError::Row(error.clone());
        self.of(&error.key)
            .for_each(|queue| queue.push_error(&report));
    }

    fn end(&self, reason: &EndReason) {
        self.each(|queue| queue.end(reason));
    }

    fn each(&self, f: impl FnMut(&Arc<Queue<T>>)) {
        let all = self.all.iter().chain(self.by_key.values().flatten());
        all.for_each(f);
    }
}
