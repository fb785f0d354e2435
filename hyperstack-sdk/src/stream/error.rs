//! The errors that a stream yields.

use super::end::EndReason;
use crate::patch::{DecodeError, PatchError};
use crate::wire::{FrameError, Issue};

/// An error that a stream of `try_watch()`, or of any other method with
/// [`with_errors()`](crate::Watch::with_errors), yields.
///
/// [`Ended`](StreamError::Ended) is always the last item. After any other error, the stream continues.
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
///
/// # #[derive(Debug, Clone, PartialEq, Entity)]
/// # struct Token { name: Option<String> }
/// # async fn run(hs: HyperStack) {
/// let mut updates = hs.try_watch::<Token>();
/// while let Some(item) = updates.next().await {
///     match item {
///         Ok(update) => println!("{}: {:?}", update.key(), update.data()),
///         Err(StreamError::Ended(reason)) => println!("the stream ended: {reason}"),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A field of a row failed to decode. It keeps its last good value.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The client could not decode a message and ignored it. The message named this view, or its view was unreadable.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The server rejected the subscription.
    ///
    /// The stream stays open, and yields rows if the server accepts a later attempt. The client retries after it has
    /// reconnected, when another read needs the same view, after the time that the server names and, if the server's
    /// limit on subscriptions is reached, when a subscription ends.
    #[error("the server rejected the subscription: {}: {}", .0.code, .0.message)]
    Refused(Issue),
    /// The view was resynced: a fresh snapshot replaced the rows, after a reconnect or a resubscribe.
    ///
    /// Rows that differ yield updates, before or after this item. The stream does not yield what happened between the
    /// two snapshots.
    #[error("the view was resynced")]
    Resynced,
    /// More than 1,024 errors were queued, so the stream dropped the oldest. It dropped no updates.
    #[error("{count} errors were dropped because the reader was too slow")]
    Dropped {
        /// The number of errors that were dropped.
        count: u64,
    },
    /// The stream dropped the oldest changes because the reader was too slow.
    ///
    /// Rows that you built from earlier updates can be out of date. Only streams with
    /// [`drop_oldest`](crate::Watch::drop_oldest) yield this.
    #[error("{missed} changes were dropped because the reader was too slow")]
    Lagged {
        /// The number of changes that were dropped.
        missed: u64,
    },
    /// The stream has ended. This is the last item.
    #[error("the stream ended: {0}")]
    Ended(#[from] EndReason),
}

/// A field of a row failed to decode.
///
/// The field keeps its last good value and is stale until a good value arrives; see
/// [`StateView::stale_fields`](crate::StateView::stale_fields). The other fields of the same update apply.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{view}, key \"{key}\": {cause}")]
#[non_exhaustive]
pub struct RowError {
    /// The view's id.
    pub view: String,
    /// The row's key.
    pub key: String,
    /// Why the field failed to decode. The message names the field.
    #[source]
    pub cause: RowErrorCause,
}

/// Why a field of a row failed to decode.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowErrorCause {
    /// A value does not have the field's type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A patch set a required field to null, or a new part of the row lacks one.
    ///
    /// A whole row that lacks a required field is hidden instead and is no error.
    #[error(transparent)]
    Patch(#[from] PatchError),
}

impl RowError {
    /// Returns the path of the field in wire names, such as `state.bets[3]`.
    pub fn path(&self) -> &str {
        match &self.cause {
            RowErrorCause::Decode(error) => error.path(),
            RowErrorCause::Patch(error) => error.path(),
        }
    }
}
