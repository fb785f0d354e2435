//! Snapshots that the store needs, because patches cannot repair a row.

use std::collections::BTreeMap;
use std::time::Duration;

use super::instruction::SourceId;
use super::timer::Time;

/// The wait after the first request. It doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// After this long without a request, a source starts again with the first wait.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// Which sources need a snapshot, and when they may request it.
#[derive(Debug, Default)]
pub(super) struct Refetches(BTreeMap<SourceId, Refetch>);

#[derive(Debug)]
struct Refetch {
    /// When the next request is due, if one is needed.
    due: Option<Time>,
    /// When the last request was made.
    last: Time,
    /// How long to wait after the last request.
    wait: Duration,
}

impl Refetches {
    /// A source needs a snapshot.
    pub(super) fn add(&mut self, source: SourceId, now: Time) {
        let entry = self.0.get(&source);
        let recent = entry.filter(|it| now.saturating_sub(it.last) < FORGOTTEN_AFTER);
        let refetch = match recent {
            Some(&Refetch { due, last, wait }) => Refetch {
                due: Some(due.unwrap_or_else(|| last.saturating_add(wait).max(now))),
                last,
                wait,
            },
            None => Refetch {
                due: Some(now),
                last: now,
                wait: Duration::ZERO,
            },
        };
        self.0.insert(source, refetch);
    }

    /// Takes the sources whose requests are due.
    pub(super) fn due(&mut self, now: Time) -> Vec<SourceId> {
        let mut sources = Vec::new();
        for (source, refetch) in &mut self.0 {
            if refetch.due.is_some_and(|due| due <= now) {
                refetch.due = None;
                refetch.last = now;
                refetch.wait = (refetch.wait * 2).clamp(FIRST_WAIT, LONGEST_WAIT);
                sources.push(*source);
            }
        }
        sources
    }

    /// When the next request is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.0.values().filter_map(|refetch| refetch.due).min()
    }

    /// Cancels all requests.
    pub(super) fn clear(&mut self) {
        for refetch in self.0.values_mut() {
            refetch.due = None;
        }
    }

    /// A source is gone.
    pub(super) fn remove(&mut self, source: SourceId) {
        self.0.remove(&source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_is_due_at_once_and_later_ones_wait_ever_longer() {
        let seconds = Time::from_secs;
        let source = SourceId::from_index(7);
        let mut refetches = Refetches::default();
        let mut now = seconds(100);
        for wait in [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            refetches.add(source, now);
            refetches.add(source, now);
            let due = now + seconds(wait);
            assert_eq!(refetches.next(), Some(due));
            if wait > 0 {
                assert_eq!(refetches.due(now), []);
            }
            assert_eq!(refetches.due(due), [source]);
            assert_eq!((refetches.due(due).len(), refetches.next()), (0, None));
            now = due;
        }
        now += seconds(600);
        refetches.add(source, now);
        assert_eq!(refetches.next(), Some(now));
        refetches.remove(source);
        assert_eq!(refetches.next(), None);
    }
}
