//! The readers of all streams, and the caches that they read.
//!
//! A reader stays in the table until its stream is dropped. If the protocol generation changes, every query
//! gets a new source, and the readers move there.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::patch::Record;
use crate::session::{Query, Route, Session, Target, Window};
use crate::store::{Cache, Caches, Predicate, RowsOf, Selection};
use crate::stream::Queue;

/// Identifies a reader.
pub(super) type ReaderId = u64;

/// The readers of all streams.
#[derive(Default)]
pub(super) struct Readers {
    readers: BTreeMap<ReaderId, Box<dyn AnyReader>>,
    last_id: ReaderId,
}

/// A stream's reader, whatever its type.
pub(super) trait AnyReader: Send {
    /// Moves to the sources that serve the reader's queries now.
    fn reroute(&mut self, session: &Session, caches: &mut Caches);
    /// Leaves the caches. Returns the queries.
    fn leave(&mut self) -> Vec<Query>;
}

impl Readers {
    pub(super) fn insert(&mut self, reader: impl AnyReader + 'static) -> ReaderId {
        self.last_id += 1;
        self.readers.insert(self.last_id, Box::new(reader));
        self.last_id
    }

    pub(super) fn remove(&mut self, id: ReaderId) -> Option<Box<dyn AnyReader>> {
        self.readers.remove(&id)
    }

    /// Moves every reader to the sources that serve its queries now.
    pub(super) fn reroute(&mut self, session: &Session, caches: &mut Caches) {
        for reader in self.readers.values_mut() {
            reader.reroute(session, caches);
        }
    }
}

/// A stream's reader.
pub(super) struct Reader<T: Record> {
    queue: Arc<Queue<T>>,
    filter: Option<Predicate<T>>,
    places: Vec<(Query, Arc<Cache<T>>, Selection<T>)>,
    /// Rows that are dropped with the reader, when no lock is held.
    dropped: Vec<RowsOf<T>>,
}

impl<T: Record> Reader<T> {
    pub(super) fn new(queue: Arc<Queue<T>>, filter: Option<Predicate<T>>) -> Self {
        Reader {
            queue,
            filter,
            places: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// Adds one of the reader's queries.
    pub(super) fn join(&mut self, query: Query, cache: Arc<Cache<T>>, route: &Route) {
        let selection = select(&query, route, self.filter.as_ref());
        cache.subscribe(&selection, &self.queue);
        self.places.push((query, cache, selection));
    }
}

impl<T: Record> AnyReader for Reader<T> {
    fn reroute(&mut self, session: &Session, caches: &mut Caches) {
        for (query, cache, selection) in &mut self.places {
            // The session routes every query that has a reader.
            if let Some(route) = session.route(query) {
                let rows = cache.release(selection, &self.queue);
                (*cache, _) = caches.get_or_insert(route.source, &query.view);
                if let Some(key) = query.target.key() {
                    // A new source has not left out any row, so there is nothing to fetch.
                    cache.pin(key);
                }
                *selection = select(query, &route, self.filter.as_ref());
                let wakers = &mut caches.report().wakers;
                cache.receive(selection.clone(), self.queue.clone(), rows, wakers);
            }
        }
    }

    fn leave(&mut self) -> Vec<Query> {
        for (query, cache, selection) in &self.places {
            self.dropped
                .extend(cache.unsubscribe(selection, &self.queue));
            if let Some(key) = query.target.key() {
                cache.unpin(key);
            }
        }
        let queries = self.places.iter().map(|(query, ..)| query.clone());
        queries.collect()
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
