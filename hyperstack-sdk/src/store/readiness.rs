//! What of a view is known to be complete, and who waits to know.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::session::{EndReason, Target};
use crate::stream::Wakers;
use crate::wire::{FrameError, Issue};

/// What came of a target's snapshot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// It is over: what is held is what the server has.
    Ready,
    /// It is over, but a message that may have been part of it could not be read.
    Spoiled(FrameError),
    /// The server refused the subscription.
    Refused(Issue),
    /// The server knows no such view.
    UnknownView,
    /// Nothing more will come.
    Ended(EndReason),
}

/// The outcomes of a view's targets.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    all: Option<Outcome>,
    keys: HashMap<Arc<str>, Outcome>,
    /// What was there before, and is being sent again.
    again: HashSet<Target>,
    ended: Option<EndReason>,
    waiting: HashMap<u64, Waker>,
    last_id: u64,
}

/// A place among those who wait; given back by [`Readiness::leave`].
pub(super) type Place = Option<u64>;

impl Readiness {
    /// A snapshot begins: an earlier failure is forgotten, an earlier success still stands.
    pub(super) fn begin(&mut self, target: &Target) {
        let ready = |outcome: &Outcome| *outcome == Outcome::Ready;
        let had = match target {
            Target::All => self.all.as_ref(),
            Target::Key(key) => self.keys.get(key),
        };
        if had.is_some_and(ready) {
            self.again.insert(target.clone());
        }
        self.all = self.all.take().filter(ready);
        if let Target::Key(key) = target {
            if !self.keys.get(key).is_some_and(ready) {
                self.keys.remove(key);
            }
        }
    }

    /// The snapshot is over; whether it was one of what was there before.
    pub(super) fn finish(
        &mut self,
        target: &Target,
        outcome: Outcome,
        wakers: &mut Wakers,
    ) -> bool {
        match target {
            Target::All => self.all = Some(outcome),
            Target::Key(key) => {
                self.keys.insert(key.clone(), outcome);
            }
        }
        self.wake(wakers);
        self.again.remove(target)
    }

    /// A refusal is no answer any more.
    pub(super) fn forgive(&mut self, target: &Target) {
        match target {
            Target::All => self.all = None,
            Target::Key(key) => drop(self.keys.remove(key)),
        }
    }

    /// The view does not exist, whatever was asked of it.
    pub(super) fn unknown(&mut self, wakers: &mut Wakers) {
        self.finish(&Target::All, Outcome::UnknownView, wakers);
    }

    /// What is held of the whole view is about to be another part of it.
    pub(super) fn recount(&mut self) {
        self.all = None;
    }

    /// Whether the whole view is there.
    pub(super) fn is_ready(&self) -> bool {
        self.all == Some(Outcome::Ready)
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.all == Some(Outcome::UnknownView)
    }

    /// The connection is lost: what is held may be old.
    pub(super) fn lose(&mut self) {
        let had = |outcome: &Outcome| matches!(outcome, Outcome::Ready | Outcome::Spoiled(_));
        let all = self.all.take().filter(had).map(|_| Target::All);
        let keys = self.keys.drain().filter(|(_, outcome)| had(outcome));
        let keys = keys.map(|(key, _)| Target::Key(key));
        self.again.extend(all.into_iter().chain(keys));
    }

    /// Only these keys are still subscribed.
    pub(super) fn narrow(&mut self, keys: &[Arc<str>]) {
        self.again.clear();
        match self.all.take() {
            Some(all) => {
                let each = keys.iter().map(|key| (key.clone(), all.clone()));
                self.keys = each.collect();
            }
            None => self.keys.retain(|key, _| keys.contains(key)),
        }
    }

    pub(super) fn end(&mut self, reason: &EndReason, wakers: &mut Wakers) {
        self.ended = Some(reason.clone());
        self.wake(wakers);
    }

    pub(super) fn ended(&self) -> Option<&EndReason> {
        self.ended.as_ref()
    }

    /// Ready once what `target` names is all there, or will never be. `is_covered` is whether what was
    /// subscribed last brings all that is wanted of the whole view.
    pub(super) fn poll(
        &mut self,
        target: &Target,
        is_covered: bool,
        place: &mut Place,
        context: &mut Context<'_>,
    ) -> Poll<Outcome> {
        if let Some(reason) = &self.ended {
            return Poll::Ready(Outcome::Ended(reason.clone()));
        }
        let key = target.key().and_then(|key| self.keys.get(key));
        let ready = key.filter(|outcome| **outcome == Outcome::Ready);
        let brings_all = |outcome: &&Outcome| is_covered || **outcome != Outcome::Ready;
        let all = self.all.as_ref().filter(brings_all);
        if let Some(outcome) = ready.or(all).or(key) {
            return Poll::Ready(outcome.clone());
        }
        let id = *place.get_or_insert_with(|| {
            self.last_id += 1;
            self.last_id
        });
        self.waiting.insert(id, context.waker().clone());
        Poll::Pending
    }

    pub(super) fn leave(&mut self, place: &mut Place) {
        if let Some(id) = place.take() {
            self.waiting.remove(&id);
        }
    }

    fn wake(&mut self, wakers: &mut Wakers) {
        wakers.extend(self.waiting.drain().map(|(_, waker)| waker));
    }
}
