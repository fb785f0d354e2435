//! Handles that keep a connection open, and guards that keep queries subscribed.

use std::any::Any;
use std::sync::{Arc, MutexGuard, Weak};

use super::core::Core;
use super::readers::{Reader, ReaderId};
use super::shared::Engine;
use crate::patch::Record;
use crate::session::{
    CloseReason, Query, Route, Session, SourceId, TapeQuery, Time, TooManySubscriptions,
};
use crate::store::{Cache, Predicate, TapeLog};
use crate::stream::{EndReason, Options, Policy, Queue, ReadWindow, Subscription, TapeQueue};

/// A client's handle to its connection. Dropping the last one closes the connection.
#[derive(Clone)]
pub(crate) struct Handle {
    guard: Arc<CloseOnDrop>,
}

struct CloseOnDrop(Arc<Engine>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close(CloseReason::Dropped);
    }
}

impl Handle {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Handle {
            guard: Arc::new(CloseOnDrop(engine)),
        }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.guard.0
    }

    /// Returns what keeps the connection open while it is upgraded.
    pub(crate) fn connection(&self) -> Weak<dyn Any + Send + Sync> {
        let guard: Weak<CloseOnDrop> = Arc::downgrade(&self.guard);
        guard
    }
}

/// Keeps a query subscribed until it is dropped.
pub(crate) struct Demand<T: Record> {
    engine: Arc<Engine>,
    query: Query,
    cache: Arc<Cache<T>>,
}

impl<T: Record> Drop for Demand<T> {
    fn drop(&mut self) {
        let now = self.engine.now();
        if let Some(key) = self.query.target.key() {
            self.cache.unpin(key);
        }
        self.engine.core().session.release(&self.query, now);
        self.engine.wake();
    }
}

/// Removes a stream's reader when it is dropped.
struct ReaderGuard<T> {
    engine: Arc<Engine>,
    id: ReaderId,
    queue: Arc<Queue<T>>,
}

impl<T: Record> ReadWindow<T> for ReaderGuard<T> {
    fn window(&self) -> Option<Vec<Arc<T>>> {
        let places = self.engine.core().readers.places(self.id)?;
        let windows = places.iter().map(|place| place.window(&self.queue));
        Some(windows.collect::<Option<Vec<_>>>()?.concat())
    }
}

impl<T> Drop for ReaderGuard<T> {
    fn drop(&mut self) {
        let now = self.engine.now();
        let mut core = self.engine.core();
        let mut reader = core.readers.remove(self.id);
        for query in reader.iter_mut().flat_map(|reader| reader.leave()) {
            core.session.release(&query, now);
        }
        drop(core);
        self.engine.wake();
        // Dropped without a lock: the destructor of a row's type can run any code.
        drop(reader);
    }
}

/// Where a query's rows are cached, and how the query reads them.
pub(crate) struct Place<T: Record> {
    pub(crate) cache: Arc<Cache<T>>,
    pub(crate) route: Route,
}

impl Core {
    /// Adds a reader of a query. A reader that joins the cache under the same lock misses no change. If the row limit
    /// left out the query's row, the row is fetched.
    fn place<T: Record>(&mut self, query: &Query, now: Time) -> Place<T> {
        let route = self.session.want(query);
        let (cache, is_new) = self.caches.get_or_insert(route.source, &query.view);
        let is_left_out = query.target.key().is_some_and(|key| cache.pin(key));
        if is_new || is_left_out {
            self.session.resync(query);
        }
        self.follow(now);
        Place { cache, route }
    }
}

impl Engine {
    /// Adds a reader of a query. Dropping the demand removes it.
    ///
    /// # Errors
    ///
    /// [`TooManySubscriptions`].
    pub(crate) fn want<T: Record>(
        self: &Arc<Self>,
        query: &Query,
    ) -> Result<(Place<T>, Demand<T>), TooManySubscriptions> {
        let mut core = self.admit(std::slice::from_ref(query))?;
        let place: Place<T> = core.place(query, self.now());
        drop(core);
        self.wake();
        let demand = Demand {
            engine: self.clone(),
            query: query.clone(),
            cache: place.cache.clone(),
        };
        Ok((place, demand))
    }

    fn admit(&self, queries: &[Query]) -> Result<MutexGuard<'_, Core>, TooManySubscriptions> {
        self.admitting(|session| session.admit(queries))
    }

    /// Lets the session admit a reader. Even if it rejects the reader, it may have ended queries that only linger.
    fn admitting(
        &self,
        admit: impl FnOnce(&mut Session) -> Result<(), TooManySubscriptions>,
    ) -> Result<MutexGuard<'_, Core>, TooManySubscriptions> {
        let mut core = self.core();
        let admitted = admit(&mut core.session);
        core.follow(self.now());
        match admitted {
            Ok(()) => Ok(core),
            Err(error) => {
                drop(core);
                self.wake();
                Err(error)
            }
        }
    }

    /// Returns where a query's rows are cached, if it has a reader with rows of type `T`.
    pub(crate) fn cached<T: Record>(&self, query: &Query) -> Option<Place<T>> {
        let core = self.core();
        let route = core.session.route(query)?;
        let cache = core.caches.get(route.source)?;
        Some(Place { cache, route })
    }

    /// Returns a row of a view as any of the view's sources holds it now, and the source's cache. Prefers a
    /// source that is ready.
    pub(crate) fn held_row<T: Record>(
        &self,
        view: &str,
        key: &str,
    ) -> Option<(Arc<T>, Arc<Cache<T>>)> {
        let core = self.core();
        let sources = core.session.sources_of(view).into_iter();
        let caches: Vec<Arc<Cache<T>>> = sources.filter_map(|id| core.caches.get(id)).collect();
        drop(core);
        let row = |cache: &Arc<Cache<T>>| Some((cache.get(key)?, cache.clone()));
        let mut ready = caches.iter().filter(|cache| cache.is_ready(key));
        ready.find_map(row).or_else(|| caches.iter().find_map(row))
    }

    /// Adds a stream's reader.
    pub(crate) fn subscribe<T: Record>(
        self: &Arc<Self>,
        queries: Vec<Query>,
        filter: Option<Predicate<T>>,
        options: Options,
    ) -> Subscription<T> {
        if queries.is_empty() {
            return Subscription::ended(options, &EndReason::NothingToWatch);
        }
        let policy = Policy::Conflate(self.queue_capacity());
        let meter = self.core().caches.meter().clone();
        let queue = Arc::new(Queue::new(options, policy, meter));
        let mut core = match self.admit(&queries) {
            Ok(core) => core,
            Err(error) => return Subscription::ended(options, &error.into()),
        };
        let now = self.now();
        let mut reader = Reader::new(queue.clone(), filter);
        for query in queries {
            let Place { cache, route } = core.place(&query, now);
            reader.join(query, cache, &route);
        }
        let id = core.readers.insert(reader);
        drop(core);
        self.wake();
        let guard = ReaderGuard {
            engine: self.clone(),
            id,
            queue: queue.clone(),
        };
        Subscription::new(queue, guard)
    }

    /// Adds the reader of a tape. Each filter is a patch, whose values every record must have.
    ///
    /// # Errors
    ///
    /// [`TooManySubscriptions`].
    pub(crate) fn open_tape<T: Record>(
        self: &Arc<Self>,
        query: TapeQuery,
        filters: &[T::Patch],
        capacity: usize,
    ) -> Result<TapeReader<T>, TooManySubscriptions> {
        let queue = Arc::new(TapeQueue::new(capacity));
        let view = query.view.clone();
        let log = TapeLog::new(view.clone(), queue.clone(), filters);
        let mut core = self.admitting(Session::admit_tape)?;
        let source = core.session.open_tape(query);
        core.caches.insert_tape(source, &view, log);
        core.follow(self.now());
        drop(core);
        self.wake();
        let engine = self.clone();
        Ok(TapeReader {
            engine,
            source,
            queue,
        })
    }
}

/// The reader of a tape, which is removed when it is dropped.
pub(crate) struct TapeReader<T: Record> {
    engine: Arc<Engine>,
    source: SourceId,
    pub(crate) queue: Arc<TapeQueue<T>>,
}

impl<T: Record> TapeReader<T> {
    /// Continues a reader that was paused.
    pub(crate) fn resume(&self) {
        self.engine.core().session.resume_tape(self.source);
        self.engine.wake();
    }
}

impl<T: Record> Drop for TapeReader<T> {
    fn drop(&mut self) {
        let mut core = self.engine.core();
        core.session.release_tape(self.source);
        core.follow(self.engine.now());
        drop(core);
        self.engine.wake();
    }
}
