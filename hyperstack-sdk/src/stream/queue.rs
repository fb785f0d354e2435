//! The queue of one reader: the changes that it has not read yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::change::{Change, ChangeKind};
use super::end::EndReason;
use super::error::StreamError;
use super::meter::Meter;
use crate::session::RemovalCause;

/// Readers to wake once no lock is held. A waker can run any code, and may even drop its stream.
pub(crate) type Wakers = Vec<Waker>;

/// What to do when a reader's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Merge the changes of each row into one, at the place of the first, until the reader has caught up. Memory is
    /// bounded by the number of rows that changed, and the last change of a row that is read is its current state.
    Conflate(usize),
    /// Drop the oldest changes, and report their number.
    DropOldest(usize),
    /// Keep all changes.
    Unbounded,
}

/// What a reader needs from its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Every change.
    Changes,
    /// Every change, with the row as it was before.
    ChangesWithBefore,
    /// Only that something changed: the reader then reads its whole window from the cache.
    Window,
}

/// The options of a queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) needs: Needs,
    pub(crate) wants_errors: bool,
    /// `None` means the client's default.
    pub(crate) policy: Option<Policy>,
}

/// How many errors a queue keeps.
const ERRORS: usize = 1024;

/// A reader's queued changes, in order. While the reader keeps up, every change is kept. The writer never waits.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    needs: Needs,
    wants_errors: bool,
    meter: Arc<Meter>,
    state: Mutex<QueueState<T>>,
}

#[derive(Debug)]
struct QueueState<T> {
    policy: Policy,
    /// `None` marks a row that was created and deleted while queued.
    changes: VecDeque<Option<Change<T>>>,
    /// How many of them are `None`.
    gaps: usize,
    /// How many changes were read, which is the place of the front one.
    read: u64,
    /// While conflating: the place of each key's queued change.
    places: Option<HashMap<Arc<str>, u64>>,
    /// Whether the window changed since the reader last read it.
    window_changed: bool,
    /// Whether errors must be read before the next change.
    has_notices: bool,
    errors: VecDeque<StreamError>,
    dropped_errors: u64,
    /// How many changes were dropped since the last [`StreamError::Lagged`].
    missed: u64,
    conflated: u64,
    /// The rows that the reader has from its old source, until those of its new source are introduced.
    recalled: HashMap<Arc<str>, Arc<T>>,
    end: Option<EndReason>,
    waker: Option<Waker>,
}

/// What a reader reads next.
#[derive(Debug)]
pub(crate) enum Next<T> {
    Change(Change<T>),
    /// The window changed.
    Window,
    // Errors and reasons are large and rare. Boxed, they do not make it slow to move a change.
    Error(Box<StreamError>),
    End(Box<EndReason>),
}

impl<T> Queue<T> {
    /// Creates a queue. `policy` applies if the options have none.
    pub(crate) fn new(options: Options, policy: Policy, meter: Arc<Meter>) -> Self {
        let needs = options.needs;
        Queue {
            needs,
            wants_errors: options.wants_errors,
            meter,
            state: Mutex::new(QueueState {
                policy: options.policy.unwrap_or(policy),
                // The first window is read as soon as it is complete.
                window_changed: needs == Needs::Window,
                changes: VecDeque::new(),
                gaps: 0,
                read: 0,
                places: None,
                has_notices: false,
                errors: VecDeque::new(),
                dropped_errors: 0,
                missed: 0,
                conflated: 0,
                recalled: HashMap::new(),
                end: None,
                waker: None,
            }),
        }
    }

    /// Sets the policy, also for the changes that are already queued.
    pub(crate) fn set_policy(&self, policy: Policy) {
        let mut state = self.lock();
        state.policy = policy;
        state.places = None;
    }

    /// Whether the reader wants each row as it was before a change.
    pub(crate) fn keeps_before(&self) -> bool {
        self.needs == Needs::ChangesWithBefore
    }

    /// Whether the reader reads whole windows.
    pub(crate) fn reads_window(&self) -> bool {
        self.needs == Needs::Window
    }

    /// Notes that the window may have changed, for a reader of whole windows.
    pub(crate) fn touch(&self, wakers: &mut Wakers) {
        if self.reads_window() {
            self.lock().touch(wakers);
        }
    }

    /// Sets the rows that the reader has from its old source. Until [`forget`](Self::forget), an introduced row is
    /// compared with them.
    pub(crate) fn recall(&self, rows: HashMap<Arc<str>, Arc<T>>) {
        self.lock().recalled = rows;
    }

    /// Whether the reader has rows from its old source that were not introduced yet.
    pub(crate) fn is_recalling(&self) -> bool {
        !self.lock().recalled.is_empty()
    }

    /// Whether the reader has this row from its old source.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.lock().recalled.contains_key(key)
    }

    /// Deletes the rows from the old source that were not introduced.
    pub(crate) fn forget(&self, wakers: &mut Wakers) {
        let recalled = std::mem::take(&mut self.lock().recalled);
        let mut recalled: Vec<_> = recalled.into_iter().collect();
        recalled.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (key, row) in recalled {
            let change = Change::removal(key, Some(row), RemovalCause::NotInResult);
            self.add(&mut self.lock(), change, wakers);
        }
    }

    /// Adds a row that the reader's source holds, unless the reader already has an equal row.
    pub(crate) fn introduce(&self, key: &Arc<str>, row: &Arc<T>, wakers: &mut Wakers)
    where
        T: PartialEq,
    {
        let mut state = self.lock();
        let before = if state.recalled.is_empty() {
            None
        } else {
            state.recalled.remove(key)
        };
        if before.as_ref() != Some(row) {
            let change = Change {
                key: key.clone(),
                kind: ChangeKind::Upsert,
                is_new: before.is_none(),
                before,
                after: Some(row.clone()),
            };
            self.add(&mut state, change, wakers);
        }
    }

    /// Adds a change. The reader's waker goes to `wakers`, to be woken once no lock is held.
    pub(crate) fn push(&self, change: Change<T>, wakers: &mut Wakers) {
        self.add(&mut self.lock(), change, wakers);
    }

    fn add(&self, state: &mut QueueState<T>, change: Change<T>, wakers: &mut Wakers) {
        if self.reads_window() {
            return state.touch(wakers);
        }
        let before = state.conflated;
        match state.policy {
            Policy::Conflate(capacity) if state.len() >= capacity => state.fold(change),
            Policy::DropOldest(capacity) if state.len() >= capacity => {
                let more = (state.len() - capacity + 1) as u64;
                (0..more).for_each(|_| drop(state.pop_change()));
                state.missed += more;
                state.has_notices = true;
                self.meter.missed.add(more);
                state.push(change);
            }
            _ => state.push(change),
        }
        let folded = state.conflated - before;
        if folded > 0 {
            self.meter.conflated.add(folded);
        }
        wakers.extend(state.waker.take());
    }

    pub(crate) fn push_error(&self, error: &StreamError, wakers: &mut Wakers) {
        if self.wants_errors {
            let mut state = self.lock();
            if state.errors.len() >= ERRORS {
                state.errors.pop_front();
                state.dropped_errors += 1;
            }
            state.errors.push_back(error.clone());
            state.has_notices = true;
            wakers.extend(state.waker.take());
        }
    }

    /// Ends the queue. The reader still reads what is queued.
    pub(crate) fn end(&self, reason: &EndReason, wakers: &mut Wakers) {
        let mut state = self.lock();
        state.end.get_or_insert_with(|| reason.clone());
        wakers.extend(state.waker.take());
    }

    /// Returns the next change or error. Errors come first: they are about rows that did not change.
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

    /// How many changes are queued.
    pub(crate) fn depth(&self) -> usize {
        self.lock().len()
    }

    /// How many changes were merged into others.
    pub(crate) fn conflated(&self) -> u64 {
        self.lock().conflated
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        // The state is consistent whenever code that could panic runs.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> QueueState<T> {
    /// How many changes are queued.
    fn len(&self) -> usize {
        self.changes.len() - self.gaps
    }

    /// Adds a change at the back or, while conflating, merges it into the queued change of its key.
    fn push(&mut self, change: Change<T>) {
        let end = self.read + self.changes.len() as u64;
        if let Some(places) = &mut self.places {
            if let Some(&place) = places.get(&change.key) {
                self.conflated += 1;
                let pending = &mut self.changes[(place - self.read) as usize];
                let Some(folded) = pending else { return };
                folded.fold(change);
                if folded.is_new && folded.after.is_none() {
                    places.remove(&folded.key);
                    *pending = None;
                    self.gaps += 1;
                    self.close_gaps();
                }
                return;
            }
            places.insert(change.key.clone(), end);
        }
        self.changes.push_back(Some(change));
    }

    /// Frees the memory of the gaps once they outnumber the changes.
    fn close_gaps(&mut self) {
        if self.gaps > 16 && self.gaps > self.changes.len() / 2 {
            self.changes.retain(Option::is_some);
            self.changes.shrink_to(2 * self.changes.len());
            self.gaps = 0;
            let changes = self.changes.iter().flatten().zip(self.read..);
            let places = changes.map(|(change, place)| (change.key.clone(), place));
            self.places = Some(places.collect());
        }
    }

    /// Starts to conflate the queued changes, if that has not started, and adds a change.
    fn fold(&mut self, change: Change<T>) {
        if self.places.is_none() {
            let pending = std::mem::take(&mut self.changes);
            self.gaps = 0;
            self.places = Some(HashMap::with_capacity(pending.len()));
            pending
                .into_iter()
                .flatten()
                .for_each(|change| self.push(change));
        }
        self.push(change);
    }

    fn pop_change(&mut self) -> Option<Change<T>> {
        let change = loop {
            match self.changes.pop_front() {
                Some(Some(change)) => break Some(change),
                Some(None) => self.gaps -= 1,
                None => break None,
            }
            self.read += 1;
        };
        self.read += u64::from(change.is_some());
        if let (Some(places), Some(change)) = (&mut self.places, &change) {
            places.remove(&change.key);
        }
        if self.len() == 0 {
            self.read += self.gaps as u64;
            self.changes.clear();
            self.gaps = 0;
            self.places = None;
        }
        change
    }

    /// Notes that the window may have changed.
    fn touch(&mut self, wakers: &mut Wakers) {
        self.window_changed = true;
        wakers.extend(self.waker.take());
    }

    /// Returns the next change, or that the window changed.
    fn pop_data(&mut self) -> Option<Next<T>> {
        if std::mem::take(&mut self.window_changed) {
            return Some(Next::Window);
        }
        self.pop_change().map(Next::Change)
    }

    fn pop(&mut self) -> Option<Next<T>> {
        if !self.has_notices {
            if let Some(change) = self.pop_data() {
                return Some(change);
            }
        }
        if let Some(count) = take(&mut self.dropped_errors) {
            return Some(Next::Error(Box::new(StreamError::Dropped { count })));
        }
        if let Some(error) = self.errors.pop_front() {
            return Some(Next::Error(Box::new(error)));
        }
        if let Some(missed) = take(&mut self.missed) {
            return Some(Next::Error(Box::new(StreamError::Lagged { missed })));
        }
        self.has_notices = false;
        self.pop_data()
            .or_else(|| Some(Next::End(Box::new(self.end.clone()?))))
    }
}

/// Returns a count that is not zero, and resets it.
fn take(count: &mut u64) -> Option<u64> {
    Some(std::mem::take(count)).filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::CloseReason;

    const GONE: ChangeKind = ChangeKind::Remove(RemovalCause::Deleted);

    fn change(key: &str, kind: ChangeKind, before: Option<u32>, after: Option<u32>) -> Change<u32> {
        Change {
            key: key.into(),
            kind,
            is_new: false,
            before: before.map(Arc::new),
            after: after.map(Arc::new),
        }
    }

    fn queue(policy: Policy) -> Queue<u32> {
        let options = Options {
            needs: Needs::ChangesWithBefore,
            wants_errors: true,
            policy: None,
        };
        Queue::new(options, policy, Arc::default())
    }

    fn push(queue: &Queue<u32>, key: &str, row: u32) {
        let change = change(key, ChangeKind::Patch, None, Some(row));
        queue.push(change, &mut Wakers::new());
    }

    type Seen = (String, ChangeKind, Option<u32>, Option<u32>);

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
        let queue = queue(Policy::Conflate(4));
        for n in 0..4 {
            queue.push(
                change("a", ChangeKind::Patch, Some(n), Some(n + 1)),
                &mut Wakers::new(),
            );
        }
        assert_eq!(drain(&queue).len(), 4);
        assert_eq!(queue.conflated(), 0);
    }

    #[test]
    fn beyond_capacity_a_key_has_one_change_at_the_place_of_its_first() {
        let queue = queue(Policy::Conflate(3));
        for n in 0..5 {
            queue.push(
                change("a", ChangeKind::Patch, Some(n), Some(n + 1)),
                &mut Wakers::new(),
            );
            queue.push(
                change("b", ChangeKind::Patch, Some(n * 10), Some(n * 10 + 10)),
                &mut Wakers::new(),
            );
        }
        assert_eq!(
            drain(&queue),
            [
                ("a".into(), ChangeKind::Patch, Some(0), Some(5)),
                ("b".into(), ChangeKind::Patch, Some(0), Some(50)),
            ]
        );
        assert_eq!(queue.conflated(), 8);
        assert_eq!(queue.meter.conflated.get(), 8);
    }

    #[test]
    fn a_merged_change_has_the_kind_that_describes_both() {
        let fold = |first, second| {
            let mut change = change("a", first, None, Some(1));
            change.fold(super::tests::change("a", second, Some(1), Some(2)));
            change.kind
        };
        assert_eq!(
            fold(ChangeKind::Patch, ChangeKind::Patch),
            ChangeKind::Patch
        );
        assert_eq!(
            fold(ChangeKind::Upsert, ChangeKind::Patch),
            ChangeKind::Upsert
        );
        assert_eq!(
            fold(ChangeKind::Patch, ChangeKind::Upsert),
            ChangeKind::Upsert
        );
        assert_eq!(fold(ChangeKind::Upsert, GONE), GONE);
        assert_eq!(fold(GONE, ChangeKind::Upsert), ChangeKind::Upsert);
        assert_eq!(fold(GONE, ChangeKind::Patch), ChangeKind::Upsert);
    }

    #[test]
    fn a_row_that_came_and_went_unread_leaves_nothing() {
        let queue = queue(Policy::Conflate(4));
        let mut wakers = Wakers::new();
        for n in 0..10_000 {
            let key = format!("{n}");
            let mut created = change(&key, ChangeKind::Upsert, None, Some(n));
            created.is_new = true;
            queue.push(created, &mut wakers);
            queue.push(change(&key, GONE, Some(n), None), &mut wakers);
        }
        {
            let state = queue.lock();
            assert!(state.changes.len() < 64 && state.changes.capacity() < 256);
            assert!(state.places.as_ref().is_some_and(|places| places.len() < 8));
        }
        push(&queue, "a", 1);
        push(&queue, "a", 2);
        // The reader had this row, so its delete stays.
        queue.push(change("b", GONE, Some(1), None), &mut wakers);
        // The first two rows were queued one by one when the conflation began.
        let read = drain(&queue);
        let kinds: Vec<_> = read
            .iter()
            .map(|(key, kind, ..)| (key.as_str(), *kind))
            .collect();
        assert_eq!(kinds, [("a", ChangeKind::Patch), ("b", GONE)]);
        assert_eq!(queue.depth(), 0);
        push(&queue, "c", 1);
        assert_eq!(drain(&queue).len(), 1);
    }

    #[test]
    fn a_change_of_a_key_that_was_read_goes_to_the_back() {
        let queue = queue(Policy::Conflate(1));
        queue.push(
            change("a", ChangeKind::Patch, None, Some(1)),
            &mut Wakers::new(),
        );
        queue.push(
            change("b", ChangeKind::Patch, None, Some(1)),
            &mut Wakers::new(),
        );
        let mut context = Context::from_waker(Waker::noop());
        let _ = queue.poll_next(&mut context);
        queue.push(
            change("a", ChangeKind::Patch, None, Some(2)),
            &mut Wakers::new(),
        );
        let keys: Vec<_> = drain(&queue).into_iter().map(|seen| seen.0).collect();
        assert_eq!(keys, ["b", "a"]);
    }

    #[test]
    fn the_oldest_changes_are_dropped_and_counted() {
        let queue = queue(Policy::DropOldest(2));
        (0..5).for_each(|row| push(&queue, "a", row));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(
            queue.poll_next(&mut context),
            Poll::Ready(Next::Error(error)) if *error == StreamError::Lagged { missed: 3 }
        ));
        let rows: Vec<_> = drain(&queue).into_iter().map(|seen| seen.3).collect();
        assert_eq!(rows, [Some(3), Some(4)]);
        assert_eq!(queue.meter.missed.get(), 3);
    }

    #[test]
    fn an_unbounded_queue_keeps_all_changes() {
        let queue = queue(Policy::Unbounded);
        (0..5_000).for_each(|row| push(&queue, "a", row));
        assert_eq!(queue.depth(), 5_000);
        assert_eq!(drain(&queue).len(), 5_000);
    }

    #[test]
    fn a_new_policy_applies_to_queued_changes_too() {
        let queue = queue(Policy::Unbounded);
        (0..5).for_each(|row| push(&queue, "a", row));
        queue.set_policy(Policy::DropOldest(4));
        push(&queue, "a", 5);
        assert_eq!((queue.depth(), queue.meter.missed.get()), (4, 2));
        let _ = queue.poll_next(&mut Context::from_waker(Waker::noop()));
        queue.set_policy(Policy::Conflate(2));
        push(&queue, "a", 6);
        assert_eq!(drain(&queue).len(), 1);
        assert_eq!(queue.meter.conflated.get(), 4);
    }

    #[test]
    fn the_end_comes_after_the_queued_changes() {
        let queue = queue(Policy::Conflate(9));
        queue.push(
            change("a", ChangeKind::Upsert, None, Some(1)),
            &mut Wakers::new(),
        );
        queue.end(
            &EndReason::Closed(CloseReason::Disconnected),
            &mut Wakers::new(),
        );
        assert_eq!(drain(&queue).len(), 1);
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(
            queue.poll_next(&mut context),
            Poll::Ready(Next::End(reason))
                if *reason == EndReason::Closed(CloseReason::Disconnected)
        ));
    }
}
