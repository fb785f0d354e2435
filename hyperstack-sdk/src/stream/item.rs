//! The kinds of items that a stream yields, and how they are made from changes.

use std::sync::Arc;

use serde_json::Value;

use super::change::{Change, ChangeKind};
use super::end::EndReason;
use super::error::StreamError;
use super::queue::Needs;
use super::row_change::RowChange;
use super::update::{RichUpdate, Update};
use crate::patch::{Patch, Patchable, Record};
use crate::session::RemovalCause;

/// An item of a [`Watch`](crate::Watch): a row, an [`Update`], a [`RichUpdate`], a [`RowChange`] or a whole window, or
/// a `Result` of one of these. This trait is sealed.
pub trait Item: sealed::Item {}

impl<I: sealed::Item> Item for I {}

/// A row in an item: `T`, or an [`Arc`] from the cache. This trait is sealed.
pub trait AnyRow: sealed::AnyRow {}

impl<R: sealed::AnyRow> AnyRow for R {}

/// All rows of a window, in the view's order. The item of [`Watch::windows`](crate::Watch::windows).
pub type WindowRows<T> = Arc<[Arc<T>]>;

pub(super) mod sealed {
    use super::{Arc, Change, EndReason, Needs, Patch, Patchable, Record, StreamError, WindowRows};

    pub trait AnyRow: Sized {
        type Row: Record + Patchable<Patch = Self::Patch>;
        type Patch: Patch + Send + Sync;
        /// Takes the row out of the `Arc`, which copies it only if it is shared.
        fn take(row: Arc<Self::Row>) -> Self;
    }

    pub trait Item: Sized {
        type Row: Record;
        /// How the item holds a row.
        type Held: super::AnyRow<Row = Self::Row>;
        /// The same item, with its rows in `Arc`s.
        type Shared: super::Item<Row = Self::Row>;
        /// The item without errors.
        type Plain: super::Item<Row = Self::Row>;
        /// Another item, with errors if this one has them.
        type Like<J: super::Item<Row = Self::Row>>: super::Item<Row = Self::Row>;
        const NEEDS: Needs;
        const WANTS_ERRORS: bool = false;
        /// Returns `None` if this kind of item does not show the change.
        fn from_change(change: Change<Self::Row>) -> Option<Self>;
        fn from_window(_: WindowRows<Self::Row>) -> Option<Self> {
            None
        }
        fn from_error(_: StreamError) -> Option<Self> {
            None
        }
        /// Returns the last item, if this kind of item shows the end.
        fn from_end(_: &EndReason) -> Option<Self> {
            None
        }
    }
}

impl<T: Record> sealed::AnyRow for T {
    type Row = T;
    type Patch = <T as Patchable>::Patch;

    fn take(mut row: Arc<T>) -> T {
        match Arc::get_mut(&mut row) {
            Some(_) => Arc::unwrap_or_clone(row),
            // Copied here, in one move: `unwrap_or_clone` takes several.
            None => T::clone(&row),
        }
    }
}

impl<T: Record> sealed::AnyRow for Arc<T> {
    type Row = T;
    type Patch = <T as Patchable>::Patch;

    #[inline]
    fn take(row: Arc<T>) -> Arc<T> {
        row
    }
}

/// The associated types that all items without errors share. They hold rows as `$row`.
macro_rules! plain {
    ($row:ident, $shared:ty) => {
        type Row = $row::Row;
        type Held = $row;
        type Shared = $shared;
        type Plain = Self;
        type Like<J: Item<Row = Self::Row>> = J;
    };
}

// Below, each kind of change has a function of its own: in a debug build, each takes the stack of the rows in it.

impl<R: AnyRow> sealed::Item for Update<R> {
    plain! { R, Update<Arc<R::Row>> }
    const NEEDS: Needs = Needs::Changes;

    #[inline]
    fn from_change(change: Change<R::Row>) -> Option<Self> {
        fn upsert<R: AnyRow>(key: String, row: Arc<R::Row>) -> Option<Update<R>> {
            let data = R::take(row);
            Some(Update::Upsert { key, data })
        }
        fn patch<R: AnyRow>(key: String, row: Arc<R::Row>) -> Option<Update<R>> {
            let data = R::take(row);
            Some(Update::Patch { key, data })
        }
        fn delete<R>(key: String) -> Option<Update<R>> {
            Some(Update::Delete { key })
        }
        let key = String::from(&*change.key);
        match (change.kind, change.after) {
            (ChangeKind::Upsert, Some(row)) => upsert(key, row),
            (ChangeKind::Patch, Some(row)) => patch(key, row),
            (ChangeKind::Remove(_), _) | (_, None) => delete(key),
        }
    }
}

impl<R: AnyRow> sealed::Item for RichUpdate<R> {
    plain! { R, RichUpdate<Arc<R::Row>> }
    const NEEDS: Needs = Needs::ChangesWithBefore;

    fn from_change(change: Change<R::Row>) -> Option<Self> {
        fn created<R: AnyRow>(key: String, row: Arc<R::Row>) -> Option<RichUpdate<R>> {
            let data = R::take(row);
            Some(RichUpdate::Created { key, data })
        }
        fn updated<R: AnyRow>(
            key: String,
            before: Arc<R::Row>,
            after: Arc<R::Row>,
            patch: Option<Value>,
        ) -> Option<RichUpdate<R>> {
            Some(RichUpdate::Updated {
                key,
                before: R::take(before),
                after: R::take(after),
                patch,
            })
        }
        fn deleted<R: AnyRow>(key: String, row: Option<Arc<R::Row>>) -> Option<RichUpdate<R>> {
            let last_known = row.map(R::take);
            Some(RichUpdate::Deleted { key, last_known })
        }
        let key = String::from(&*change.key);
        match (change.before, change.after) {
            (None, Some(row)) => created(key, row),
            (Some(before), Some(after)) if before == after => None,
            (Some(before), Some(after)) => {
                // A patch is made of strings, numbers and booleans: it always serializes.
                let patch = serde_json::to_value(before.diff(&after)).ok();
                updated(key, before, after, patch)
            }
            (last_known, None) => deleted(key, last_known),
        }
    }
}

impl<R: AnyRow> sealed::Item for RowChange<R> {
    plain! { R, RowChange<Arc<R::Row>> }
    const NEEDS: Needs = Needs::ChangesWithBefore;

    fn from_change(change: Change<R::Row>) -> Option<Self> {
        fn added<R: AnyRow>(key: String, row: Arc<R::Row>) -> Option<RowChange<R>> {
            let row = R::take(row);
            Some(RowChange::Added { key, row })
        }
        fn changed<R: AnyRow>(
            key: String,
            before: Arc<R::Row>,
            after: Arc<R::Row>,
        ) -> Option<RowChange<R>> {
            let patch = Box::new(before.diff(&after));
            Some(RowChange::Changed {
                key,
                before: R::take(before),
                after: R::take(after),
                patch,
            })
        }
        fn removed<R: AnyRow>(
            key: String,
            row: Arc<R::Row>,
            cause: RemovalCause,
        ) -> Option<RowChange<R>> {
            let last = R::take(row);
            Some(RowChange::Removed { key, last, cause })
        }
        let key = String::from(&*change.key);
        match (change.before, change.after) {
            (None, Some(row)) => added(key, row),
            (Some(before), Some(after)) if before == after => None,
            (Some(before), Some(after)) => changed(key, before, after),
            (Some(last), None) => removed(key, last, change.kind.removal()),
            (None, None) => None,
        }
    }
}

impl<R: AnyRow> sealed::Item for R {
    plain! { R, Arc<R::Row> }
    const NEEDS: Needs = Needs::Changes;

    fn from_change(change: Change<R::Row>) -> Option<Self> {
        change.after.map(R::take)
    }
}

impl<T: Record> sealed::Item for WindowRows<T> {
    type Row = T;
    type Held = Arc<T>;
    type Shared = Self;
    type Plain = Self;
    type Like<J: Item<Row = T>> = J;
    const NEEDS: Needs = Needs::Window;

    fn from_change(_: Change<T>) -> Option<Self> {
        None
    }

    fn from_window(rows: WindowRows<T>) -> Option<Self> {
        Some(rows)
    }
}

impl<U: Item> sealed::Item for Result<U, StreamError> {
    type Row = U::Row;
    type Held = U::Held;
    type Shared = Result<U::Shared, StreamError>;
    type Plain = U;
    type Like<J: Item<Row = U::Row>> = Result<J, StreamError>;
    const NEEDS: Needs = U::NEEDS;
    const WANTS_ERRORS: bool = true;

    fn from_change(change: Change<U::Row>) -> Option<Self> {
        U::from_change(change).map(Ok)
    }

    fn from_window(rows: WindowRows<U::Row>) -> Option<Self> {
        U::from_window(rows).map(Ok)
    }

    fn from_error(error: StreamError) -> Option<Self> {
        Some(Err(error))
    }

    fn from_end(reason: &EndReason) -> Option<Self> {
        Some(Err(StreamError::Ended(reason.clone())))
    }
}
