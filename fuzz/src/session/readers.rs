//! Who reads what, as far as a session has been told.

use hyperstack_sdk::session::{Target, Time, Window};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A reader's view, and what it reads of it.
pub(super) type Part = (Arc<str>, Target, Window);

/// How many readers there are of each part; once there are none, until when their subscription lingers.
pub(super) struct Readers {
    parts: BTreeMap<Part, (usize, Option<Time>)>,
    linger: Duration,
}

impl Readers {
    pub(super) fn new(linger: Duration) -> Self {
        let parts = BTreeMap::new();
        Readers { parts, linger }
    }

    pub(super) fn want(&mut self, part: Part) {
        let readers = self.parts.entry(part).or_default();
        *readers = (readers.0 + 1, None);
    }

    /// One of the readers leaves, if there is one.
    pub(super) fn release(&mut self, number: usize, now: Time) -> Option<Part> {
        let count = self.parts.values().filter(|readers| readers.0 > 0).count();
        let mut read = self.parts.iter_mut().filter(|(_, readers)| readers.0 > 0);
        let (part, readers) = read.nth(number.checked_rem(count)?)?;
        readers.0 -= 1;
        if readers.0 == 0 {
            readers.1 = Some(now.saturating_add(self.linger));
        }
        Some(part.clone())
    }

    /// Of a view's rows only those parts stay that somebody reads.
    pub(super) fn drop_idle(&mut self, view: &str) {
        let is_idle =
            |(of, target, _): &Part, count| **of == *view && *target == Target::All && count == 0;
        self.parts.retain(|part, (count, _)| !is_idle(part, *count));
    }

    pub(super) fn expire(&mut self, now: Time) {
        let is_over = |until: &Option<Time>| until.is_some_and(|until| until <= now);
        self.parts.retain(|_, (_, until)| !is_over(until));
    }

    /// The subscriptions that serve them all: the whole view, or its rows.
    pub(super) fn subscriptions(&self) -> BTreeSet<(String, Option<String>)> {
        let whole: BTreeSet<&str> = self
            .parts
            .keys()
            .filter(|(view, target, _)| {
                let is_base = ["/list", "/state", "/append"]
                    .iter()
                    .any(|end| view.ends_with(end));
                // A key "*" is the whole view.
                !is_base || target.key().is_none_or(|key| **key == *"*")
            })
            .map(|(view, ..)| &**view)
            .collect();
        let subscription = |(view, target, _): &Part| {
            let key = target.key().filter(|_| !whole.contains(&**view));
            (view.to_string(), key.map(|key| key.to_string()))
        };
        self.parts.keys().map(subscription).collect()
    }
}
