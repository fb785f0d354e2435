//! Handles to the first row of a view.

use std::fmt;
use std::sync::Arc;

use super::list::{ListView, WindowView};
use super::read::owned;
use super::read::ReadError;
use super::shared::Shared;
use crate::engine::Handle;
use crate::patch::{FilterValue, Record};
use crate::stream::{
    EndReason, EntityStream, RichEntityStream, RowStream, TryEntityStream, WindowStream,
};

/// A handle to the first row of a derived view, such as the latest round.
///
/// The accessor of a view that is declared `single` returns it. It behaves as a [`WindowView`](crate::WindowView)
/// with `take(1)`. When another row takes the first place, a stream yields the new row before the delete of the
/// old one.
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

    /// Selects the first row whose field at `path` equals `value`; see
    /// [`ListView::filter`](crate::ListView::filter).
    pub fn filter(mut self, path: &str, value: impl FilterValue) -> Self {
        self.window = self.window.filter(path, value);
        self
    }

    /// Selects the first row that `predicate` accepts; see [`ListView::filter_rows`](crate::ListView::filter_rows).
    pub fn filter_rows(mut self, predicate: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.window = self.window.filter_rows(predicate);
        self
    }

    /// Returns a handle that reads the same row as an `Arc` shared with the cache, without copying it.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// Returns the row.
    ///
    /// Waits until the view is ready, for at most
    /// [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (default: 5 seconds). If the wait
    /// fails, returns the row in the cache, if any. [`try_get`](Self::try_get) tells an empty view from a failed read.
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. A row in the cache is returned without one.
    pub async fn get(&self) -> Option<T> {
        self.read().await.0.map(owned)
    }

    /// Like [`get`](Self::get), but returns an error if the view is not ready.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. An empty view is `Ok(None)`. If its row lacks a required field, the error is
    /// [`ReadError::Partial`].
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. A row in the cache is returned without one.
    pub async fn try_get(&self) -> Result<Option<T>, ReadError> {
        let (row, ready) = self.read().await;
        ready.map(|()| row.map(owned))
    }

    /// Returns the row in the cache, without waiting; see [`ListView::get_sync`](crate::ListView::get_sync).
    pub fn get_sync(&self) -> Option<T> {
        self.read_now().map(owned)
    }

    /// Streams updates: first the current row, then every change, including a change of the row itself.
    ///
    /// The stream subscribes when you first poll it; see [`Watch`](crate::Watch).
    pub fn watch(&self) -> EntityStream<T> {
        self.window.watch()
    }

    /// Streams the plain row: first the current one, then the first row after each change.
    pub fn listen(&self) -> RowStream<T> {
        self.window.listen()
    }

    /// Streams updates like [`watch`](Self::watch), with each row before and after a change.
    pub fn watch_rich(&self) -> RichEntityStream<T> {
        self.window.watch_rich()
    }

    /// Streams updates like [`watch`](Self::watch), and also errors, such as decode errors and the end of the
    /// stream.
    ///
    /// See [`StreamError`](crate::StreamError).
    pub fn try_watch(&self) -> TryEntityStream<T> {
        self.window.try_watch()
    }

    /// Streams the row if there is one: a slice of one row or none, first when the view is ready and then after each
    /// change.
    ///
    /// See [`Watch::windows`](crate::Watch::windows).
    pub fn watch_window(&self) -> WindowStream<T> {
        self.window.watch_window()
    }

    /// Waits until `predicate` accepts the row, and returns the row; see
    /// [`ListView::wait_for`](crate::ListView::wait_for).
    ///
    /// # Errors
    ///
    /// Why no such row can come any more.
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
