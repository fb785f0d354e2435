//! Why a stream ended.

use crate::patch::FilterError;
use crate::session::{CloseReason, TooManySubscriptions};

/// Why a stream ended. Returned by [`Watch::end_reason`](crate::Watch::end_reason).
///
/// The client logs a warning if the reason is likely a mistake in your program: you dropped the client, the server does
/// not know the view, or the view is a tape.
///
/// ```no_run
/// # use hyperstack_sdk::prelude::*;
/// # #[derive(Debug, Clone, PartialEq, Entity)]
/// # struct Token { name: Option<String> }
/// # async fn run(hs: HyperStack) {
/// let mut updates = hs.watch::<Token>();
/// while let Some(update) = updates.next().await {
///     println!("{}", update.key());
/// }
/// if let Some(reason) = updates.end_reason() {
///     eprintln!("the stream ended: {reason}");
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// The client has closed, for example because you dropped it
    /// ([`CloseReason::Dropped`]).
    #[error(transparent)]
    Closed(#[from] CloseReason),
    /// The stream would need more subscriptions than
    /// [`max_subscriptions`](crate::HyperStackBuilder::max_subscriptions) allows.
    #[error(transparent)]
    TooManySubscriptions(#[from] TooManySubscriptions),
    /// `watch_keys` was called without a key.
    #[error("nothing to watch: no key was given")]
    NothingToWatch,
    /// The view's filter is invalid: its path does not exist, or the field cannot have its value.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The view is a [tape](crate::Tape), which has records and no rows.
    #[error("the view \"{view}\" is a tape, which has no rows: read its records with `.tape()`")]
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

impl EndReason {
    /// Logs a warning if the reason is likely a mistake in the program. `T` is the stream's row.
    pub(crate) fn warn<T>(&self) {
        let row = std::any::type_name::<T>();
        match self {
            EndReason::Closed(CloseReason::Dropped) => tracing::warn!(
                "a stream of {row} ended because its client was dropped: keep the `HyperStack` or a view handle, or call `.keep_alive()` on the stream"
            ),
            EndReason::UnknownView { .. } | EndReason::Tape { .. } => {
                tracing::warn!("a stream of {row} ended: {self}");
            }
            _ => {}
        }
    }
}
