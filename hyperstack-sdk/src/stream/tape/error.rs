//! The errors that a tape yields.

use super::super::error::RowError;
use crate::patch::FilterError;
use crate::session::{CloseReason, TapeEnd, TapeGap, TooManySubscriptions};
use crate::wire::{Cursor, Issue};

/// An error that a [`Tape`](crate::Tape) yields.
///
/// The tape continues after [`Decode`](Self::Decode) and [`OverLimit`](Self::OverLimit), and after [`Gap`](Self::Gap)
/// unless you called [`end_at_gap`](crate::Tape::end_at_gap). Every other error is its last item.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TapeError {
    /// Records are lost. The tape continues after the gap, unless you called [`end_at_gap`](crate::Tape::end_at_gap).
    #[error("{0}")]
    Gap(Box<TapeGap>),
    /// A field of the next record failed to decode.
    ///
    /// The record follows without this field. If nothing of it could be decoded, it does not follow.
    #[error("{error} (record {cursor})")]
    Decode {
        /// The position of the record.
        cursor: Cursor,
        /// The error, with the record's key and the path of the field.
        #[source]
        error: Box<RowError>,
    },
    /// The server's limit on subscriptions, or on subscriptions per minute, is reached. The tape opens when another
    /// subscription ends, or after the time that the server names.
    #[error("cannot subscribe to the tape \"{view}\" yet: {} (the client will retry)", issue.message)]
    OverLimit {
        /// The view's id.
        view: String,
        /// The server's error.
        issue: Box<Issue>,
    },
    /// The view has rows, so read it with `get` or `watch`.
    #[error("the view \"{view}\" is not a tape: it has rows, which `get` and `watch` read")]
    NotATape {
        /// The view's id.
        view: String,
    },
    /// The server speaks protocol v1, which has no tapes.
    #[error("the view \"{view}\" cannot be read as a tape: the server speaks protocol v1, which has no tapes")]
    UnsupportedProtocol {
        /// The view's id.
        view: String,
    },
    /// The server does not know the view.
    #[error("the server does not know the view \"{view}\"")]
    UnknownView {
        /// The view's id.
        view: String,
    },
    /// The server rejected the subscription. A retry does not help.
    #[error("the server rejected the tape \"{view}\": {}: {}", issue.code, issue.message)]
    Rejected {
        /// The view's id.
        view: String,
        /// The server's error.
        issue: Box<Issue>,
    },
    /// The handle has a window or a closure, which apply to rows. A tape has records.
    #[error("the view \"{view}\" has {option}, which a tape does not support: use `.key(..)` and `.filter(..)`")]
    Unsupported {
        /// The view's id.
        view: String,
        /// The method of the handle, such as `take`.
        option: &'static str,
    },
    /// A filter is invalid: its path does not exist, or the field cannot have its value.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The tape would need more subscriptions than
    /// [`max_subscriptions`](crate::HyperStackBuilder::max_subscriptions) allows.
    #[error(transparent)]
    TooManySubscriptions(#[from] TooManySubscriptions),
    /// The client has closed.
    #[error(transparent)]
    Closed(#[from] CloseReason),
}

impl TapeError {
    /// Returns the error of a reader that has ended, unless its gap was the error.
    pub(crate) fn of_end(reason: &TapeEnd, view: String) -> Option<Self> {
        Some(match reason {
            TapeEnd::Gap => return None,
            TapeEnd::UnsupportedProtocol => TapeError::UnsupportedProtocol { view },
            TapeEnd::NotATape => TapeError::NotATape { view },
            TapeEnd::UnknownView => TapeError::UnknownView { view },
            TapeEnd::Rejected(issue) => {
                let issue = Box::new(issue.clone());
                TapeError::Rejected { view, issue }
            }
        })
    }
}
