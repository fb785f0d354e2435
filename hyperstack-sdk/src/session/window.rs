//! Parts of a view, and how they cover each other.

use crate::wire::Seq;

/// A part of a view. The default is the whole view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub struct Window {
    /// How many rows are left out at the front.
    pub skip: u64,
    /// How many rows follow. `None` means no limit, or for a derived view the limit that the view
    /// declares.
    pub take: Option<u64>,
    /// Whether a filter on the rows' contents applies before `skip` and `take`.
    pub filtered: bool,
    /// Whether the rows that exist at the start are left out, so that only changes follow.
    pub no_snapshot: bool,
    /// Only rows whose position is greater.
    pub after: Option<Seq>,
    /// The most rows that a snapshot may bring: the latest ones, or with `after` the first ones.
    pub snapshot_limit: Option<u64>,
}

impl Window {
    /// The smallest window that covers both.
    pub(crate) fn join(self, other: Window) -> Self {
        let start = self.skip.min(other.skip);
        let end = self.end().zip(other.end()).map(|(a, b)| a.max(b));
        let (after, snapshot_limit) = match (self, other) {
            (a, b) if a.no_snapshot => (b.after, b.snapshot_limit),
            (a, b) if b.no_snapshot => (a.after, a.snapshot_limit),
            (a, b) if (a.after, a.snapshot_limit) == (b.after, b.snapshot_limit) => {
                (a.after, a.snapshot_limit)
            }
            _ => (None, None),
        };
        Window {
            skip: end.map_or(0, |_| start),
            take: end.map(|end| end - start),
            filtered: false,
            no_snapshot: self.no_snapshot && other.no_snapshot,
            after,
            snapshot_limit,
        }
    }

    /// Whether this window holds every row of `other`.
    pub(crate) fn covers(self, other: Window) -> bool {
        self.join(other) == self
    }

    /// The number of the row after the last one. `None` if there is no limit.
    pub(crate) fn end(self) -> Option<u64> {
        Some(self.skip.saturating_add(self.take?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(skip: u64, take: impl Into<Option<u64>>) -> Window {
        Window {
            skip,
            take: take.into(),
            ..Window::default()
        }
    }

    #[test]
    fn a_joined_window_covers_both() {
        assert_eq!(window(2, 3).join(window(4, 10)), window(2, 12));
        assert_eq!(window(2, 3).join(window(0, None)), window(0, None));
        assert!(window(0, 5).covers(window(1, 4)));
        assert!(!window(1, 5).covers(window(0, 1)));
        assert!(window(0, None).covers(window(7, 100)));
    }

    #[test]
    fn joined_snapshot_options_are_kept_only_if_both_agree() {
        let newer = |slot, snapshot_limit| Window {
            after: Some(Seq { slot, index: 0 }),
            snapshot_limit,
            ..Window::default()
        };
        let live = Window {
            no_snapshot: true,
            ..Window::default()
        };
        assert_eq!(newer(1, None).join(newer(2, None)), Window::default());
        assert_eq!(newer(1, Some(5)).join(newer(1, Some(5))), newer(1, Some(5)));
        assert_eq!(newer(1, None).join(live), newer(1, None));
        assert_eq!(live.join(live), live);
        assert!(newer(1, None).covers(live));
        assert!(Window::default().covers(newer(1, Some(5))));
        assert!(!live.covers(newer(1, None)));
    }
}
