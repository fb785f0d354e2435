//! The progress of snapshots, and the tasks that wait for them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::session::{CloseReason, Target};
use crate::stream::Wakers;
use crate::wire::{FrameError, Issue};

/// How a target's snapshot ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// It is complete: the source has the server's rows.
    Ready,
    /// It is complete, but a malformed message may have been part of it.
    Incomplete(FrameError),
    /// The server rejected the subscription.
    Refused(Issue),
    /// The server does not know the view.
    UnknownView,
    /// The view is a tape, which has no rows.
    Tape,
    /// The client ended.
    Ended(CloseReason),
    /// The source was freed, because the query has another one.
    Moved,
}

/// The outcomes of a source's targets.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    all: Progress,
    keys: HashMap<Arc<str>, Progress>,
    ended: Option<CloseReason>,
    is_freed: bool,
    /// Rows that the ready view left out and that the next snapshot brings.
    awaited: HashSet<Arc<str>>,
    waiting: HashMap<u64, Waker>,
    last_id: u64,
}

/// The progress of a target's snapshot.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// `None` while there is no outcome.
    outcome: Option<Outcome>,
    /// Whether the target was ready before, so that the next snapshot is a resync.
    was_ready: bool,
}

/// Identifies a waiting task; [`Readiness::leave`] releases it.
pub(super) type Ticket = Option<u64>;

impl Progress {
    fn is_ready(&self) -> bool {
        self.outcome == Some(Outcome::Ready)
    }

    /// Clears an earlier failure when a snapshot of this or another target starts.
    fn forget_failure(&mut self) {
        if !self.is_ready() {
            self.outcome = None;
        }
    }

    /// Resets a ready target after the connection is lost, because its rows may be out of date.
    fn lose(&mut self) {
        let outcome = self.outcome.take();
        self.was_ready |= matches!(outcome, Some(Outcome::Ready | Outcome::Incomplete(_)));
    }
}

impl Readiness {
    /// Starts a snapshot.
    pub(super) fn begin(&mut self, target: &Target) {
        self.all.forget_failure();
        let progress = self.progress(target);
        progress.was_ready |= progress.is_ready();
        progress.forget_failure();
    }

    /// Starts a snapshot that the server sends on its own. Every target becomes ready again with it.
    pub(super) fn begin_again(&mut self) {
        for progress in self.keys.values_mut().chain([&mut self.all]) {
            progress.was_ready |= progress.is_ready();
        }
    }

    /// Waits for a row that the view left out, until the next snapshot is complete. Returns whether the key is new.
    pub(super) fn await_key(&mut self, key: &Arc<str>) -> bool {
        self.awaited.insert(key.clone())
    }

    /// Whether it waits for rows that the view left out.
    pub(super) fn awaits_keys(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// Ends a snapshot. Returns whether it was a resync.
    pub(super) fn finish(
        &mut self,
        target: &Target,
        outcome: Outcome,
        wakers: &mut Wakers,
    ) -> bool {
        wakers.extend(self.waiting.drain().map(|(_, waker)| waker));
        match target.key() {
            Some(key) => drop(self.awaited.remove(key)),
            None => self.awaited.clear(),
        }
        let progress = self.progress(target);
        progress.outcome = Some(outcome);
        std::mem::take(&mut progress.was_ready)
    }

    /// Clears a rejection, because the subscription is requested again.
    pub(super) fn clear_refusal(&mut self, target: &Target) {
        self.progress(target).outcome = None;
    }

    /// Starts over, because the source will have another part of the view.
    pub(super) fn restart(&mut self) {
        self.all.outcome = None;
    }

    /// Whether the whole view is ready.
    pub(super) fn is_ready(&self) -> bool {
        self.all.is_ready()
    }

    /// Whether the whole view or the row with this key is ready.
    pub(super) fn is_ready_for(&self, key: &str) -> bool {
        self.is_ready() || self.keys.get(key).is_some_and(Progress::is_ready)
    }

    /// Whether the row with this key, or its absence, was known at some time.
    pub(super) fn has_answered(&self, key: &str) -> bool {
        let key = self.keys.get(key);
        [Some(&self.all), key].into_iter().flatten().any(|it| {
            it.was_ready || matches!(it.outcome, Some(Outcome::Ready | Outcome::Incomplete(_)))
        })
    }

    /// Whether the whole view is ready, or every row that is read by its key.
    pub(super) fn is_complete(&self) -> bool {
        let mut keys = self.keys.values();
        self.is_ready() || !self.keys.is_empty() && keys.all(Progress::is_ready)
    }

    pub(super) fn is_unknown_view(&self) -> bool {
        self.all.outcome == Some(Outcome::UnknownView)
    }

    /// Handles a lost connection.
    pub(super) fn lose(&mut self) {
        self.all.lose();
        self.keys.values_mut().for_each(Progress::lose);
    }

    /// Keeps only these keys, because no others are subscribed.
    pub(super) fn narrow(&mut self, keys: &[Arc<str>]) {
        let all = std::mem::take(&mut self.all);
        let mut old = std::mem::take(&mut self.keys);
        for key in keys {
            let progress = old.remove(key).unwrap_or_default();
            let outcome = all.outcome.clone().or(progress.outcome);
            let was_ready = false;
            self.keys
                .insert(key.clone(), Progress { outcome, was_ready });
        }
    }

    pub(super) fn end(&mut self, reason: &CloseReason, wakers: &mut Wakers) {
        self.ended = Some(reason.clone());
        wakers.extend(self.waiting.drain().map(|(_, waker)| waker));
    }

    /// Frees the source.
    pub(super) fn free(&mut self, wakers: &mut Wakers) {
        self.is_freed = true;
        wakers.extend(self.waiting.drain().map(|(_, waker)| waker));
    }

    pub(super) fn ended(&self) -> Option<&CloseReason> {
        self.ended.as_ref()
    }

    /// Resolves when `target` has an outcome. `is_covered` says whether the whole view, if ready, has all rows that the
    /// reader needs.
    pub(super) fn poll(
        &mut self,
        target: &Target,
        is_covered: bool,
        ticket: &mut Ticket,
        context: &mut Context<'_>,
    ) -> Poll<Outcome> {
        if let Some(reason) = &self.ended {
            return Poll::Ready(Outcome::Ended(reason.clone()));
        }
        if self.is_freed {
            return Poll::Ready(Outcome::Moved);
        }
        let is_awaited = target.key().is_some_and(|key| self.awaited.contains(key));
        let key = target.key().and_then(|key| self.keys.get(key));
        let ready = key.filter(|progress| progress.is_ready());
        let all = Some(&self.all).filter(|all| is_covered || !all.is_ready());
        let progress = [ready, all, key].into_iter().flatten();
        let progress = progress.filter(|_| !is_awaited);
        if let Some(outcome) = progress
            .into_iter()
            .find_map(|it: &Progress| it.outcome.as_ref())
        {
            return Poll::Ready(outcome.clone());
        }
        let id = *ticket.get_or_insert_with(|| {
            self.last_id += 1;
            self.last_id
        });
        self.waiting.insert(id, context.waker().clone());
        Poll::Pending
    }

    pub(super) fn leave(&mut self, ticket: &mut Ticket) {
        if let Some(id) = ticket.take() {
            self.waiting.remove(&id);
        }
    }

    fn progress(&mut self, target: &Target) -> &mut Progress {
        match target {
            Target::All => &mut self.all,
            Target::Key(key) => self.keys.entry(key.clone()).or_default(),
        }
    }
}
