//! Faults that the client survives.

use crate::session::ConnectError;
use crate::store::MissingField;
use crate::stream::RowError;
use crate::wire::{FrameError, Issue};

/// A fault that the client survived. Streamed by [`HyperStack::faults`](crate::HyperStack::faults).
///
/// The client also logs each fault as a warning. It logs decode errors at most once per minute for each view and
/// field.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A field of a row failed to decode. It keeps its last good value.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A message was malformed and changed nothing.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A view exceeded [`max_entries_per_view`](crate::HyperStackBuilder::max_entries_per_view), so the client evicts
    /// the rows at its end. Reported once per view.
    #[error("the view \"{view}\" has {rows} rows, over the limit of {limit}: the rows at its end are evicted")]
    Full {
        /// The view's id.
        view: String,
        /// The number of rows before the eviction.
        rows: usize,
        /// The row limit.
        limit: usize,
    },
    /// None of the first 256 rows of a snapshot has a field, although the server sends its name in another spelling, or
    /// although the field is required. Reported once per view and field.
    #[error(transparent)]
    MissingField(#[from] MissingField),
    /// The server sent an error.
    #[error("the server sent the error {}: {}", .0.code, .0.message)]
    Issue(Issue),
    /// The connection was lost, an attempt to connect failed, or no token could be fetched.
    #[error(transparent)]
    Connection(#[from] ConnectError),
}
