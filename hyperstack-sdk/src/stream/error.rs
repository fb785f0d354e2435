//! What a stream can say besides updates.

use super::end::EndReason;
use crate::patch::{DecodeError, PatchError};
use crate::wire::{FrameError, Issue};

/// An error on a stream that was asked for errors, by `try_watch()`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A field of a row did not fit its type. It keeps its last good value, and the stream goes on.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A message could not be read; it changed nothing. It named this view, or no view at all.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The server refused the subscription; the reader gets nothing until it is accepted.
    #[error("the server refused the subscription: {}: {}", .0.code, .0.message)]
    Refused(Issue),
    /// What this reader reads was taken again from the server: the connection had been lost, or the
    /// subscription was begun anew. What changed in between is told as updates like any other, of which
    /// this may come ahead; what happened to a row on the way is not.
    #[error("the rows were taken again from the server")]
    Resynced,
    /// More errors came than the stream keeps for a reader that is behind; the oldest are gone. No
    /// update is.
    #[error("{count} errors were dropped because the reader was behind")]
    Dropped {
        /// How many errors are gone.
        count: u64,
    },
    /// The reader fell behind further than it asked to, and the oldest changes are gone: what it knows
    /// of their rows is old. Only a stream that was made to
    /// [`drop_oldest`](crate::Watch::drop_oldest) says this.
    #[error("{missed} changes were dropped because the reader was behind")]
    Lagged {
        /// How many changes are gone.
        missed: u64,
    },
    /// Nothing more will come. This is the last item.
    #[error("the stream ended: {0}")]
    Ended(#[from] EndReason),
}

/// A field of a row that does not fit its type. It keeps its last good value, and the other fields of the same
/// update apply.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{view}, key \"{key}\": {cause}")]
#[non_exhaustive]
pub struct RowError {
    /// The view's id.
    pub view: String,
    /// The row's key.
    pub key: String,
    /// What did not fit; names the field.
    #[source]
    pub cause: RowErrorCause,
}

/// What did not fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowErrorCause {
    /// A value is not of its field's type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Every value is of its type, but together they make no row: a required field is missing, or
    /// is null.
    #[error(transparent)]
    Patch(#[from] PatchError),
}

impl RowError {
    /// The path of the field at fault in wire names, such as `state.bets[3]`.
    pub fn path(&self) -> &str {
        match &self.cause {
            RowErrorCause::Decode(error) => error.path(),
            RowErrorCause::Patch(error) => error.path(),
        }
    }
}
