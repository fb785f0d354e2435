//! Why a stream ended.

use crate::patch::FilterError;
use crate::session::{CloseReason, TooManySubscriptions};

/// Why a stream ended: no more updates can come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// The client ended.
    #[error(transparent)]
    Closed(#[from] CloseReason),
    /// The client keeps too many subscriptions to add this stream's.
    #[error(transparent)]
    TooManySubscriptions(#[from] TooManySubscriptions),
    /// `watch_keys` was given no key.
    #[error("nothing to watch: no key was given")]
    NothingToWatch,
    /// The view's filter is invalid: its path leads nowhere, or the field cannot have its value.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The view is a tape: a log of events, which has no rows.
    #[error("the view \"{view}\" is a tape: it has events, not rows")]
    Tape {
        /// The view's id.
        view: String,
    },
    /// The server does not know the view.
    #[error("the server does not know the view \"{view}\"")]
    UnknownView {
        /// The view's id.
        view: String,
    },
}
