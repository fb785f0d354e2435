//! The records that a reader has not yet read.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::super::queue::Wakers;
use super::{TapeError, TapeRecord};
use crate::patch::Record;
use crate::wire::Cursor;

type Item<T> = Result<TapeRecord<T>, TapeError>;

/// The records that a reader has not yet read, in order. It never drops one: if it is full, the reader is paused.
pub(crate) struct TapeQueue<T: Record> {
    state: Mutex<State<T>>,
}

struct State<T: Record> {
    items: VecDeque<Queued<T>>,
    capacity: usize,
    is_paused: bool,
    has_ended: bool,
    /// The number of the record after the last one that was read.
    read_to: u64,
    /// The number of the first record that is not a retained one. `None` until the tape is open.
    live_from: Option<u64>,
    /// The number of errors in the queue that come before a live record. A gap is not read before its error is.
    errors: usize,
    waker: Option<Waker>,
}

struct Queued<T: Record> {
    item: Item<T>,
    /// Whether it is counted in `errors`.
    is_error: bool,
    /// The number of the record after it. Records that the filter rejects are counted with the one before.
    next: u64,
}

/// What a reader gets.
pub(crate) struct Polled<T: Record> {
    pub(crate) item: Item<T>,
    /// Whether the reader was paused and has caught up.
    pub(crate) resumes: bool,
}

impl<T: Record> TapeQueue<T> {
    /// Creates a queue that is full with `capacity` items.
    pub(crate) fn new(capacity: usize) -> Self {
        TapeQueue {
            state: Mutex::new(State {
                items: VecDeque::new(),
                capacity: capacity.max(1),
                is_paused: false,
                has_ended: false,
                read_to: 0,
                live_from: None,
                errors: 0,
                waker: None,
            }),
        }
    }

    /// The tape is open. `position` is the number of the reader's next record, and `next` that of the server's.
    pub(crate) fn open(&self, position: u64, next: u64, wakers: &mut Wakers) {
        let mut state = self.state();
        state.live_from = Some(next);
        state.note_position(position);
        wakers.extend(state.waker.take());
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().live_from.is_some()
    }

    pub(crate) fn push(&self, item: Item<T>, wakers: &mut Wakers) {
        let mut state = self.state();
        let next = match &item {
            Ok(record) => record.cursor.next(),
            Err(TapeError::Gap(gap)) => gap.resumed.next(),
            Err(_) => state.items.back().map_or(state.read_to, |last| last.next),
        };
        let is_error = match &item {
            Ok(_) => false,
            Err(TapeError::Decode { cursor, .. }) => !state.is_live(cursor),
            Err(_) => true,
        };
        state.errors += usize::from(is_error);
        let queued = Queued {
            item,
            is_error,
            next,
        };
        state.items.push_back(queued);
        wakers.extend(state.waker.take());
    }

    /// The filter rejected the record before the one with the number `next`.
    pub(crate) fn skip(&self, next: u64, wakers: &mut Wakers) {
        let mut state = self.state();
        state.note_position(next);
        if state.is_caught_up() {
            wakers.extend(state.waker.take());
        }
    }

    /// No more records follow.
    pub(crate) fn end(&self, error: Option<TapeError>, wakers: &mut Wakers) {
        if self.state().has_ended {
            return;
        }
        if let Some(error) = error {
            self.push(Err(error), wakers);
        }
        let mut state = self.state();
        state.has_ended = true;
        wakers.extend(state.waker.take());
    }

    /// Whether the queue has become full, so that the caller must pause the reader.
    pub(crate) fn pause_if_full(&self) -> bool {
        let mut state = self.state();
        let pauses = !state.is_paused && !state.has_ended && state.items.len() >= state.capacity;
        state.is_paused |= pauses;
        pauses
    }

    pub(crate) fn len(&self) -> usize {
        self.state().items.len()
    }

    /// Whether the reader has read all records that the server had when the tape opened, or opened again.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.state().is_caught_up()
    }

    /// Whether the reader has read the last item.
    pub(crate) fn has_ended(&self) -> bool {
        let state = self.state();
        state.has_ended && state.items.is_empty()
    }

    /// Takes the next item. Returns `None` at the end and, if `until_caught_up`, when the reader has read all retained
    /// records.
    pub(crate) fn poll_next(
        &self,
        context: &mut Context<'_>,
        until_caught_up: bool,
    ) -> Poll<Option<Polled<T>>> {
        let mut state = self.state();
        let is_live = until_caught_up && state.is_caught_up();
        if is_live {
            return Poll::Ready(None);
        }
        if let Some(queued) = state.items.pop_front() {
            state.read_to = queued.next;
            state.errors -= usize::from(queued.is_error);
            let item = queued.item;
            let resumes = state.is_paused && state.items.len() <= state.capacity / 2;
            state.is_paused &= !resumes;
            return Poll::Ready(Some(Polled { item, resumes }));
        }
        if state.has_ended {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Record> State<T> {
    /// The reader's next record has this number, after all that are queued.
    fn note_position(&mut self, next: u64) {
        match self.items.back_mut() {
            Some(last) => last.next = next,
            None => self.read_to = next,
        }
    }

    /// Whether the record with this cursor is not a retained one.
    fn is_live(&self, cursor: &Cursor) -> bool {
        self.live_from.is_some_and(|live| cursor.next() > live)
    }

    fn is_caught_up(&self) -> bool {
        self.errors == 0 && self.live_from.is_some_and(|live| self.read_to >= live)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use futures_util::task::noop_waker;
    use serde_json::Value;

    use super::*;
    use crate::session::{GapCause, TapeGap};

    #[test]
    fn a_reader_is_not_caught_up_before_it_has_read_a_gap() {
        let queue = TapeQueue::<Value>::new(8);
        let wakers = &mut Wakers::new();
        queue.open(50, 50, wakers);
        assert!(queue.is_caught_up());
        // The server lost its records, and numbers new ones from zero.
        let gap = TapeGap {
            view: "T/append".to_owned(),
            after: Cursor::before("e", 50),
            resumed: Cursor::before("f", 0),
            lost: None,
            cause: GapCause::NewEpoch,
        };
        queue.push(Err(TapeError::Gap(Box::new(gap))), wakers);
        queue.open(0, 10, wakers);
        assert!(!queue.is_caught_up());
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        let read = queue.poll_next(&mut context, true);
        assert!(matches!(
            read,
            Poll::Ready(Some(Polled { item: Err(_), .. }))
        ));
        assert!(!queue.is_caught_up());
        queue.skip(10, wakers);
        assert!(queue.is_caught_up());
        assert!(matches!(
            queue.poll_next(&mut context, true),
            Poll::Ready(None)
        ));
    }
}
