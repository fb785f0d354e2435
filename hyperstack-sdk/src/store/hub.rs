//! All caches, and the way of a frame to those of its view.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::Arc;

use hashbrown::HashMap;

use super::cache::AnyCache;
use super::Cache;
use crate::patch::Record;
use crate::session::{is_derived, EndReason, Event, Target};
use crate::stream::{Meter, RowError, Wakers};
use crate::wire::{Frame, FrameError, Seq};

/// The caches of every view that is read.
#[derive(Default)]
pub(crate) struct Hub {
    views: HashMap<Arc<str>, View>,
    limit: Option<usize>,
    meter: Arc<Meter>,
    ended: Option<EndReason>,
    unsettled: bool,
    /// Who has something to read. Woken once no lock is held: a waker may do anything.
    wakers: Wakers,
}

#[derive(Default)]
struct View {
    caches: Vec<(TypeId, Arc<dyn AnyCache>)>,
}

/// Counts over all caches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) views: usize,
    pub(crate) rows: usize,
    pub(crate) partial_rows: usize,
    pub(crate) queue_depth: usize,
    pub(crate) last_seq: Option<Seq>,
}

impl Hub {
    /// A hub whose caches hold at most `limit` rows each.
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Hub {
            limit,
            ..Hub::default()
        }
    }

    /// What is counted beside the caches.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// The cache of `view` as `T`, if it is read.
    pub(crate) fn held<T: Record>(&self, view: &str) -> Option<Arc<Cache<T>>> {
        let caches = &self.views.get(view)?.caches;
        let (_, cache) = caches.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
        cache.clone().as_any().downcast().ok()
    }

    /// The cache of `view` as `T`, and whether it had to be made.
    pub(crate) fn cache<T: Record>(&mut self, view: &Arc<str>) -> (Arc<Cache<T>>, bool) {
        if let Some(cache) = self.held(view) {
            return (cache, false);
        }
        let caches = &mut self.views.entry(view.clone()).or_default().caches;
        // Of a list that nobody has read there may still be the tail of an earlier subscription.
        let scope = match caches.first() {
            Some((_, cache)) => cache.scope(),
            None => (!is_derived(view)).then(HashSet::new),
        };
        let (limit, meter) = (self.limit, self.meter.clone());
        let cache = Arc::new(Cache::<T>::new(view.clone(), scope, limit, meter));
        if let Some(reason) = &self.ended {
            cache.end(reason, &mut self.wakers);
        }
        caches.push((TypeId::of::<T>(), cache.clone()));
        (cache, true)
    }

    /// Takes in what is to be subscribed, as every type that reads the view.
    pub(crate) fn widen(&self, view: &str, target: &Target) {
        let caches = self
            .views
            .get(view)
            .into_iter()
            .flat_map(|view| &view.caches);
        caches.for_each(|(_, cache)| cache.widen(target));
    }

    /// Applies a frame to the caches of its view; returns the rows that did not fit.
    ///
    /// A frame of a view that nobody reads is the tail of a subscription that was ended: it is
    /// passed over.
    pub(crate) fn apply(&mut self, frame: &Frame<'_>) -> Vec<RowError> {
        let Some(held) = self.views.get(frame.view()) else {
            return Vec::new();
        };
        self.unsettled |= matches!(frame, Frame::Delete { .. });
        let wakers = &mut self.wakers;
        let caches = held.caches.iter();
        caches
            .flat_map(|(_, cache)| cache.apply(frame, wakers))
            .collect()
    }

    /// A message could not be read. It was of the view that it names, or else may have been of any.
    pub(crate) fn spoil(&mut self, error: &FrameError) {
        match error.view() {
            Some(view) => {
                let caches = self
                    .views
                    .get(view)
                    .into_iter()
                    .flat_map(|view| &view.caches);
                caches.for_each(|(_, cache)| cache.spoil(error, &mut self.wakers));
            }
            None => self.each(|cache, wakers| cache.spoil(error, wakers)),
        }
    }

    /// Follows the session.
    pub(crate) fn handle(&mut self, event: &Event) {
        let Some(view) = event.view() else {
            return self.each(|cache, _| cache.lose());
        };
        let Some(held) = self.views.get(view) else {
            return;
        };
        let wakers = &mut self.wakers;
        let mut is_resync = false;
        for (_, cache) in &held.caches {
            match event {
                Event::Begin {
                    target,
                    window,
                    sort,
                    ..
                } => is_resync |= cache.begin(target, *window, sort.as_ref()),
                Event::Finish { target, .. } => cache.finish(target, wakers),
                Event::Unknown { .. } => cache.unknown(wakers),
                Event::Refused { target, issue, .. } => cache.refuse(target, issue, wakers),
                Event::Forgiven { target, .. } => cache.forgive(target),
                Event::Forget { keys, .. } => cache.forget(keys),
                Event::Lost => cache.lose(),
            }
        }
        self.meter.resyncs.add(u64::from(is_resync));
        if matches!(event, Event::Forget { keys, .. } if keys.is_empty()) {
            self.views.remove(view);
        }
    }

    /// Of each view, up to where all that changed is held; `None` where that is not known.
    pub(crate) fn cursors(&self) -> Vec<(Arc<str>, Option<Seq>)> {
        let cursor = |view: &View| {
            let cursors = view.caches.iter().map(|(_, cache)| cache.cursor());
            cursors.min().flatten()
        };
        let views = self.views.iter();
        views.map(|(id, view)| (id.clone(), cursor(view))).collect()
    }

    /// Whom to wake, once no lock is held.
    pub(crate) fn take_wakers(&mut self) -> Wakers {
        std::mem::take(&mut self.wakers)
    }

    /// Whether rows that left a window still wait for the upserts that should follow.
    pub(crate) fn is_unsettled(&mut self) -> bool {
        if self.unsettled {
            let mut caches = self.views.values().flat_map(|view| &view.caches);
            self.unsettled = !caches.all(|(_, cache)| cache.is_settled());
        }
        self.unsettled
    }

    /// Nothing more is there to be read for now: what is held is as good as it gets.
    pub(crate) fn pause(&mut self) {
        self.each(|cache, wakers| cache.pause(wakers));
    }

    /// Takes out the rows that left a window which nothing entered.
    pub(crate) fn settle(&mut self) {
        self.each(|cache, wakers| cache.settle(wakers));
        self.unsettled = false;
    }

    /// No more frames will come.
    pub(crate) fn end(&mut self, reason: &EndReason) {
        self.settle();
        self.ended = Some(reason.clone());
        self.each(|cache, wakers| cache.end(reason, wakers));
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally {
            views: self.views.len(),
            ..Tally::default()
        };
        for (_, cache) in self.views.values().flat_map(|view| &view.caches) {
            let cache = cache.tally();
            tally.rows += cache.rows;
            tally.partial_rows += cache.partial;
            tally.queue_depth = tally.queue_depth.max(cache.depth);
            tally.last_seq = tally.last_seq.max(cache.last_seq);
        }
        tally
    }

    fn each(&mut self, mut f: impl FnMut(&dyn AnyCache, &mut Wakers)) {
        for (_, cache) in self.views.values().flat_map(|view| &view.caches) {
            f(&**cache, &mut self.wakers);
        }
    }
}
