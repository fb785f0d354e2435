//! What a stream can say besides updates.

use crate::session::EndReason;
use crate::store::RowError;
use crate::wire::FrameError;

/// An error on a stream that was asked for errors, by `try_watch()`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A row did not fit its Rust type; the row's last good value stands, and the stream goes on.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A message could not be read; it changed nothing. It named this view, or no view at all.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// More errors came than the stream keeps for a reader that is behind; the oldest are gone. No
    /// update is.
    #[error("{count} errors were dropped because the reader was behind")]
    Dropped {
        /// How many errors are gone.
        count: u64,
    },
    /// Nothing more will come. This is the last item.
    #[error("the stream ended: {0}")]
    Ended(#[from] EndReason),
}
