//! Which part of a view is wanted, or subscribed.

use std::sync::Arc;

use super::Target;
use crate::wire::{Seq, Subscribe};

/// Which part of a view a reader wants, or a subscription brings.
///
/// The server knows one window a view and connection, keeps it for derived views alone, and for the
/// others reduces nothing but the snapshot. So readers share one subscription that covers all of
/// them, and each is cut to its own part here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub struct Window {
    /// How many rows are left out at the front.
    pub skip: u64,
    /// How many rows follow; `None` is as many as the view has, of a derived view as the server
    /// makes it.
    pub take: Option<u64>,
    /// Whether rows are left out by what is in them, which the server does not do.
    pub filtered: bool,
    /// Whether the rows that are there are left out, and only what changes is wanted.
    pub no_snapshot: bool,
    /// Only rows whose position is greater.
    pub after: Option<Seq>,
    /// At most so many of the rows that are there: the latest, or, with `after`, the first.
    pub snapshot_limit: Option<u64>,
}

/// Whether a view is derived, a window that rows leave, and not one that every entity has.
pub(crate) fn is_derived(view: &str) -> bool {
    let name = view.split_once('/').map(|(_, name)| name);
    !matches!(name, Some("list" | "state" | "append"))
}

impl Window {
    /// What is to be subscribed for a reader of this.
    pub(crate) fn subscribed(self, derived: bool) -> Self {
        match derived {
            // The server's own window is as long as the server makes it: there is no skipping in it,
            // nor counting of rows that a filter leaves.
            true if self.filtered || self.take.is_none() => Window::default(),
            true => Window {
                skip: self.skip,
                // Whatever lies beyond the last number is no place.
                take: self.end().map(|end| end - self.skip),
                ..Window::default()
            },
            false if self.no_snapshot => Window {
                no_snapshot: true,
                ..Window::default()
            },
            false => Window {
                after: self.after,
                // Of the rows that a filter leaves, the server knows nothing.
                snapshot_limit: self.snapshot_limit.filter(|_| !self.filtered),
                ..Window::default()
            },
        }
    }

    /// What is to be subscribed where a subscription to this ended: in the gap any row may have
    /// changed, and what is merged into a row that is old is wrong.
    pub(super) fn resumed(self, derived: bool) -> Self {
        match derived {
            true => self,
            false => Window::default(),
        }
    }

    /// The least to be subscribed that covers both subscriptions.
    pub(super) fn join(self, other: Window) -> Self {
        let start = self.skip.min(other.skip);
        let end = self.end().zip(other.end()).map(|(a, b)| a.max(b));
        let window = Window {
            skip: end.map_or(0, |_| start),
            take: end.map(|end| end - start),
            ..Window::default()
        };
        let (after, snapshot_limit) = match (self, other) {
            (a, b) if a.no_snapshot => (b.after, b.snapshot_limit),
            (a, b) if b.no_snapshot => (a.after, a.snapshot_limit),
            (a, b) if (a.after, a.snapshot_limit) == (b.after, b.snapshot_limit) => {
                (a.after, a.snapshot_limit)
            }
            _ => (None, None),
        };
        Window {
            no_snapshot: self.no_snapshot && other.no_snapshot,
            after,
            snapshot_limit,
            ..window
        }
    }

    /// Whether a subscription to this brings all that one to `other` would.
    pub(crate) fn covers(self, other: Window) -> bool {
        self.join(other) == self
    }

    /// Where the window ends.
    pub(crate) fn end(self) -> Option<u64> {
        Some(self.skip.saturating_add(self.take?))
    }

    /// The subscription to this part of a view.
    pub(super) fn subscribe(self, view: &Arc<str>, target: &Target) -> Subscribe {
        Subscribe {
            view: view.to_string(),
            key: target.key().map(|key| key.to_string()),
            skip: Some(self.skip).filter(|skip| *skip > 0),
            take: self.take,
            with_snapshot: self.no_snapshot.then_some(false),
            after: self.after.map(|after| after.to_string()),
            snapshot_limit: self.snapshot_limit,
        }
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
    fn what_is_joined_covers_both() {
        assert_eq!(window(2, 3).join(window(4, 10)), window(2, 12));
        assert_eq!(window(2, 3).join(window(0, None)), window(0, None));
        assert!(window(0, 5).covers(window(1, 4)));
        assert!(!window(1, 5).covers(window(0, 1)));
        assert!(window(0, None).covers(window(7, 100)));
    }

    #[test]
    fn snapshots_are_whole_unless_all_agree() {
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

    #[test]
    fn what_the_server_ignores_is_not_subscribed() {
        let all = Window {
            filtered: true,
            after: Some(Seq::default()),
            ..window(2, 3)
        };
        assert_eq!(all.subscribed(true), Window::default());
        assert_eq!(
            all.subscribed(false),
            Window {
                after: Some(Seq::default()),
                ..Window::default()
            }
        );
        assert_eq!(window(2, 3).subscribed(true), window(2, 3));
        assert_eq!(window(2, 3).subscribed(false), Window::default());
        assert_eq!(window(2, None).subscribed(true), Window::default());
        let far = window(u64::MAX, u64::MAX).subscribed(true);
        assert!(far.covers(far));
    }
}
