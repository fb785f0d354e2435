//! The item with all details of a change.

use super::item::AnyRow;
use crate::session::RemovalCause;

/// A change of a row with all details: the row before and after, the changed fields as a typed patch, and why a row
/// left.
///
/// Streams of [`changes()`](crate::Watch::changes) yield it. `R` is the type of the row: `T`, or `Arc<T>` after
/// [`shared()`](crate::Watch::shared).
///
/// ```no_run
/// use hyperstack_sdk::{prelude::*, RowChange};
///
/// # #[derive(Debug, Clone, PartialEq, Entity)]
/// # struct Token { price: f64 }
/// # async fn run(hs: HyperStack) -> serde_json::Result<()> {
/// let mut changes = hs.watch::<Token>().changes();
/// while let Some(change) = changes.next().await {
///     match change {
///         RowChange::Added { key, row } => println!("{key} is new: {row:?}"),
///         RowChange::Changed { key, patch, .. } => println!("{key}: {}", serde_json::to_string(&patch)?),
///         RowChange::Removed { key, cause, .. } => println!("{key} is gone: {cause:?}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum RowChange<R: AnyRow> {
    /// The row is new to this stream.
    Added {
        /// The row's key.
        key: String,
        /// The row.
        row: R,
    },
    /// The row changed.
    Changed {
        /// The row's key.
        key: String,
        /// The row before, as this stream last yielded it.
        before: R,
        /// The row after.
        after: R,
        /// The smallest patch that turns `before` into `after`.
        patch: Box<R::Patch>,
    },
    /// The row left the stream's rows.
    Removed {
        /// The row's key.
        key: String,
        /// The row, as this stream last yielded it.
        last: R,
        /// Why the row left. This is a hint; see [`RemovalCause`].
        cause: RemovalCause,
    },
}

impl<R: AnyRow> RowChange<R> {
    /// Returns the row's key.
    pub fn key(&self) -> &str {
        match self {
            RowChange::Added { key, .. }
            | RowChange::Changed { key, .. }
            | RowChange::Removed { key, .. } => key,
        }
    }

    /// Returns the row before the change, or `None` if the row is new.
    pub fn before(&self) -> Option<&R> {
        match self {
            RowChange::Added { .. } => None,
            RowChange::Changed { before, .. } => Some(before),
            RowChange::Removed { last, .. } => Some(last),
        }
    }

    /// Returns the row after the change, or `None` if the row left.
    pub fn data(&self) -> Option<&R> {
        match self {
            RowChange::Added { row, .. } => Some(row),
            RowChange::Changed { after, .. } => Some(after),
            RowChange::Removed { .. } => None,
        }
    }

    /// Returns the changed fields as a typed patch, or `None` if the row is new or left.
    pub fn patch(&self) -> Option<&R::Patch> {
        match self {
            RowChange::Changed { patch, .. } => Some(patch),
            _ => None,
        }
    }
}
