//! The queries that readers want, independent of the connection.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::query::{Query, Target};
use super::timer::Time;

/// The queries that have readers, or lost their last reader a short while ago.
#[derive(Debug, Default)]
pub(super) struct Wants {
    views: HashMap<Arc<str>, Queries>,
    /// Queries without readers, by when they expire.
    lingering: BTreeSet<(Time, Query)>,
    /// Views whose subscriptions may differ from the wanted queries.
    changed: BTreeSet<Arc<str>>,
    /// The number of queries.
    count: usize,
}

/// The queries of one view. Those for all rows come first.
type Queries = BTreeMap<Query, Presence>;

/// The readers of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Active(usize),
    /// No reader. The query's subscription stays until this time.
    LingeringUntil(Time),
}

impl Wants {
    /// Returns the number of queries that there would be with these.
    pub(super) fn count_with(&self, queries: &[Query]) -> usize {
        let is_new = |query: &&Query| self.readers(query).is_none();
        self.count + queries.iter().filter(is_new).collect::<BTreeSet<_>>().len()
    }

    /// Adds a reader.
    pub(super) fn add(&mut self, query: &Query) {
        let queries = self.views.entry(query.view.clone()).or_default();
        let readers = queries.entry(query.clone()).or_insert_with(|| {
            self.count += 1;
            Presence::Active(0)
        });
        match readers {
            Presence::Active(count) => *count += 1,
            Presence::LingeringUntil(until) => {
                self.lingering.remove(&(*until, query.clone()));
                *readers = Presence::Active(1);
            }
        }
        self.mark_changed(&query.view);
    }

    /// Removes a reader. After the last one the query lingers until the given time.
    pub(super) fn remove(&mut self, query: &Query, until: Time) {
        let queries = self.views.get_mut(&query.view);
        let readers = queries.and_then(|queries| queries.get_mut(query));
        match readers {
            Some(Presence::Active(count)) if *count > 1 => *count -= 1,
            Some(readers) => {
                *readers = Presence::LingeringUntil(until);
                self.lingering.insert((until, query.clone()));
            }
            None => {}
        }
    }

    /// Drops the queries for all rows of a view that only linger.
    pub(super) fn drop_lingering(&mut self, view: &str) {
        if let Some(queries) = self.views.get_mut(view) {
            queries.retain(|query, readers| match readers {
                Presence::LingeringUntil(until) if query.target == Target::All => {
                    self.lingering.remove(&(*until, query.clone()));
                    self.count -= 1;
                    false
                }
                _ => true,
            });
        }
    }

    /// Drops the queries that have lingered long enough. Returns their views.
    pub(super) fn expire(&mut self, now: Time) -> BTreeSet<Arc<str>> {
        let mut views = BTreeSet::new();
        while self.next_expiry().is_some_and(|until| until <= now) {
            let Some((_, query)) = self.lingering.pop_first() else {
                break;
            };
            if let Some(queries) = self.views.get_mut(&query.view) {
                queries.remove(&query);
                if queries.is_empty() {
                    self.views.remove(&query.view);
                }
                self.count -= 1;
            }
            self.changed.insert(query.view.clone());
            views.insert(query.view);
        }
        views
    }

    /// When the next query expires.
    pub(super) fn next_expiry(&self) -> Option<Time> {
        self.lingering.first().map(|(until, _)| *until)
    }

    /// The queries of a view that are wanted, those for all rows first.
    pub(super) fn queries(&self, view: &str) -> impl Iterator<Item = &Query> {
        self.views.get(view).into_iter().flat_map(BTreeMap::keys)
    }

    /// All queries that are wanted, by view.
    pub(super) fn all(&self) -> BTreeSet<Query> {
        let queries = self.views.values().flat_map(BTreeMap::keys);
        queries.cloned().collect()
    }

    /// The queries of a view with the number of their readers, those for all rows first.
    pub(super) fn demand(&self, view: &str) -> impl Iterator<Item = (&Query, usize)> {
        let queries = self.views.get(view).into_iter().flatten();
        queries.map(|(query, presence)| match presence {
            Presence::Active(readers) => (query, *readers),
            Presence::LingeringUntil(_) => (query, 0),
        })
    }

    /// Marks a view whose subscriptions must be compared with its queries.
    pub(super) fn mark_changed(&mut self, view: &Arc<str>) {
        self.changed.insert(view.clone());
    }

    pub(super) fn mark_all_changed(&mut self) {
        self.changed.extend(self.views.keys().cloned());
    }

    /// The views to compare, each once.
    pub(super) fn take_changed(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.changed)
    }

    fn readers(&self, query: &Query) -> Option<Presence> {
        self.views.get(&query.view)?.get(query).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::window::Window;

    #[test]
    fn an_expired_query_leaves_nothing_behind() {
        let query = |view: &str| Query::part(view.into(), Window::default(), Vec::new());
        let (first, other) = (query("A/list"), query("B/list"));
        let mut wants = Wants::default();
        let seconds = Time::from_secs;
        wants.add(&first);
        wants.remove(&first, seconds(5));
        for now in 1..100 {
            wants.add(&other);
            wants.remove(&other, seconds(5 + now));
        }
        assert_eq!(wants.lingering.len(), 2);
        assert_eq!(wants.next_expiry(), Some(seconds(5)));
        assert_eq!(wants.expire(seconds(200)).len(), 2);
        assert_eq!((wants.count, wants.next_expiry()), (0, None));
    }
}
