//! The readers that the session knows.

use hyperstack_sdk::session::{Query, Target, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The number of readers of each query, or until when a query without readers lingers.
pub(super) struct Readers {
    queries: BTreeMap<Query, (usize, Option<Time>)>,
    linger: Duration,
}

impl Readers {
    pub(super) fn new(linger: Duration) -> Self {
        let queries = BTreeMap::new();
        Readers { queries, linger }
    }

    pub(super) fn want(&mut self, query: Query) {
        let readers = self.queries.entry(query).or_default();
        *readers = (readers.0 + 1, None);
    }

    /// Removes one reader, if there is one.
    pub(super) fn release(&mut self, number: usize, now: Time) -> Option<Query> {
        let count = self
            .queries
            .values()
            .filter(|readers| readers.0 > 0)
            .count();
        let mut read = self.queries.iter_mut().filter(|(_, readers)| readers.0 > 0);
        let (query, readers) = read.nth(number.checked_rem(count)?)?;
        readers.0 -= 1;
        if readers.0 == 0 {
            readers.1 = Some(now.saturating_add(self.linger));
        }
        Some(query.clone())
    }

    /// Drops a view's whole-view queries that have no reader.
    pub(super) fn drop_idle(&mut self, view: &str) {
        let is_idle = |query: &Query, count| {
            *query.view == *view && query.target == Target::All && count == 0
        };
        self.queries
            .retain(|query, (count, _)| !is_idle(query, *count));
    }

    pub(super) fn expire(&mut self, now: Time) {
        let is_over = |until: &Option<Time>| until.is_some_and(|until| until <= now);
        self.queries.retain(|_, (_, until)| !is_over(until));
    }

    /// Returns the wanted queries.
    pub(super) fn queries(&self) -> impl Iterator<Item = &Query> {
        self.queries.keys()
    }

    /// Returns the v1 subscriptions that serve all readers: the whole view, or its rows.
    pub(super) fn subscriptions(&self) -> BTreeSet<(String, Option<String>)> {
        let whole: BTreeSet<&str> = self
            .queries
            .keys()
            .filter(|query| {
                let is_base = ["/list", "/state", "/append"]
                    .iter()
                    .any(|end| query.view.ends_with(end));
                // The key "*" stands for the whole view.
                !is_base || query.target.key().is_none_or(|key| **key == *"*")
            })
            .map(|query| &*query.view)
            .collect();
        let subscription = |query: &Query| {
            let key = query.target.key();
            let key = key.filter(|_| !whole.contains(&*query.view));
            (query.view.to_string(), key.map(|key| key.to_string()))
        };
        self.queries.keys().map(subscription).collect()
    }
}
