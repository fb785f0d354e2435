//! What the store passes on to its caller.

use crate::stream::{RowError, Wakers};

/// What the caller must pass on once it holds no lock.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Readers that have something to read.
    pub(crate) wakers: Wakers,
    /// Rows that did not decode.
    pub(crate) row_errors: Vec<RowError>,
    /// Views that have reached the row limit for the first time.
    pub(crate) full: Vec<Full>,
}

/// A view that has more rows than are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) view: String,
    pub(crate) rows: usize,
    pub(crate) limit: usize,
}
