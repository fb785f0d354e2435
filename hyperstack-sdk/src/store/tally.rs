//! What has changed in each source since it was last counted, for metrics.

use std::sync::Arc;

/// The sources to count again, and what sources that are gone leave behind.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    touched: Vec<usize>,
    freed: Vec<Difference>,
}

/// What was last counted of a source.
#[derive(Debug, Default)]
pub(super) struct Tally {
    view: Arc<str>,
    is_touched: bool,
    last: Tallied,
}

/// Counts of a source.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tallied {
    pub(crate) subscriptions: i64,
    pub(crate) rows: i64,
    pub(crate) partial_rows: i64,
    pub(crate) frames: u64,
}

/// How the counts of a source of a view have changed.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) view: Arc<str>,
    pub(crate) by: Tallied,
}

impl Tallies {
    /// Notes that a source may have changed.
    pub(super) fn touch(&mut self, index: usize, tally: &mut Tally) {
        if !std::mem::replace(&mut tally.is_touched, true) {
            self.touched.push(index);
        }
    }

    /// Counts a source that is freed, after this many frames.
    pub(super) fn free(&mut self, tally: &mut Tally, frames: u64) {
        let none = Tallied {
            frames,
            ..Tallied::default()
        };
        self.freed.push(tally.advance(none));
    }

    /// Takes the indices of the sources to count, and the differences of those that are gone.
    pub(super) fn take(&mut self) -> (Vec<usize>, Vec<Difference>) {
        (
            std::mem::take(&mut self.touched),
            std::mem::take(&mut self.freed),
        )
    }
}

impl Tally {
    pub(super) fn of_view(&mut self, view: &Arc<str>) -> &mut Self {
        self.view = view.clone();
        self
    }

    /// Notes the present counts, and returns the difference to the last ones.
    pub(super) fn advance(&mut self, now: Tallied) -> Difference {
        self.is_touched = false;
        let last = std::mem::replace(&mut self.last, now);
        Difference {
            view: self.view.clone(),
            by: Tallied {
                subscriptions: now.subscriptions - last.subscriptions,
                rows: now.rows - last.rows,
                partial_rows: now.partial_rows - last.partial_rows,
                frames: now.frames - last.frames,
            },
        }
    }
}
