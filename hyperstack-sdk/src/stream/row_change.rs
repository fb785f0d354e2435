//! The item with all details of a change.

use serde::Serialize;

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
///
/// # As JSON
///
/// If the row implements `Serialize`, so does the change, in the form that a remote copy of the rows needs: a new row as
/// a whole, then only the changed fields.
///
/// ```
/// use hyperstack_sdk::{prelude::*, RemovalCause, RowChange};
/// use serde::Serialize;
///
/// #[derive(Debug, Clone, PartialEq, Entity, Serialize)]
/// struct Token {
///     name: String,
///     price: Option<f64>,
/// }
///
/// let key = || "ore".to_owned();
/// let before = Token { name: "Ore".to_owned(), price: Some(1.5) };
/// let after = Token { price: None, ..before.clone() };
/// let patch = Box::new(before.diff(&after));
/// let added = RowChange::Added { key: key(), row: before.clone() };
/// let changed = RowChange::Changed { key: key(), before, after: after.clone(), patch };
/// let removed = RowChange::Removed { key: key(), last: after, cause: RemovalCause::Deleted };
/// let json = |change| serde_json::to_string(&change);
/// assert_eq!(json(added)?, r#"{"op":"added","key":"ore","row":{"name":"Ore","price":1.5}}"#);
/// assert_eq!(json(changed)?, r#"{"op":"changed","key":"ore","patch":{"price":null}}"#);
/// assert_eq!(json(removed)?, r#"{"op":"removed","key":"ore","cause":"deleted"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// To apply a patch, merge nested objects by field and replace all other values, lists included. The patch uses wire
/// names; give the row's serde impl the [same names](crate::derives#serde-attributes).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case", bound = "R: Serialize")]
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
        #[serde(skip)]
        before: R,
        /// The row after.
        #[serde(skip)]
        after: R,
        /// The smallest patch that turns `before` into `after`.
        patch: Box<R::Patch>,
    },
    /// The row left the stream's rows.
    Removed {
        /// The row's key.
        key: String,
        /// The row, as this stream last yielded it.
        #[serde(skip)]
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
