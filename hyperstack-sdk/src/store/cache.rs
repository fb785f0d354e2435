//! A view's rows as one Rust type, with the readers of them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::readers::Readers;
use super::readiness::{Place, Readiness};
use super::rows::{Input, Rows};
use super::{Outcome, Selection};
use crate::patch::Record;
use crate::session::{is_derived, EndReason, Target};
use crate::stream::{Change, Kind, Queue, RowError, StreamError, Wakers};
use crate::wire::{Frame, FrameError, Issue, Row, Sort};

/// The cache of one view as one Rust type.
#[derive(Debug)]
pub(crate) struct Cache<T: Record> {
    view: Arc<str>,
    /// Whether rows leave the view: a window of a derived view, not a plain list.
    derived: bool,
    limit: Option<usize>,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T: Record> {
    rows: Rows<T>,
    readers: Readers<T>,
    readiness: Readiness,
    /// While a snapshot is under way: what of it could not be read, if anything.
    snapshot: Option<Option<FrameError>>,
    /// Rows that left a window, each until another row takes its place. The server sends the
    /// window's rows, newcomers among them, after the deletes.
    leaving: Vec<Arc<str>>,
    /// The keys that are still subscribed, where the whole view was: the rest of what is on its way
    /// is nobody's.
    scope: Option<HashSet<Arc<str>>>,
    evicted: u64,
}

/// What a cache does for a hub, whatever its type. Whom to wake is left to the caller, who may hold
/// locks.
pub(super) trait AnyCache: Send + Sync {
    fn begin(&self, target: &Target, sort: Option<&Sort>);
    fn finish(&self, target: &Target, wakers: &mut Wakers);
    fn unknown(&self, wakers: &mut Wakers);
    fn refuse(&self, target: &Target, issue: &Issue, wakers: &mut Wakers);
    fn lose(&self);
    /// Applies a frame; returns the rows that did not fit.
    fn apply(&self, frame: &Frame<'_>, wakers: &mut Wakers) -> Vec<RowError>;
    /// Takes out the rows that left a window.
    fn settle(&self, wakers: &mut Wakers);
    fn is_settled(&self) -> bool;
    /// A message that may have been of this view could not be read.
    fn spoil(&self, error: &FrameError, wakers: &mut Wakers);
    fn forget(&self, keys: &[Arc<str>]);
    fn end(&self, reason: &EndReason, wakers: &mut Wakers);
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

impl<T: Record> Cache<T> {
    pub(super) fn new(view: Arc<str>, limit: Option<usize>) -> Self {
        Cache {
            derived: is_derived(&view),
            view,
            limit,
            state: Mutex::new(State {
                rows: Rows::new(),
                readers: Readers::default(),
                readiness: Readiness::default(),
                snapshot: None,
                leaving: Vec::new(),
                scope: None,
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
        // Nobody waits for a queue that is new.
        let wakers = &mut Wakers::new();
        let mut push = |key: &Arc<str>, row: &Arc<T>| {
            queue.push(&Change::existing(key.clone(), row.clone()), wakers);
        };
        match selection {
            Selection::All => state.rows.iter().for_each(|(key, row)| push(key, row)),
            Selection::First => {
                // As other readers of it know it, or else as it is.
                if let Some((key, row)) = state.readers.front().or_else(|| state.rows.iter().next())
                {
                    push(key, row);
                }
            }
            Selection::Keys(keys) => {
                for key in keys {
                    if let Some(row) = state.rows.get(key) {
                        push(key, row);
                    }
                }
            }
        }
        if state.readiness.is_unknown() {
            queue.end(&self.unknown_view(), wakers);
        }
        if let Some(reason) = state.readiness.ended() {
            queue.end(reason, wakers);
        }
        state.readers.add(selection, queue);
        let State { rows, readers, .. } = &mut *state;
        readers.know_front(rows.iter().next());
    }

    /// Takes in what is to be subscribed, where it was narrowed before.
    pub(crate) fn widen(&self, target: &Target) {
        let mut state = self.lock();
        match target {
            Target::All => state.scope = None,
            Target::Key(key) => {
                if let Some(scope) = &mut state.scope {
                    scope.insert(key.clone());
                }
            }
        }
    }

    /// Removes a reader.
    pub(crate) fn unsubscribe(&self, selection: &Selection, queue: &Arc<Queue<T>>) {
        self.lock().readers.remove(selection, queue);
    }

    /// Waits until what `target` names is all there, or will never be.
    pub(crate) fn outcome<'a>(&'a self, target: &'a Target) -> impl Future<Output = Outcome> + 'a {
        Waiting {
            cache: self,
            target,
            place: None,
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
}

/// Someone who waits; leaves when dropped.
struct Waiting<'a, T: Record> {
    cache: &'a Cache<T>,
    target: &'a Target,
    place: Place,
}

impl<T: Record> Future for Waiting<'_, T> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let waiting = &mut *self;
        let mut state = waiting.cache.lock();
        state
            .readiness
            .poll(waiting.target, &mut waiting.place, context)
    }
}

impl<T: Record> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        self.cache.lock().readiness.leave(&mut self.place);
    }
}

impl<T: Record> AnyCache for Cache<T> {
    fn begin(&self, target: &Target, sort: Option<&Sort>) {
        let mut state = self.lock();
        state.readiness.begin(target);
        if *target == Target::All || sort.is_some() {
            state.rows.begin(sort);
        }
        state.snapshot.get_or_insert(None);
    }

    fn finish(&self, target: &Target, wakers: &mut Wakers) {
        let mut state = self.lock();
        let state = &mut *state;
        state.rows.finish();
        let snapshot = state.snapshot.take();
        let begun = snapshot.is_some();
        let outcome = match snapshot.flatten() {
            Some(error) => Outcome::Spoiled(error),
            None => {
                if self.derived && begun {
                    state.leaving.extend(state.rows.missed());
                    state.settle(wakers);
                }
                Outcome::Ready
            }
        };
        while self.limit.is_some_and(|limit| state.rows.len() > limit) {
            state.evict(wakers);
        }
        state.follow_front(Kind::Upsert, wakers);
        state.readiness.finish(target, outcome, wakers);
    }

    fn unknown(&self, wakers: &mut Wakers) {
        let mut state = self.lock();
        state.readiness.unknown(wakers);
        state.readers.end(&self.unknown_view(), wakers);
    }

    fn refuse(&self, target: &Target, issue: &Issue, wakers: &mut Wakers) {
        let mut state = self.lock();
        let error = StreamError::Refused(issue.clone());
        let key = target.key().map(|key| &**key);
        state.readers.report(key, &error, wakers);
        let outcome = Outcome::Refused(issue.clone());
        state.snapshot = None;
        state.readiness.finish(target, outcome, wakers);
    }

    fn lose(&self) {
        self.lock().readiness.lose();
    }

    fn apply(&self, frame: &Frame<'_>, wakers: &mut Wakers) -> Vec<RowError> {
        let mut errors = Vec::new();
        let mut state = self.lock();
        let state = &mut *state;
        match frame {
            Frame::Subscribed { .. } => {}
            Frame::Snapshot { rows, .. } => {
                for row in rows {
                    errors.extend(state.take_in(self, row, Taken::Snapshot, wakers));
                }
            }
            Frame::Upsert { row, .. } => {
                let before = state.rows.len();
                errors.extend(state.take_in(self, row, Taken::Upsert, wakers));
                if state.rows.len() > before && !state.leaving.is_empty() {
                    let left = state.leaving.remove(0);
                    state.delete(&left, wakers);
                }
            }
            Frame::Patch { row, append, .. } => {
                errors.extend(state.take_in(self, row, Taken::Patch(append), wakers));
            }
            Frame::Delete { key, .. } if self.derived => {
                if let Some(key) = state.rows.key(key) {
                    if !state.leaving.contains(&key) {
                        state.leaving.push(key);
                    }
                }
            }
            Frame::Delete { key, .. } => state.delete(key, wakers),
        }
        let kind = match frame {
            Frame::Patch { .. } => Kind::Patch,
            _ => Kind::Upsert,
        };
        state.follow_front(kind, wakers);
        errors
    }

    fn settle(&self, wakers: &mut Wakers) {
        let mut state = self.lock();
        state.settle(wakers);
        state.follow_front(Kind::Upsert, wakers);
    }

    fn is_settled(&self) -> bool {
        self.lock().leaving.is_empty()
    }

    fn spoil(&self, error: &FrameError, wakers: &mut Wakers) {
        let mut state = self.lock();
        let report = StreamError::Frame(error.clone());
        state.readers.report(None, &report, wakers);
        if let Some(spoiled) = &mut state.snapshot {
            *spoiled = Some(error.clone());
        }
    }

    fn forget(&self, keys: &[Arc<str>]) {
        let mut state = self.lock();
        let kept: HashSet<Arc<str>> = keys.iter().cloned().collect();
        for key in state.rows.keys() {
            if !kept.contains(&key) {
                state.rows.delete(&key);
            }
        }
        state.readiness.narrow(keys);
        state.scope = Some(kept);
    }

    fn end(&self, reason: &EndReason, wakers: &mut Wakers) {
        let mut state = self.lock();
        state.readers.end(reason, wakers);
        state.readiness.end(reason, wakers);
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
    Patch(&'a [Cow<'f, str>]),
}

impl<T: Record> State<T> {
    /// Takes in a row and tells its readers; the error if it does not fit.
    fn take_in(
        &mut self,
        cache: &Cache<T>,
        row: &Row<'_>,
        taken: Taken<'_, '_>,
        wakers: &mut Wakers,
    ) -> Option<RowError> {
        let scope = self.scope.as_ref();
        if scope.is_some_and(|scope| !scope.contains(&*row.key)) {
            return None;
        }
        if !matches!(taken, Taken::Patch(_)) && !self.leaving.is_empty() {
            self.leaving.retain(|key| **key != *row.key);
        }
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
                let fits = self.make_room(cache.limit, &row.key, wakers);
                if let Some(change) = change.filter(|_| fits) {
                    self.readers.publish(&change, wakers);
                }
                None
            }
            Err(cause) => {
                let error = RowError {
                    view: cache.view.to_string(),
                    key: row.key.to_string(),
                    cause,
                };
                let report = StreamError::Row(error.clone());
                self.readers.report(Some(&row.key), &report, wakers);
                Some(error)
            }
        }
    }

    /// Tells those who read the row at the front, if it changed.
    fn follow_front(&mut self, kind: Kind, wakers: &mut Wakers) {
        if self.readers.follow_front() {
            let front = self.rows.iter().next();
            self.readers.publish_front(front, kind, wakers);
        }
    }

    /// Sees to the limit on rows, between snapshots. `false` if the row that is too many is the
    /// newcomer, of which then no reader has heard.
    fn make_room(&mut self, limit: Option<usize>, newcomer: &str, wakers: &mut Wakers) -> bool {
        if self.snapshot.is_some() || limit.is_none_or(|limit| self.rows.len() <= limit) {
            return true;
        }
        if self.rows.last().is_some_and(|last| *last == *newcomer) {
            self.evicted += 1;
            self.rows.delete(newcomer);
            return false;
        }
        self.evict(wakers);
        true
    }

    /// Takes out the row furthest from the front.
    fn evict(&mut self, wakers: &mut Wakers) {
        if let Some(last) = self.rows.last() {
            self.evicted += 1;
            self.delete(&last, wakers);
        }
    }

    fn delete(&mut self, key: &str, wakers: &mut Wakers) {
        if let Some(change) = self.rows.delete(key) {
            self.readers.publish(&change, wakers);
        }
    }

    fn settle(&mut self, wakers: &mut Wakers) {
        for key in std::mem::take(&mut self.leaving) {
            self.delete(&key, wakers);
        }
    }
}
