//! What readers want, whatever the connection does.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::query::{Query, Target};
use super::timer::Time;
use super::window::Window;

/// The queries that have readers, or lost their last reader a short while ago.
#[derive(Debug, Default)]
pub(super) struct Wants {
    views: HashMap<Arc<str>, Parts>,
    /// Queries without readers, and when they expire, the earliest first. An entry whose query has found
    /// a reader since is skipped; the first entry never is such a one.
    lingering: VecDeque<(Time, Query)>,
    /// Views whose subscriptions may differ from what is wanted.
    changed: BTreeSet<Arc<str>>,
    /// How many queries there are.
    count: usize,
}

/// The parts of one view that are wanted. Parts with all rows come first.
type Parts = BTreeMap<(Target, Window), Presence>;

/// Who reads a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Active(usize),
    /// Nobody. The query's subscription stays until this time.
    LingeringUntil(Time),
}

impl Wants {
    /// How many queries there would be with these.
    pub(super) fn count_with(&self, queries: &[Query]) -> usize {
        let is_new = |query: &&Query| self.readers(query).is_none();
        self.count + queries.iter().filter(is_new).collect::<BTreeSet<_>>().len()
    }

    /// Adds a reader.
    pub(super) fn add(&mut self, query: &Query) {
        let parts = self.views.entry(query.view.clone()).or_default();
        let readers = parts.entry((query.target.clone(), query.window));
        let readers = readers.or_insert_with(|| {
            self.count += 1;
            Presence::Active(0)
        });
        *readers = match readers {
            Presence::Active(count) => Presence::Active(*count + 1),
            Presence::LingeringUntil(_) => Presence::Active(1),
        };
        self.skip_outdated();
        self.mark_changed(&query.view);
    }

    /// Removes a reader. After the last one the query lingers until the given time, which must not be
    /// earlier than that of the call before.
    pub(super) fn remove(&mut self, query: &Query, until: Time) {
        let parts = self.views.get_mut(&query.view);
        let readers = parts.and_then(|parts| parts.get_mut(&part(query)));
        match readers {
            Some(Presence::Active(count)) if *count > 1 => *count -= 1,
            Some(readers) => {
                *readers = Presence::LingeringUntil(until);
                self.lingering.push_back((until, query.clone()));
                self.skip_outdated();
            }
            None => {}
        }
    }

    /// Drops the parts of a view with all rows that only linger.
    pub(super) fn drop_lingering(&mut self, view: &str) {
        if let Some(parts) = self.views.get_mut(view) {
            let before = parts.len();
            parts.retain(|(target, _), readers| {
                *target != Target::All || matches!(readers, Presence::Active(_))
            });
            self.count -= before - parts.len();
            self.skip_outdated();
        }
    }

    /// Drops the queries that have lingered long enough. Returns their views.
    pub(super) fn expire(&mut self, now: Time) -> BTreeSet<Arc<str>> {
        let mut views = BTreeSet::new();
        while self.next_expiry().is_some_and(|until| until <= now) {
            let Some((_, query)) = self.lingering.pop_front() else {
                break;
            };
            if let Some(parts) = self.views.get_mut(&query.view) {
                parts.remove(&part(&query));
                if parts.is_empty() {
                    self.views.remove(&query.view);
                }
                self.count -= 1;
            }
            self.changed.insert(query.view.clone());
            views.insert(query.view);
            self.skip_outdated();
        }
        views
    }

    /// When the next query expires.
    pub(super) fn next_expiry(&self) -> Option<Time> {
        self.lingering.front().map(|(until, _)| *until)
    }

    /// The parts of a view that are wanted, those with all rows first.
    pub(super) fn parts(&self, view: &str) -> impl Iterator<Item = (&Target, Window)> {
        let parts = self.views.get(view).into_iter().flatten();
        parts.map(|((target, window), _)| (target, *window))
    }

    /// Has the subscriptions of a view compared with what is wanted.
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
        self.views.get(&query.view)?.get(&part(query)).copied()
    }

    /// Drops entries at the front whose query has found a reader or is gone.
    fn skip_outdated(&mut self) {
        while let Some((until, query)) = self.lingering.front() {
            if self.readers(query) == Some(Presence::LingeringUntil(*until)) {
                break;
            }
            self.lingering.pop_front();
        }
    }
}

fn part(query: &Query) -> (Target, Window) {
    (query.target.clone(), query.window)
}
