//! Why a bridge or one of its views fails.

use hyperstack_sdk::session::CloseReason;
use hyperstack_sdk::wire::{FrameError, Issue};
use hyperstack_sdk::{EndReason, ReadError, StreamError, TapeError};

/// Why a bridge ended.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The bridge has no views.
    #[error("nothing to copy: the bridge has no views (call `view` or `tape`)")]
    NoViews,
    /// A view was added with `view` and with `tape`.
    #[error(
        "the view \"{view}\" was added with `view` and with `tape`: it can only be one of both"
    )]
    Ambiguous {
        /// The view's id.
        view: String,
    },
    /// The prefix is empty.
    #[error("the prefix must not be empty")]
    EmptyPrefix,
    /// The client of the server has closed.
    #[error("the client of the server is closed: {0}")]
    Closed(#[from] CloseReason),
    /// The NATS client has closed, because it was drained or has reached `max_reconnects`.
    #[error("the NATS client is closed")]
    NatsClosed,
    /// All views have failed with a final error. This is the last one.
    #[error("cannot copy any view: {0}")]
    View(#[from] ViewError),
}

/// Why a view is not copied.
///
/// While a view has an error, the bridge writes no heartbeats for it, so it is stale for clients. Other views are not
/// affected. Unless the error [is final](Self::is_final), the bridge tries again after 250 milliseconds, and doubles
/// the wait up to 2 seconds, and after 16 attempts up to 30 seconds. It tries to store a row that is too large when the
/// row changes.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The server does not know the view.
    #[error("the server does not know the view \"{view}\"")]
    UnknownView {
        /// The view's id.
        view: String,
    },
    /// The view is a tape: pass it to [`tape`](crate::BridgeBuilder::tape).
    #[error("the view \"{view}\" is a tape: copy it with `tape`, not with `view`")]
    Tape {
        /// The view's id.
        view: String,
    },
    /// The view has rows: pass it to [`view`](crate::BridgeBuilder::view).
    #[error("the view \"{view}\" is not a tape: copy it with `view`, not with `tape`")]
    NotATape {
        /// The view's id.
        view: String,
    },
    /// The server speaks protocol v1, which has no tapes.
    #[error("the view \"{view}\" cannot be copied as a tape: the server speaks protocol v1, which has no tapes")]
    UnsupportedProtocol {
        /// The view's id.
        view: String,
    },
    /// The server rejected the subscription, for example because of a limit. The bridge tries again.
    #[error("the server rejected the view \"{view}\": {}: {}", issue.code, issue.message)]
    Rejected {
        /// The view's id.
        view: String,
        /// The server's error.
        issue: Box<Issue>,
    },
    /// The client could not decode a message of the server, so rows may be missing or old. The bridge reads the view
    /// again.
    #[error("the view \"{view}\" may be incomplete: {error}")]
    Undecodable {
        /// The view's id.
        view: String,
        /// The decode error.
        error: FrameError,
    },
    /// The bridge needs a new snapshot, but something else reads the view over the same client.
    #[error("cannot read the view \"{view}\" again: something else reads it over the same client (give the bridge a client of its own)")]
    InUse {
        /// The view's id.
        view: String,
    },
    /// A row's key has more than 3,000 bytes after escaping. A record with such a key becomes a gap.
    #[error("the view \"{view}\" has a key of {size} bytes after escaping, which exceeds the limit of {limit} bytes: \"{key}\"")]
    KeyTooLong {
        /// The view's id.
        view: String,
        /// The first 64 characters of the row's key.
        key: String,
        /// The size of the escaped key in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A row is larger than `max_payload` of the NATS server, less 1,024 bytes. Such a record becomes a gap.
    #[error("\"{key}\" in the view \"{view}\" has {size} bytes, which exceeds the limit of {limit} bytes (raise `max_payload` of the NATS server)")]
    TooLarge {
        /// The view's id.
        view: String,
        /// The first 64 characters of the row's key.
        key: String,
        /// The size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A NATS operation failed.
    #[error("cannot {operation}: {cause}")]
    Nats {
        /// The operation.
        operation: String,
        /// The error of the NATS client.
        cause: String,
    },
    /// The client cannot read the view, for example because the snapshot has not arrived in time. A v1 server does not
    /// answer at all if it does not know the view.
    #[error("cannot read the view \"{view}\": {cause}")]
    Unreadable {
        /// The view's id.
        view: String,
        /// The cause.
        cause: String,
    },
    /// The client of the server has closed.
    #[error("the client of the server is closed: {0}")]
    Closed(#[from] CloseReason),
    /// The NATS client has closed.
    #[error("the NATS client is closed")]
    NatsClosed,
}

impl ViewError {
    /// Returns `true` if the bridge gives the view up: the server does not know it, the bridge has confused rows and a
    /// tape, or a client has closed.
    ///
    /// There is one exception: if the bridge has copied the view before, it tries again although the server does not
    /// know the view, because the server may be starting.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            ViewError::UnknownView { .. }
                | ViewError::Tape { .. }
                | ViewError::NotATape { .. }
                | ViewError::UnsupportedProtocol { .. }
                | ViewError::Closed(_)
                | ViewError::NatsClosed
        )
    }

    pub(super) fn nats(operation: impl Into<String>, cause: &(impl ToString + ?Sized)) -> Self {
        ViewError::Nats {
            operation: operation.into(),
            cause: cause.to_string(),
        }
    }

    /// NATS does not answer a request without permission either.
    pub(super) fn unanswered(operation: impl Into<String>) -> Self {
        let cause = "NATS did not answer: the stream has no leader, or the user lacks permission";
        ViewError::nats(operation, cause)
    }

    /// Converts the error of reading a snapshot.
    pub(super) fn of_read(error: ReadError, view: &str) -> Self {
        let view = view.to_owned();
        match error {
            ReadError::UnknownView { .. } => ViewError::UnknownView { view },
            ReadError::Tape { .. } => ViewError::Tape { view },
            ReadError::Refused { issue, .. } => ViewError::Rejected {
                view,
                issue: Box::new(issue),
            },
            ReadError::Incomplete { error, .. } => ViewError::Undecodable { view, error },
            ReadError::Closed(reason) => ViewError::Closed(reason),
            error => ViewError::Unreadable {
                view,
                cause: error.to_string(),
            },
        }
    }

    /// Converts the error of a stream of rows. Returns `None` if the rows are still right.
    pub(super) fn of_stream(error: StreamError, view: &str) -> Option<Self> {
        let view = view.to_owned();
        Some(match error {
            StreamError::Frame(error) => ViewError::Undecodable { view, error },
            StreamError::Refused(issue) => ViewError::Rejected {
                view,
                issue: Box::new(issue),
            },
            StreamError::Ended(EndReason::UnknownView { .. }) => ViewError::UnknownView { view },
            StreamError::Ended(EndReason::Tape { .. }) => ViewError::Tape { view },
            StreamError::Ended(EndReason::Closed(reason)) => ViewError::Closed(reason),
            StreamError::Ended(reason) => ViewError::Unreadable {
                view,
                cause: reason.to_string(),
            },
            // Raw rows have no fields that fail to decode.
            _ => return None,
        })
    }

    /// Converts the last error of a tape.
    pub(super) fn of_tape(error: TapeError, view: &str) -> Self {
        let view = view.to_owned();
        match error {
            TapeError::UnknownView { .. } => ViewError::UnknownView { view },
            TapeError::NotATape { .. } => ViewError::NotATape { view },
            TapeError::UnsupportedProtocol { .. } => ViewError::UnsupportedProtocol { view },
            TapeError::Rejected { issue, .. } | TapeError::OverLimit { issue, .. } => {
                ViewError::Rejected { view, issue }
            }
            TapeError::Closed(reason) => ViewError::Closed(reason),
            error => ViewError::Unreadable {
                view,
                cause: error.to_string(),
            },
        }
    }
}
