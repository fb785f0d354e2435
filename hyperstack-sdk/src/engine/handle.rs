//! Handles to a connection: clients keep it open, and readers keep their queries subscribed.

use std::sync::{Arc, MutexGuard};

use super::core::Core;
use super::shared::Engine;
use crate::patch::Record;
use crate::session::{CloseReason, Query, Route, Target, Time, TooManySubscriptions, Window};
use crate::store::{Cache, Predicate, Selection};
use crate::stream::{EndReason, Options, Policy, Queue, Subscription};

/// A client's handle to its connection. Dropping the last one closes the connection.
#[derive(Clone)]
pub(crate) struct Handle {
    last: Arc<CloseOnDrop>,
}

struct CloseOnDrop(Arc<Engine>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close(CloseReason::Disconnected);
    }
}

impl Handle {
    pub(crate) fn new(shared: Arc<Engine>) -> Self {
        Handle {
            last: Arc::new(CloseOnDrop(shared)),
        }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.last.0
    }
}

/// Keeps queries wanted for as long as it lives.
pub(crate) struct Demand {
    shared: Arc<Engine>,
    queries: Vec<Query>,
}

impl Drop for Demand {
    fn drop(&mut self) {
        let now = self.shared.now();
        let mut core = self.shared.core();
        for query in &self.queries {
            core.session.release(query, now);
        }
        drop(core);
        self.shared.wake();
    }
}

/// Where a query's rows are cached, and how the query reads them.
pub(crate) struct Place<T: Record> {
    pub(crate) cache: Arc<Cache<T>>,
    pub(crate) route: Route,
}

/// Keeps a queue among the readers of its caches for as long as it lives.
struct Reader<T: Record> {
    places: Vec<(Arc<Cache<T>>, Selection<T>)>,
    queue: Arc<Queue<T>>,
    _demand: Demand,
}

impl<T: Record> Drop for Reader<T> {
    fn drop(&mut self) {
        for (cache, selection) in &self.places {
            cache.unsubscribe(selection, &self.queue);
        }
    }
}

impl Core {
    /// Adds a reader of a query. A reader that joins its cache under the same lock misses no change.
    fn place<T: Record>(&mut self, query: &Query, now: Time) -> Place<T> {
        let route = self.session.want(query);
        let (cache, is_new) = self.caches.get_or_insert(route.source, &query.view);
        if is_new {
            self.session.resync(query);
        }
        self.follow(now);
        Place { cache, route }
    }
}

impl Engine {
    /// Adds a reader of a query, until the demand is dropped.
    ///
    /// # Errors
    ///
    /// [`TooManySubscriptions`].
    pub(crate) fn want<T: Record>(
        self: &Arc<Self>,
        query: &Query,
    ) -> Result<(Place<T>, Demand), TooManySubscriptions> {
        let queries = vec![query.clone()];
        let mut core = self.admit(&queries)?;
        let place = core.place(query, self.now());
        drop(core);
        Ok((place, self.demand(queries)))
    }

    fn admit(&self, queries: &[Query]) -> Result<MutexGuard<'_, Core>, TooManySubscriptions> {
        let mut core = self.core();
        let admitted = core.session.admit(queries);
        core.follow(self.now());
        admitted.map(|()| core)
    }

    fn demand(self: &Arc<Self>, queries: Vec<Query>) -> Demand {
        self.wake();
        let shared = self.clone();
        Demand { shared, queries }
    }

    /// Returns where a query's rows are cached, if it is read as `T` now.
    pub(crate) fn cached<T: Record>(&self, query: &Query) -> Option<Place<T>> {
        let core = self.core();
        let route = core.session.route(query)?;
        let cache = core.caches.get(route.source)?;
        Some(Place { cache, route })
    }

    /// Adds a stream's reader.
    pub(crate) fn subscribe<T: Record>(
        self: &Arc<Self>,
        queries: Vec<Query>,
        filter: Option<&Predicate<T>>,
        options: Options,
    ) -> Subscription<T> {
        if queries.is_empty() {
            return Subscription::ended(options, &EndReason::NothingToWatch);
        }
        let policy = options.policy;
        let queue = Arc::new(Queue::new(
            policy.unwrap_or(Policy::Conflate(self.queue_capacity())),
            options.keeps_before,
            options.wants_errors,
            self.core().caches.meter().clone(),
        ));
        let mut core = match self.admit(&queries) {
            Ok(core) => core,
            Err(error) => return Subscription::ended(options, &error.into()),
        };
        let now = self.now();
        let place = |query: &Query| {
            let Place { cache, route } = core.place(query, now);
            let selection = select(query, &route, filter);
            cache.subscribe(&selection, &queue);
            (cache, selection)
        };
        let places = queries.iter().map(place).collect();
        drop(core);
        let demand = self.demand(queries);
        let reader = Reader {
            places,
            queue: queue.clone(),
            _demand: demand,
        };
        Subscription {
            queue,
            _guard: Box::new(reader),
        }
    }
}

/// The rows of a source that a query selects.
fn select<T>(query: &Query, route: &Route, filter: Option<&Predicate<T>>) -> Selection<T> {
    match &query.target {
        Target::Key(key) => Selection::Key(key.clone()),
        Target::All => {
            let filter = filter.filter(|_| route.filters_locally).cloned();
            if filter.is_none() && route.local == Window::default() {
                return Selection::All;
            }
            Selection::Window {
                window: route.local,
                needed: route.needed,
                filter,
            }
        }
    }
}
