//! The readers of all streams, and the caches that they read.
//!
//! A reader stays in the table until its stream is dropped. If the protocol generation changes, every query
//! gets a new source, and the readers move there.

use std::any::Any;
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
    fn as_any(&self) -> &dyn Any;
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

    /// Returns the places of a reader.
    pub(super) fn places<T: Record>(&self, id: ReaderId) -> Option<Vec<Joined<T>>> {
        let reader: &Reader<T> = self.readers.get(&id)?.as_any().downcast_ref()?;
        Some(reader.places.clone())
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
    places: Vec<Joined<T>>,
    /// Rows that are dropped with the reader, when no lock is held.
    dropped: Vec<RowsOf<T>>,
}

/// The place of one of a reader's queries.
pub(super) struct Joined<T: Record> {
    query: Query,
    cache: Arc<Cache<T>>,
    selection: Selection<T>,
}

impl<T: Record> Joined<T> {
    /// Returns the rows of the query, front to back, or `None` while they are not complete.
    pub(super) fn window(&self, queue: &Arc<Queue<T>>) -> Option<Vec<Arc<T>>> {
        self.cache.window(&self.selection, queue)
    }
}

impl<T: Record> Clone for Joined<T> {
    fn clone(&self) -> Self {
        Joined {
            query: self.query.clone(),
            cache: self.cache.clone(),
            selection: self.selection.clone(),
        }
    }
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
        let selection = select(&query, route, self.filter.as_ref(), &self.queue);
        cache.subscribe(&selection, &self.queue);
        self.places.push(Joined {
            query,
            cache,
            selection,
        });
    }
}

impl<T: Record> AnyReader for Reader<T> {
    fn reroute(&mut self, session: &Session, caches: &mut Caches) {
        for place in &mut self.places {
            // The session routes every query that has a reader.
            if let Some(route) = session.route(&place.query) {
                let rows = place.cache.release(&place.selection, &self.queue);
                (place.cache, _) = caches.get_or_insert(route.source, &place.query.view);
                if let Some(key) = place.query.target.key() {
                    // A new source has not left out any row, so there is nothing to fetch.
                    place.cache.pin(key);
                }
                place.selection = select(&place.query, &route, self.filter.as_ref(), &self.queue);
                let wakers = &mut caches.report().wakers;
                let (selection, queue) = (place.selection.clone(), self.queue.clone());
                place.cache.receive(selection, queue, rows, wakers);
            }
        }
    }

    fn leave(&mut self) -> Vec<Query> {
        for place in &self.places {
            let rows = place.cache.unsubscribe(&place.selection, &self.queue);
            self.dropped.extend(rows);
            if let Some(key) = place.query.target.key() {
                place.cache.unpin(key);
            }
        }
        let queries = self.places.iter().map(|place| place.query.clone());
        queries.collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The rows of a source that a query selects. A reader of whole windows selects a window, which keeps the order.
fn select<T>(
    query: &Query,
    route: &Route,
    filter: Option<&Predicate<T>>,
    queue: &Queue<T>,
) -> Selection<T> {
    match &query.target {
        Target::Key(key) => Selection::Key(key.clone()),
        Target::All => {
            let filter = filter.filter(|_| route.filters_locally).cloned();
            let is_all = filter.is_none() && route.local == Window::default();
            if is_all && !queue.reads_window() {
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
