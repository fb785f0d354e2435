//! All caches, and the way of a frame to those of its view.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use super::cache::AnyCache;
use super::Cache;
use crate::patch::Patchable;
use crate::session::{EndReason, Event};
use crate::stream::{RowError, StreamError};
use crate::wire::{Frame, FrameError};

/// The caches of every view that is read.
#[derive(Default)]
pub(crate) struct Hub {
    views: HashMap<Arc<str>, View>,
    limit: Option<usize>,
    ended: Option<EndReason>,
    unsettled: bool,
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
    pub(crate) evicted_rows: u64,
}

impl Hub {
    /// A hub whose caches hold at most `limit` rows each.
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Hub {
            limit,
            ..Hub::default()
        }
    }

    /// The cache of `view` as `T`, and whether it had to be made.
    pub(crate) fn cache<T: Patchable>(&mut self, view: &Arc<str>) -> (Arc<Cache<T>>, bool) {
        let caches = &mut self.views.entry(view.clone()).or_default().caches;
        let held = caches.iter().find(|(id, _)| *id == TypeId::of::<T>());
        if let Some(Ok(cache)) = held.map(|(_, cache)| cache.clone().as_any().downcast()) {
            return (cache, false);
        }
        let cache = Arc::new(Cache::<T>::new(view.clone(), self.limit));
        if let Some(reason) = &self.ended {
            cache.end(reason);
        }
        caches.push((TypeId::of::<T>(), cache.clone()));
        (cache, true)
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
        let caches = held.caches.iter();
        caches.flat_map(|(_, cache)| cache.apply(frame)).collect()
    }

    /// Tells the readers who ask for errors of a message that could not be read: those of its view,
    /// or, since it may have been of any view, all of them.
    pub(crate) fn report(&self, error: &FrameError) {
        let report = StreamError::Frame(error.clone());
        match error.view() {
            Some(view) => {
                let caches = self
                    .views
                    .get(view)
                    .into_iter()
                    .flat_map(|view| &view.caches);
                caches.for_each(|(_, cache)| cache.report(&report));
            }
            None => self.each(|cache| cache.report(&report)),
        }
    }

    /// Follows the session.
    pub(crate) fn handle(&mut self, event: &Event) {
        let (Event::Begin { view, .. }
        | Event::Finish { view, .. }
        | Event::Unknown { view, .. }
        | Event::Forget { view, .. }) = event;
        let Some(held) = self.views.get(view) else {
            return;
        };
        for (_, cache) in &held.caches {
            match event {
                Event::Begin { target, sort, .. } => cache.begin(target, sort.as_ref()),
                Event::Finish { target, .. } => cache.finish(target),
                Event::Unknown { .. } => cache.unknown(),
                Event::Forget { keys, .. } => cache.forget(keys),
            }
        }
        if matches!(event, Event::Forget { keys, .. } if keys.is_empty()) {
            self.views.remove(view);
        }
    }

    /// Whether rows that left a window still wait for the upserts that should follow.
    pub(crate) fn is_unsettled(&mut self) -> bool {
        if self.unsettled {
            let mut caches = self.views.values().flat_map(|view| &view.caches);
            self.unsettled = !caches.all(|(_, cache)| cache.is_settled());
        }
        self.unsettled
    }

    /// Takes out the rows that left a window which nothing entered.
    pub(crate) fn settle(&mut self) {
        self.each(|cache| cache.settle());
        self.unsettled = false;
    }

    /// No more frames will come.
    pub(crate) fn end(&mut self, reason: &EndReason) {
        self.settle();
        self.ended = Some(reason.clone());
        self.each(|cache| cache.end(reason));
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally {
            views: self.views.len(),
            ..Tally::default()
        };
        self.each(|cache| {
            let cache = cache.tally();
            tally.rows += cache.rows;
            tally.partial_rows += cache.partial;
            tally.evicted_rows += cache.evicted;
        });
        tally
    }

    fn each(&self, mut f: impl FnMut(&dyn AnyCache)) {
        for view in self.views.values() {
            view.caches.iter().for_each(|(_, cache)| f(&**cache));
        }
    }
}
