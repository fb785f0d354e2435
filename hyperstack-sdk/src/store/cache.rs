//! A source as one Rust type, shared by its readers and the driver.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::readers::{Moved, RowsOf, Selection};
use super::readiness::{Outcome, Ticket};
use super::report::{PartialRows, Report};
use super::source::{Source, Waiting};
use super::window::{self, Predicate};
use crate::patch::Record;
use crate::session::{CloseReason, Step, Target, Window};
use crate::stream::{Meter, Queue, Wakers};
use crate::wire::Seq;

/// A source as one Rust type, behind a lock of its own.
#[derive(Debug)]
pub(crate) struct Cache<T: Record> {
    source: Mutex<Source<T>>,
}

/// The operations of a cache that do not depend on its row type.
pub(super) trait AnyCache: Send + Sync {
    /// Takes a step. The caller wakes readers, because it may hold locks.
    fn apply(&self, step: &Step<'_>, report: &mut Report) -> Waiting;
    /// Ends the turn: updates the windows that were deferred.
    fn catch_up(&self, wakers: &mut Wakers) -> Waiting;
    /// Ends all readers.
    fn end(&self, reason: &CloseReason, wakers: &mut Wakers);
    /// Returns the position up to which the cache has every change, if known.
    fn cursor(&self) -> Option<Seq>;
    fn counts(&self) -> CacheCounts;
    fn has_row(&self, key: &str) -> bool;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// The counts of one cache.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CacheCounts {
    pub(super) rows: usize,
    pub(super) partial: usize,
    pub(super) queue_depth: usize,
    pub(super) last_seq: Option<Seq>,
    pub(super) is_ready: bool,
}

impl<T: Record> Cache<T> {
    pub(super) fn new(
        view: Arc<str>,
        limit: Option<usize>,
        meter: Arc<Meter>,
        is_first: bool,
    ) -> Self {
        Cache {
            source: Mutex::new(Source::new(view, limit, meter, is_first)),
        }
    }

    /// Returns the rows of a window, front to back.
    pub(crate) fn list(&self, window: Window, filter: Option<&Predicate<T>>) -> Vec<Arc<T>> {
        let source = self.lock();
        let rows = window::select(&source.rows, source.base, window, filter);
        rows.into_iter().map(|(_, _, row)| row.clone()).collect()
    }

    /// Returns the rows that a reader of whole windows has, front to back, or `None` while they are not complete.
    pub(crate) fn window(
        &self,
        selection: &Selection<T>,
        queue: &Arc<Queue<T>>,
    ) -> Option<Vec<Arc<T>>> {
        self.lock().window(selection, queue)
    }

    /// Returns the row with this key.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<T>> {
        self.lock().rows.get(key).cloned()
    }

    /// Whether the whole view or the row with this key is ready.
    pub(crate) fn is_ready(&self, key: &str) -> bool {
        self.lock().readiness.is_ready_for(key)
    }

    /// Returns the dotted paths of a row's stale fields.
    pub(crate) fn stale_fields(&self, key: &str) -> Vec<String> {
        self.lock().rows.stale_fields(key).to_vec()
    }

    /// Returns the field that the target's rows lack, if all of them are partial.
    pub(crate) fn partial(&self, target: &Target) -> Option<PartialRows> {
        self.lock().partial(target)
    }

    /// Returns the row with this key if the whole view is ready.
    pub(crate) fn get_from_ready_view(&self, key: &str) -> Option<Arc<T>> {
        let source = self.lock();
        let is_ready = source.readiness.is_ready()
            && source.readiness.ended().is_none()
            && source.covers(Window::default());
        source.rows.get(key).filter(|_| is_ready).cloned()
    }

    /// Exempts a row from the row limit, until it is [unpinned](Self::unpin). Returns whether the row was left
    /// out, so that it must be fetched.
    pub(crate) fn pin(&self, key: &Arc<str>) -> bool {
        self.lock().pin(key)
    }

    /// Applies the row limit to the row again.
    pub(crate) fn unpin(&self, key: &str) {
        self.lock().unpin(key);
    }

    /// Adds a reader. Its queue gets the present rows, front to back, and then every change.
    pub(crate) fn subscribe(&self, selection: &Selection<T>, queue: &Arc<Queue<T>>) {
        // A new queue has no waker.
        self.lock().add_reader(selection, queue, &mut Wakers::new());
    }

    /// Removes a reader. Returns the rows that it came with, which the caller drops outside of locks.
    pub(crate) fn unsubscribe(
        &self,
        selection: &Selection<T>,
        queue: &Arc<Queue<T>>,
    ) -> Option<RowsOf<T>> {
        let moved = self.lock().readers.remove(selection, queue);
        moved.map(|moved| moved.rows)
    }

    /// Removes a reader that moves to another source. Returns the rows that it has.
    pub(crate) fn release(&self, selection: &Selection<T>, queue: &Arc<Queue<T>>) -> RowsOf<T> {
        let mut source = self.lock();
        if let Some(moved) = source.readers.remove_moved(selection, queue) {
            return moved.rows;
        }
        let rows = source.rows_of(selection, queue);
        source.readers.remove(selection, queue);
        rows
    }

    /// Adds a reader that moves here from another source with these rows. It gets the difference when this source is
    /// complete.
    pub(crate) fn receive(
        &self,
        selection: Selection<T>,
        queue: Arc<Queue<T>>,
        rows: RowsOf<T>,
        wakers: &mut Wakers,
    ) {
        let mut source = self.lock();
        if rows.is_empty() {
            source.add_reader(&selection, &queue, wakers);
        } else {
            source.readers.receive(Moved {
                selection,
                queue,
                rows,
            });
        }
    }

    /// Waits until `target` has an outcome. For the whole view, also waits until the source has the needed rows.
    pub(crate) fn outcome<'a>(
        &'a self,
        target: &'a Target,
        needed: Window,
    ) -> impl Future<Output = Outcome> + 'a {
        WaitForOutcome {
            cache: self,
            target,
            needed,
            ticket: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Source<T>> {
        // A poisoned lock is safe to use, because nothing panics in the middle of a change.
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resolves to a target's outcome. Releases its ticket when dropped.
struct WaitForOutcome<'a, T: Record> {
    cache: &'a Cache<T>,
    target: &'a Target,
    needed: Window,
    ticket: Ticket,
}

impl<T: Record> Future for WaitForOutcome<'_, T> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let wait = &mut *self;
        let mut source = wait.cache.lock();
        let is_covered = source.covers(wait.needed);
        let ticket = &mut wait.ticket;
        source
            .readiness
            .poll(wait.target, is_covered, ticket, context)
    }
}

impl<T: Record> Drop for WaitForOutcome<'_, T> {
    fn drop(&mut self) {
        self.cache.lock().readiness.leave(&mut self.ticket);
    }
}

impl<T: Record> AnyCache for Cache<T> {
    fn apply(&self, step: &Step<'_>, report: &mut Report) -> Waiting {
        let mut source = self.lock();
        source.apply(step, report);
        source.waiting()
    }

    fn catch_up(&self, wakers: &mut Wakers) -> Waiting {
        let mut source = self.lock();
        source.catch_up(wakers);
        source.waiting()
    }

    fn end(&self, reason: &CloseReason, wakers: &mut Wakers) {
        self.lock().end(reason, wakers);
    }

    fn cursor(&self) -> Option<Seq> {
        self.lock().cursor()
    }

    fn counts(&self) -> CacheCounts {
        let source = self.lock();
        CacheCounts {
            rows: source.rows.len(),
            partial: source.rows.partial(),
            queue_depth: source.readers.depth(),
            last_seq: source.rows.guard().last_seq(),
            is_ready: source.readiness.is_complete(),
        }
    }

    fn has_row(&self, key: &str) -> bool {
        self.lock().rows.get(key).is_some()
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
