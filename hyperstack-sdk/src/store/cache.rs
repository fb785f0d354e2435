//! A view's rows as one Rust type, with the readers of them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::lens::{self, Filter, Lens};
use super::readers::Readers;
use super::readiness::{Place, Readiness};
use super::rows::{Changed, Input, Rows};
use super::{Outcome, Selection};
use crate::patch::Record;
use crate::session::{is_derived, EndReason, Target, Window};
use crate::stream::{Change, Full, Meter, Queue, RowError, StreamError, Wakers};
use crate::wire::{Frame, FrameError, Issue, Row, Scalar, Seq, Sort};

/// The cache of one view as one Rust type.
#[derive(Debug)]
pub(crate) struct Cache<T: Record> {
    view: Arc<str>,
    /// Whether rows leave the view: a window of a derived view, not a plain list.
    derived: bool,
    limit: Option<usize>,
    meter: Arc<Meter>,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T: Record> {
    rows: Rows<T>,
    readers: Readers<T>,
    readiness: Readiness,
    /// Which part of the view was last subscribed, if any.
    subscribed: Option<Window>,
    /// How many rows of the view lie before those that are held.
    base: u64,
    /// While a snapshot is under way: what of it could not be read, if anything.
    snapshot: Option<Option<FrameError>>,
    /// Rows that left a window, each until another row takes its place. The server sends the
    /// window's rows, newcomers among them, after the deletes.
    leaving: Vec<Arc<str>>,
    /// Whether it was told that there are too many rows.
    told_full: bool,
    /// What is subscribed: the rest of what may be on its way is nobody's.
    scope: Scope,
}

/// Some keys of a view, or all.
pub(super) type Scope = Option<HashSet<Arc<str>>>;

/// What a cache does for a hub, whatever its type. Whom to wake is left to the caller, who may hold
/// locks.
pub(super) trait AnyCache: Send + Sync {
    /// Takes in what is to be subscribed, where it was narrowed before.
    fn widen(&self, target: &Target);
    /// What is subscribed.
    fn scope(&self) -> Scope;
    /// Whether there was a snapshot of it before.
    fn begin(&self, target: &Target, window: Window, sort: Option<&Sort>) -> bool;
    fn finish(&self, target: &Target, wakers: &mut Wakers);
    fn unknown(&self, wakers: &mut Wakers);
    fn refuse(&self, target: &Target, issue: &Issue, wakers: &mut Wakers);
    /// What was refused is asked for again.
    fn forgive(&self, target: &Target);
    fn lose(&self);
    /// Up to where all that changed is held, if that is known: what is asked for again from there on
    /// brings all that is missing.
    fn cursor(&self) -> Option<Seq>;
    /// Applies a frame; returns the rows that did not fit.
    fn apply(&self, frame: &Frame<'_>, wakers: &mut Wakers) -> Vec<RowError>;
    /// Nothing more is there to be read for now.
    fn pause(&self, wakers: &mut Wakers);
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
    pub(super) depth: usize,
    pub(super) last_seq: Option<Seq>,
}

impl<T: Record> Cache<T> {
    pub(super) fn new(
        view: Arc<str>,
        scope: Scope,
        limit: Option<usize>,
        meter: Arc<Meter>,
    ) -> Self {
        Cache {
            derived: is_derived(&view),
            view,
            limit,
            meter,
            state: Mutex::new(State {
                rows: Rows::new(),
                readers: Readers::default(),
                readiness: Readiness::default(),
                subscribed: None,
                base: 0,
                snapshot: None,
                leaving: Vec::new(),
                told_full: false,
                scope,
            }),
        }
    }

    /// The rows of a part of the view, front to back.
    pub(crate) fn list(&self, window: Window, filter: Option<&Filter<T>>) -> Vec<Arc<T>> {
        let state = self.lock();
        let rows = lens::part(&state.rows, state.base, window, filter);
        rows.into_iter().map(|(_, _, row)| row.clone()).collect()
    }

    /// The row of this key.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<T>> {
        self.lock().rows.get(key).cloned()
    }

    /// Adds a reader: its queue gets the rows that are held, front to back, and then every change. One
    /// of a part of the view gets these once it is known which they are.
    pub(crate) fn subscribe(&self, selection: &Selection<T>, queue: &Arc<Queue<T>>) {
        let mut state = self.lock();
        let state = &mut *state;
        // Nobody waits for a queue that is new.
        let wakers = &mut Wakers::new();
        let mut push = |key: &Arc<str>, row: &Arc<T>| {
            queue.push(&Change::existing(key.clone(), row.clone()), wakers);
        };
        match selection {
            Selection::All => state.rows.iter().for_each(|(_, key, row)| push(key, row)),
            Selection::Part(..) => {}
            Selection::Keys(keys) => {
                for key in keys {
                    if let Some(row) = state.rows.get(key) {
                        push(key, row);
                    }
                }
            }
        }
        state.readers.add(selection, queue);
        if let (Selection::Part(window, _), None) = (selection, &state.snapshot) {
            let base = state.base;
            if self.covers(state.subscribed, *window) {
                let added = state.readers.parts().last();
                added
                    .into_iter()
                    .for_each(|lens| lens.start(&state.rows, base, wakers));
            }
        }
        if state.readiness.is_unknown() {
            queue.end(&self.unknown_view(), wakers);
        }
        if let Some(reason) = state.readiness.ended() {
            queue.end(reason, wakers);
        }
    }

    /// Whether a subscription brings what a reader of `window` wants.
    fn covers(&self, subscribed: Option<Window>, window: Window) -> bool {
        subscribed.is_some_and(|subscribed| subscribed.covers(window.subscribed(self.derived)))
    }

    /// Removes a reader.
    pub(crate) fn unsubscribe(&self, selection: &Selection<T>, queue: &Arc<Queue<T>>) {
        self.lock().readers.remove(selection, queue);
    }

    /// Waits until what `target` names, and of the whole view `window`, is all there, or will never
    /// be.
    pub(crate) fn outcome<'a>(
        &'a self,
        target: &'a Target,
        window: Window,
    ) -> impl Future<Output = Outcome> + 'a {
        Waiting {
            cache: self,
            target,
            window,
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
    window: Window,
    place: Place,
}

impl<T: Record> Future for Waiting<'_, T> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let waiting = &mut *self;
        let mut state = waiting.cache.lock();
        let is_covered = waiting.cache.covers(state.subscribed, waiting.window);
        state
            .readiness
            .poll(waiting.target, is_covered, &mut waiting.place, context)
    }
}

impl<T: Record> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        self.cache.lock().readiness.leave(&mut self.place);
    }
}

impl<T: Record> AnyCache for Cache<T> {
    fn widen(&self, target: &Target) {
        let mut state = self.lock();
        match target {
            // A subscription to that key is one to the whole view.
            Target::Key(key) if &**key != "*" => {
                if let Some(scope) = &mut state.scope {
                    scope.insert(key.clone());
                }
            }
            _ => state.scope = None,
        }
    }

    fn scope(&self) -> Scope {
        self.lock().scope.clone()
    }

    fn begin(&self, target: &Target, window: Window, sort: Option<&Sort>) -> bool {
        let mut state = self.lock();
        state.readiness.begin(target);
        state.rows.begin(*target == Target::All, sort);
        state.snapshot.get_or_insert(None);
        if *target != Target::All {
            return false;
        }
        let had = state.subscribed.is_some_and(|had| had.covers(window));
        if !had || window.skip != state.base {
            // What is there is not all, or cannot be counted off, until the snapshot is.
            state.readiness.recount();
        }
        state.subscribed.replace(window).is_some()
    }

    fn finish(&self, target: &Target, wakers: &mut Wakers) {
        let mut state = self.lock();
        let state = &mut *state;
        state.rows.finish();
        let begun = state.snapshot.is_some();
        let spoiled = state.snapshot.clone().flatten();
        let skip = state.subscribed.map_or(0, |window| window.skip);
        let is_moved = std::mem::replace(&mut state.base, skip) != skip;
        if !is_moved {
            state.snapshot = None;
        }
        // Else the order is in motion until the last row that is not held any more is gone. Of what
        // could not be read the rows are kept, but not where they would be counted in.
        if self.derived && begun && (spoiled.is_none() || is_moved) {
            state.leaving.extend(state.rows.missed());
            state.settle(wakers);
        }
        state.snapshot = None;
        let outcome = spoiled.map_or(Outcome::Ready, Outcome::Spoiled);
        while self.limit.is_some_and(|limit| state.rows.len() > limit) {
            state.evict(self, wakers);
        }
        let base = state.base;
        for lens in state.readers.parts() {
            if self.covers(state.subscribed, lens.window()) {
                lens.start(&state.rows, base, wakers);
            }
        }
        if state.readiness.finish(target, outcome, wakers) {
            let key = target.key().map(|key| &**key);
            state.readers.report(key, &StreamError::Resynced, wakers);
        }
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

    fn forgive(&self, target: &Target) {
        self.lock().readiness.forgive(target);
    }

    fn lose(&self) {
        let mut state = self.lock();
        state.readiness.lose();
        if let Some(spoiled) = &mut state.snapshot {
            // The next one is another.
            *spoiled = None;
        }
    }

    fn cursor(&self) -> Option<Seq> {
        let state = self.lock();
        let is_whole = self.covers(state.subscribed, Window::default());
        let is_ready = is_whole && state.readiness.is_ready() && state.snapshot.is_none();
        state.rows.cursor().filter(|_| is_ready && !self.derived)
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
                    state.leaving = state.rows.rear_first(&state.leaving);
                    let left = state.leaving.remove(0);
                    state.delete(&left, wakers);
                }
            }
            Frame::Patch {
                row, append, seq, ..
            } => {
                let taken = Taken::Patch(append, *seq);
                errors.extend(state.take_in(self, row, taken, wakers));
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
        errors
    }

    fn pause(&self, wakers: &mut Wakers) {
        self.lock().show(wakers);
    }

    fn settle(&self, wakers: &mut Wakers) {
        let mut state = self.lock();
        state.settle(wakers);
        state.show(wakers);
    }

    fn is_settled(&self) -> bool {
        self.lock().leaving.is_empty()
    }

    fn spoil(&self, error: &FrameError, wakers: &mut Wakers) {
        let mut state = self.lock();
        let report = StreamError::Frame(error.clone());
        state.readers.report(None, &report, wakers);
        state.rows.miss();
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
        state.subscribed = None;
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
            depth: state.readers.depth(),
            last_seq: state.rows.last_seq(),
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
    Patch(&'a [Cow<'f, str>], Option<Seq>),
}

impl<T: Record> State<T> {
    fn publish(&mut self, changed: &Changed<T>, wakers: &mut Wakers) {
        let moving = self.snapshot.is_some() || self.rows.turns();
        let base = self.base;
        self.readers
            .publish(&self.rows, base, changed, moving, wakers);
    }

    /// Shows the windows that could not be while the order was in motion, unless it is so still.
    fn show(&mut self, wakers: &mut Wakers) {
        if self.snapshot.is_some() {
            return;
        }
        let base = self.base;
        for lens in self.readers.parts() {
            lens.settle(&self.rows, base, wakers);
        }
    }

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
        if !matches!(taken, Taken::Patch(..)) && !self.leaving.is_empty() {
            self.leaving.retain(|key| **key != *row.key);
        }
        let input = Input {
            key: &row.key,
            data: row.data,
            live: !matches!(taken, Taken::Snapshot),
            seq: match taken {
                Taken::Patch(_, seq) => seq,
                Taken::Snapshot if !cache.derived => match Scalar::at(row.data, &["_seq"]) {
                    Some(Scalar::Text(text)) => Some(Seq::parse(&text)),
                    _ => None,
                },
                _ => None,
            },
            keep_before: self.readers.keep_before(&row.key),
        };
        let change = match taken {
            Taken::Snapshot | Taken::Upsert => self.rows.upsert(input),
            Taken::Patch(append, _) => self.rows.patch(input, append),
        };
        match change {
            Ok(change) => {
                let is_full = self.snapshot.is_none()
                    && cache.limit.is_some_and(|limit| self.rows.len() > limit);
                if is_full {
                    self.note_full(cache);
                }
                if is_full && self.rows.last().is_some_and(|last| *last == *row.key) {
                    // The newcomer is the one that is too many: no reader has heard of it.
                    cache.meter.evicted.add(1);
                    self.rows.delete(&row.key);
                    return None;
                }
                match change {
                    Some(changed) => self.publish(&changed, wakers),
                    // It may have moved all the same: the most recent one, or sorted by a value that
                    // `T` does not have.
                    None => self.readers.parts().for_each(Lens::unsettle),
                }
                if is_full {
                    self.evict(cache, wakers);
                }
                None
            }
            Err(cause) => {
                self.rows.miss();
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

    /// Takes out the row furthest from the front.
    fn evict(&mut self, cache: &Cache<T>, wakers: &mut Wakers) {
        self.note_full(cache);
        if let Some(last) = self.rows.last() {
            cache.meter.evicted.add(1);
            self.delete(&last, wakers);
        }
    }

    fn note_full(&mut self, cache: &Cache<T>) {
        if !std::mem::replace(&mut self.told_full, true) {
            cache.meter.note_full(Full {
                view: cache.view.to_string(),
                rows: self.rows.len(),
                limit: cache.limit.unwrap_or(usize::MAX),
            });
        }
    }

    fn delete(&mut self, key: &str, wakers: &mut Wakers) {
        if let Some(changed) = self.rows.delete(key) {
            self.publish(&changed, wakers);
        }
    }

    /// Takes out the rows that left the window, the last first: so none that is on its way out comes
    /// into anybody's part on that way.
    fn settle(&mut self, wakers: &mut Wakers) {
        let leaving = std::mem::take(&mut self.leaving);
        for key in self.rows.rear_first(&leaving) {
            self.delete(&key, wakers);
        }
    }
}
