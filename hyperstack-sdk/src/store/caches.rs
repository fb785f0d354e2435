//! The caches of all sources.

use std::any::TypeId;
use std::sync::Arc;

use super::cache::{AnyCache, Cache};
use super::report::Report;
use super::source::Waiting;
#[cfg(feature = "metrics")]
use super::tally::{Difference, Tallied, Tallies, Tally};
use super::tape::TapeLog;
use crate::patch::Record;
use crate::session::{CloseReason, Instruction, SourceId, Step, Target};
use crate::stream::Meter;
use crate::wire::{Seq, Sort};

/// The caches of every source.
#[derive(Default)]
pub(crate) struct Caches {
    /// Indexed by source.
    sources: Vec<Option<SourceCaches>>,
    limit: Option<usize>,
    meter: Arc<Meter>,
    report: Report,
    ended: Option<CloseReason>,
    /// The number of sources that keep rows until their successors arrive.
    holding: usize,
    /// Sources whose windows must be updated at the end of the turn.
    deferred: Vec<usize>,
    /// Sources that need a snapshot to replace rows that patches cannot repair.
    to_fetch: Vec<SourceId>,
    /// Tapes whose reader must catch up.
    to_pause: Vec<SourceId>,
    #[cfg(feature = "metrics")]
    tallies: Tallies,
}

/// The caches of one source, one for each Rust type that readers use.
#[derive(Default)]
struct SourceCaches {
    caches: Vec<(TypeId, Arc<dyn AnyCache>)>,
    waiting: Waiting,
    /// The announced order of the rows.
    sort: Option<Sort>,
    /// Data frames.
    frames: u64,
    /// Decode errors of rows.
    row_errors: u64,
    #[cfg(feature = "metrics")]
    tally: Tally,
}

/// The counts of one source.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SourceCounts {
    pub(crate) rows: usize,
    pub(crate) partial_rows: usize,
    pub(crate) last_seq: Option<Seq>,
    /// Whether the caches of all types are complete.
    pub(crate) is_ready: bool,
    pub(crate) frames: u64,
    pub(crate) row_errors: u64,
}

/// Counts over all caches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) sources: usize,
    pub(crate) rows: usize,
    pub(crate) partial_rows: usize,
    pub(crate) queue_depth: usize,
    pub(crate) last_seq: Option<Seq>,
}

impl Caches {
    /// Creates caches that keep at most `limit` rows each.
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Caches {
            limit,
            ..Caches::default()
        }
    }

    /// Returns the counters that caches and queues share.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Returns the cache of a source with row type `T`, if there is one.
    pub(crate) fn get<T: Record>(&self, id: SourceId) -> Option<Arc<Cache<T>>> {
        let mut caches = self.source(id)?.caches.iter();
        let (_, cache) = caches.find(|(of, _)| *of == TypeId::of::<T>())?;
        cache.clone().as_any().downcast().ok()
    }

    /// Returns the cache of a source of `view` with row type `T`, and whether it is new.
    pub(crate) fn get_or_insert<T: Record>(
        &mut self,
        id: SourceId,
        view: &Arc<str>,
    ) -> (Arc<Cache<T>>, bool) {
        if let Some(cache) = self.get(id) {
            return (cache, false);
        }
        let is_first = self
            .source(id)
            .is_none_or(|source| source.caches.is_empty());
        let cache = Cache::<T>::new(view.clone(), self.limit, self.meter.clone(), is_first);
        let cache = Arc::new(cache);
        self.insert(id, view, TypeId::of::<T>(), cache.clone());
        (cache, true)
    }

    /// Adds the reader of a tape.
    pub(crate) fn insert_tape<T: Record>(
        &mut self,
        id: SourceId,
        view: &Arc<str>,
        log: TapeLog<T>,
    ) {
        self.insert(id, view, TypeId::of::<TapeLog<T>>(), Arc::new(log));
    }

    fn insert(&mut self, id: SourceId, view: &Arc<str>, of: TypeId, cache: Arc<dyn AnyCache>) {
        let index = id.index();
        if index >= self.sources.len() {
            self.sources.resize_with(index + 1, || None);
        }
        let source = self.sources[index].get_or_insert_default();
        if let Some(reason) = &self.ended {
            cache.end(reason, &mut self.report.wakers);
        }
        source.caches.push((of, cache));
        #[cfg(feature = "metrics")]
        self.tallies.touch(index, source.tally.of_view(view));
        #[cfg(not(feature = "metrics"))]
        let _ = view;
    }

    /// Applies a step to one source, or to all.
    pub(crate) fn apply(&mut self, instruction: &Instruction<'_>) {
        match instruction.source {
            Some(id) => self.apply_to(id.index(), &instruction.step),
            None => {
                for index in 0..self.sources.len() {
                    self.apply_to(index, &instruction.step);
                }
            }
        }
    }

    fn apply_to(&mut self, index: usize, step: &Step<'_>) {
        let report = &mut self.report;
        let Some(source) = self.sources.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        if let Step::Begin { resync: true, .. } | Step::Snapshot { restarts: true, .. } = step {
            self.meter.resyncs.add(1);
        }
        if let Step::Begin { sort, .. } = step {
            source.sort.clone_from(sort);
        }
        source.frames += u64::from(step.is_data());
        let errors = report.row_errors.len();
        let mut now = Waiting::default();
        for (_, cache) in &source.caches {
            let waiting = cache.apply(step, report);
            now.holds_rows |= waiting.holds_rows;
            now.defers_windows |= waiting.defers_windows;
            now.needs_fetch |= waiting.needs_fetch;
            now.needs_pause |= waiting.needs_pause;
        }
        source.row_errors += (report.row_errors.len() - errors) as u64;
        let before = std::mem::replace(&mut source.waiting, now);
        self.holding += usize::from(now.holds_rows);
        self.holding -= usize::from(before.holds_rows);
        if now.defers_windows && !before.defers_windows {
            self.deferred.push(index);
        }
        if now.needs_fetch && !before.needs_fetch {
            self.to_fetch.push(SourceId::from_index(index));
        }
        if now.needs_pause {
            self.to_pause.push(SourceId::from_index(index));
        }
        #[cfg(feature = "metrics")]
        self.tallies.touch(index, &mut source.tally);
        if let Step::Free = step {
            #[cfg(feature = "metrics")]
            self.tallies.free(&mut source.tally, source.frames);
            self.holding -= usize::from(now.holds_rows);
            self.sources[index] = None;
        }
    }

    /// Returns the position up to which all caches of a source have every change, if known.
    pub(crate) fn cursor(&self, id: SourceId) -> Option<Seq> {
        let caches = self.source(id)?.caches.iter();
        caches.map(|(_, cache)| cache.cursor()).min().flatten()
    }

    /// Returns the counts of a source, if it has a cache.
    pub(crate) fn counts_of(&self, id: SourceId) -> Option<SourceCounts> {
        Some(self.source(id)?.counts())
    }

    /// Returns the announced order of a source's rows.
    pub(crate) fn sort_of(&self, id: SourceId) -> Option<&Sort> {
        self.source(id)?.sort.as_ref()
    }

    /// Returns how many rows of a source the target has.
    pub(crate) fn rows_of(&self, id: SourceId, target: &Target) -> usize {
        let caches = self.source(id).into_iter().flat_map(|it| &it.caches);
        let rows = caches.map(|(_, cache)| match target {
            Target::All => cache.counts().rows,
            Target::Key(key) => usize::from(cache.has_row(key)),
        });
        rows.max().unwrap_or_default()
    }

    /// Returns what has changed since the last call.
    #[cfg(feature = "metrics")]
    pub(crate) fn take_differences(&mut self) -> Vec<Difference> {
        let (touched, mut differences) = self.tallies.take();
        for index in touched {
            if let Some(source) = self.sources.get_mut(index).and_then(Option::as_mut) {
                let counts = source.counts();
                let tallied = Tallied {
                    subscriptions: 1,
                    rows: counts.rows as i64,
                    partial_rows: counts.partial_rows as i64,
                    frames: counts.frames,
                };
                differences.push(source.tally.advance(tallied));
            }
        }
        differences
    }

    /// Returns a source that needs a new snapshot. Each need is returned once.
    pub(crate) fn poll_fetch(&mut self) -> Option<SourceId> {
        self.to_fetch.pop()
    }

    /// Returns a tape whose reader must catch up. Each one is returned once.
    pub(crate) fn poll_pause(&mut self) -> Option<SourceId> {
        self.to_pause.pop()
    }

    /// Whether any source keeps rows that left a window until their successors arrive.
    pub(crate) fn holds_rows(&self) -> bool {
        self.holding > 0
    }

    /// Ends a turn: updates the windows that wait for a complete order.
    pub(crate) fn finish_turn(&mut self) {
        let wakers = &mut self.report.wakers;
        let sources = &mut self.sources;
        self.deferred.retain(|index| {
            let Some(source) = sources.get_mut(*index).and_then(Option::as_mut) else {
                return false;
            };
            source.waiting.defers_windows = false;
            for (_, cache) in &source.caches {
                source.waiting.defers_windows |= cache.catch_up(wakers).defers_windows;
            }
            source.waiting.defers_windows
        });
    }

    /// Returns the report, which the caller must pass on.
    pub(crate) fn report(&mut self) -> &mut Report {
        &mut self.report
    }

    /// Ends all readers, because no more messages will come.
    pub(crate) fn end(&mut self, reason: &CloseReason) {
        let (source, step) = (None, Step::ReleaseHeld);
        self.apply(&Instruction { source, step });
        self.ended = Some(reason.clone());
        for (_, cache) in self.sources.iter().flatten().flat_map(|it| &it.caches) {
            cache.end(reason, &mut self.report.wakers);
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts {
            sources: self.sources.iter().flatten().count(),
            ..Counts::default()
        };
        for (_, cache) in self.sources.iter().flatten().flat_map(|it| &it.caches) {
            let cache = cache.counts();
            counts.rows += cache.rows;
            counts.partial_rows += cache.partial;
            counts.queue_depth = counts.queue_depth.max(cache.queue_depth);
            counts.last_seq = counts.last_seq.max(cache.last_seq);
        }
        counts
    }

    fn source(&self, id: SourceId) -> Option<&SourceCaches> {
        self.sources.get(id.index())?.as_ref()
    }
}

impl SourceCaches {
    fn counts(&self) -> SourceCounts {
        let mut counts = SourceCounts {
            is_ready: !self.caches.is_empty(),
            frames: self.frames,
            row_errors: self.row_errors,
            ..SourceCounts::default()
        };
        for (_, cache) in &self.caches {
            let cache = cache.counts();
            counts.rows += cache.rows;
            counts.partial_rows += cache.partial;
            counts.last_seq = counts.last_seq.max(cache.last_seq);
            counts.is_ready &= cache.is_ready;
        }
        counts
    }
}
