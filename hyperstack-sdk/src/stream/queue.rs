//! What a reader has not read yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Change, StreamError};
use crate::session::EndReason;

/// Readers to wake, once no lock is held: a waker may do anything, drop its stream included.
pub(crate) type Wakers = Vec<Waker>;

/// A reader's pending changes: in order, one by one, until the reader is further behind than the
/// queue's capacity; from then on the pending changes of a key fold into one, at the place of the
/// first, until the reader has caught up. Memory is bounded by the number of keys that changed, the writer never
/// waits, and what the reader reads last is the truth.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    capacity: usize,
    keeps_before: bool,
    wants_errors: bool,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    changes: VecDeque<Change<T>>,
    /// How many changes were read: the place of the front one.
    read: u64,
    /// While conflating: the place of each key's pending change.
    places: Option<HashMap<Arc<str>, u64>>,
    errors: VecDeque<StreamError>,
    dropped_errors: u64,
    conflated: u64,
    end: Option<EndReason>,
    waker: Option<Waker>,
}

/// What a reader finds.
#[derive(Debug)]
pub(crate) enum Next<T> {
    Change(Change<T>),
    Error(StreamError),
    Dropped(u64),
    End(EndReason),
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize, keeps_before: bool, wants_errors: bool) -> Self {
        Queue {
            capacity: capacity.max(1),
            keeps_before,
            wants_errors,
            state: Mutex::new(State {
                changes: VecDeque::new(),
                read: 0,
                places: None,
                errors: VecDeque::new(),
                dropped_errors: 0,
                conflated: 0,
                end: None,
                waker: None,
            }),
        }
    }

    /// Whether the reader asks what a row was before.
    pub(crate) fn keeps_before(&self) -> bool {
        self.keeps_before
    }

    /// Adds a change; adds the reader's waker to those to be woken once no lock is held.
    pub(crate) fn push(&self, change: &Change<T>, wakers: &mut Wakers) {
        let mut state = self.lock();
        if state.changes.len() >= self.capacity && state.places.is_none() {
            state.conflate();
        }
        state.push(change.clone());
        wakers.extend(state.waker.take());
    }

    pub(crate) fn push_error(&self, error: &StreamError, wakers: &mut Wakers) {
        if self.wants_errors {
            let mut state = self.lock();
            if state.errors.len() >= self.capacity {
                state.errors.pop_front();
                state.dropped_errors += 1;
            }
            state.errors.push_back(error.clone());
            wakers.extend(state.waker.take());
        }
    }

    /// Nothing more will come; what is pending is still read.
    pub(crate) fn end(&self, reason: &EndReason, wakers: &mut Wakers) {
        let mut state = self.lock();
        state.end.get_or_insert_with(|| reason.clone());
        wakers.extend(state.waker.take());
    }

    /// The next thing to read. Errors, being about rows that did not change, go first.
    pub(crate) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Next<T>> {
        let mut state = self.lock();
        match state.pop() {
            Some(next) => Poll::Ready(next),
            None => {
                match &mut state.waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    waker => *waker = Some(context.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// How many changes were folded into others.
    pub(crate) fn conflated(&self) -> u64 {
        self.lock().conflated
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Every change to the state is complete before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn push(&mut self, change: Change<T>) {
        let end = self.read + self.changes.len() as u64;
        if let Some(places) = &mut self.places {
            match places.get(&change.key) {
                Some(&place) if place >= self.read => {
                    self.conflated += 1;
                    self.changes[(place - self.read) as usize].fold(change);
                    return;
                }
                _ => {
                    places.insert(change.key.clone(), end);
                }
            }
        }
        self.changes.push_back(change);
    }

    /// Folds what is pending, and from now on what comes.
    fn conflate(&mut self) {
        let pending = std::mem::take(&mut self.changes);
        self.places = Some(HashMap::with_capacity(pending.len()));
        pending.into_iter().for_each(|change| self.push(change));
    }

    fn pop(&mut self) -> Option<Next<T>> {
        if self.dropped_errors > 0 {
            return Some(Next::Dropped(std::mem::take(&mut self.dropped_errors)));
        }
        if let Some(error) = self.errors.pop_front() {
            return Some(Next::Error(error));
        }
        if let Some(change) = self.changes.pop_front() {
            self.read += 1;
            if self.changes.is_empty() {
                self.places = None;
            }
            return Some(Next::Change(change));
        }
        self.end.clone().map(Next::End)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Kind;

    fn change(key: &str, kind: Kind, before: Option<u32>, after: Option<u32>) -> Change<u32> {
        Change {
            key: key.into(),
            kind,
            before: before.map(Arc::new),
            after: after.map(Arc::new),
        }
    }

    type Seen = (String, Kind, Option<u32>, Option<u32>);

    fn drain(queue: &Queue<u32>) -> Vec<Seen> {
        let mut context = Context::from_waker(Waker::noop());
        let mut seen = Vec::new();
        while let Poll::Ready(Next::Change(change)) = queue.poll_next(&mut context) {
            let value = |row: Option<Arc<u32>>| row.map(|row| *row);
            seen.push((
                change.key.to_string(),
                change.kind,
                value(change.before),
                value(change.after),
            ));
        }
        seen
    }

    #[test]
    fn within_capacity_every_change_is_read() {
        let queue = Queue::new(4, true, false);
        for n in 0..4 {
            queue.push(
                &change("a", Kind::Patch, Some(n), Some(n + 1)),
                &mut Wakers::new(),
            );
        }
        assert_eq!(drain(&queue).len(), 4);
        assert_eq!(queue.conflated(), 0);
    }

    #[test]
    fn beyond_capacity_a_key_has_one_change_at_the_place_of_its_first() {
        let queue = Queue::new(3, true, false);
        for n in 0..5 {
            queue.push(
                &change("a", Kind::Patch, Some(n), Some(n + 1)),
                &mut Wakers::new(),
            );
            queue.push(
                &change("b", Kind::Patch, Some(n * 10), Some(n * 10 + 10)),
                &mut Wakers::new(),
            );
        }
        assert_eq!(
            drain(&queue),
            [
                ("a".into(), Kind::Patch, Some(0), Some(5)),
                ("b".into(), Kind::Patch, Some(0), Some(50)),
            ]
        );
        assert_eq!(queue.conflated(), 8);
    }

    #[test]
    fn folding_kinds() {
        let fold = |first, second| {
            let mut change = change("a", first, None, Some(1));
            change.fold(super::tests::change("a", second, Some(1), Some(2)));
            change.kind
        };
        assert_eq!(fold(Kind::Patch, Kind::Patch), Kind::Patch);
        assert_eq!(fold(Kind::Upsert, Kind::Patch), Kind::Upsert);
        assert_eq!(fold(Kind::Patch, Kind::Upsert), Kind::Upsert);
        assert_eq!(fold(Kind::Upsert, Kind::Delete), Kind::Delete);
        assert_eq!(fold(Kind::Delete, Kind::Upsert), Kind::Upsert);
        assert_eq!(fold(Kind::Delete, Kind::Patch), Kind::Upsert);
    }

    #[test]
    fn a_key_read_meanwhile_gets_a_new_place() {
        let queue = Queue::new(1, false, false);
        queue.push(&change("a", Kind::Patch, None, Some(1)), &mut Wakers::new());
        queue.push(&change("b", Kind::Patch, None, Some(1)), &mut Wakers::new());
        let mut context = Context::from_waker(Waker::noop());
        let _ = queue.poll_next(&mut context);
        queue.push(&change("a", Kind::Patch, None, Some(2)), &mut Wakers::new());
        let keys: Vec<_> = drain(&queue).into_iter().map(|seen| seen.0).collect();
        assert_eq!(keys, ["b", "a"]);
    }

    #[test]
    fn the_end_comes_after_what_is_pending() {
        let queue = Queue::new(9, false, false);
        queue.push(
            &change("a", Kind::Upsert, None, Some(1)),
            &mut Wakers::new(),
        );
        queue.end(&EndReason::Disconnected, &mut Wakers::new());
        assert_eq!(drain(&queue).len(), 1);
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(
            queue.poll_next(&mut context),
            Poll::Ready(Next::End(EndReason::Disconnected))
        ));
    }
}
