//! Handles to the first row of a view.

use std::fmt;
use std::sync::Arc;

use super::list::{ListView, WindowView};
use super::read::owned;
use super::read::ReadError;
use super::shared::Shared;
use crate::engine::Handle;
use crate::patch::{FieldPath, FilterValue, Record};
use crate::stream::{
    EndReason, EntityStream, RichEntityStream, RowStream, TryEntityStream, WindowStream,
};

/// A handle to the first row of a view, such as the latest round.
///
/// The accessor of `#[view(name, single)]` returns it, and so does [`ListView::first`](crate::ListView::first). It
/// behaves like a list handle with `take(1)`: if another row becomes the first, the handle reads that row.
///
/// ```no_run
/// # use hyperstack_sdk::prelude::*;
/// #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// #[view(latest, single)]
/// struct OreRound {
///     motherlode: Option<f64>,
/// }
///
/// # async fn run(hs: HyperStack) {
/// let latest: Option<OreRound> = hs.views::<OreRoundViews>().latest().get().await;
/// # }
/// ```
#[must_use = "a handle subscribes to nothing until it is read"]
pub struct SingleView<T: Record> {
    window: WindowView<T>,
}

impl<T: Record> SingleView<T> {
    pub(crate) fn new(handle: Handle, id: &str) -> Self {
        SingleView::of(WindowView::new(handle, id).take(1))
    }

    /// Creates a handle to the row of a window of one row.
    pub(super) fn of<Kind>(window: ListView<T, Kind>) -> Self {
        SingleView {
            window: window.of_kind(),
        }
    }

    /// Returns the view's id, such as `OreRound/latest`.
    pub fn id(&self) -> &str {
        self.window.id()
    }

    /// Reads the first row whose field at `path` equals `value`; see [`ListView::filter`](crate::ListView::filter).
    pub fn filter(mut self, path: impl FieldPath, value: impl FilterValue) -> Self {
        self.window = self.window.filter(path, value);
        self
    }

    /// Reads the first row for which `predicate` returns `true`; see
    /// [`ListView::filter_rows`](crate::ListView::filter_rows).
    pub fn filter_rows(mut self, predicate: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.window = self.window.filter_rows(predicate);
        self
    }

    /// Returns a handle that reads the same row as an `Arc` from the cache, without copying it.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// Returns the row, or `None` if the view is empty.
    ///
    /// Waits at most [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (default: 5 seconds) for
    /// the snapshot. If the read fails or times out, returns the cached row, if any. [`try_get`](Self::try_get) tells
    /// an empty view from a failed read.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the row is cached.
    pub async fn get(&self) -> Option<T> {
        self.read().await.0.map(owned)
    }

    /// Like [`get`](Self::get), but returns an error if the read fails or times out.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. If the view is empty, returns `Ok(None)`. If the row lacks a required field, the error is
    /// [`ReadError::Partial`].
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the row is cached.
    pub async fn try_get(&self) -> Result<Option<T>, ReadError> {
        let (row, ready) = self.read().await;
        ready.map(|()| row.map(owned))
    }

    /// Returns the cached row, without waiting; see [`ListView::get_sync`](crate::ListView::get_sync).
    pub fn get_sync(&self) -> Option<T> {
        self.read_now().map(owned)
    }

    /// Streams updates: an upsert for the current row, then its changes.
    ///
    /// If another row becomes the first, the stream yields that row and then a delete of the old one. If the view
    /// becomes empty, it yields a delete and continues with the next row that enters.
    ///
    /// The stream subscribes when you first poll it. [`Watch`](crate::Watch) lists what else it can yield.
    pub fn watch(&self) -> EntityStream<T> {
        self.window.watch()
    }

    /// Streams the row without its key: the current one, then the view's first row after each change.
    pub fn listen(&self) -> RowStream<T> {
        self.window.listen()
    }

    /// Streams updates like [`watch`](Self::watch), with each row before and after a change.
    pub fn watch_rich(&self) -> RichEntityStream<T> {
        self.window.watch_rich()
    }

    /// Streams updates like [`watch`](Self::watch), and also errors, such as decode errors and why the stream ended.
    ///
    /// See [`StreamError`](crate::StreamError).
    pub fn try_watch(&self) -> TryEntityStream<T> {
        self.window.try_watch()
    }

    /// Streams the row as a slice, which is empty if the view is empty: first when the snapshot is complete, then after
    /// each change.
    ///
    /// See [`Watch::windows`](crate::Watch::windows).
    pub fn watch_window(&self) -> WindowStream<T> {
        self.window.watch_window()
    }

    /// Waits until `predicate` returns `true` for the row, and returns the row; see
    /// [`ListView::wait_for`](crate::ListView::wait_for).
    ///
    /// # Errors
    ///
    /// Returns an [`EndReason`] if no more rows can come.
    pub async fn wait_for(&self, predicate: impl FnMut(&T) -> bool) -> Result<T, EndReason> {
        self.window.wait_for(predicate).await
    }

    pub(super) async fn read(&self) -> (Option<Arc<T>>, Result<(), ReadError>) {
        let (rows, ready) = self.window.read().await;
        (rows.into_iter().next(), ready)
    }

    pub(super) fn read_now(&self) -> Option<Arc<T>> {
        self.window.read_now().into_iter().next()
    }
}

impl<T: Record> Clone for SingleView<T> {
    fn clone(&self) -> Self {
        SingleView {
            window: self.window.clone(),
        }
    }
}

impl<T: Record> fmt::Debug for SingleView<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SingleView").field(&self.id()).finish()
    }
}
