//! The row at the front of a view.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::list::WindowView;
use super::read::owned;
use super::read::ReadError;
use super::shared::Shared;
use crate::engine::Handle;
use crate::patch::Record;
use crate::stream::{EntityStream, RichEntityStream, RowStream, TryEntityStream};

/// The row at the front of a derived view: a window of one row.
///
/// When another row takes the place, a stream gets the newcomer first and then the delete of the
/// row that left, so that there is no moment without a row.
#[must_use = "a handle subscribes to nothing until it is read"]
pub struct SingleView<T: Record> {
    window: WindowView<T>,
}

impl<T: Record> SingleView<T> {
    pub(crate) fn new(handle: Handle, id: &str) -> Self {
        SingleView {
            window: WindowView::new(handle, id).take(1),
        }
    }

    /// The id of the view that is subscribed.
    pub fn id(&self) -> &str {
        self.window.id()
    }

    /// The first row of those whose field at `path` has this value: see
    /// [`ListView::filter`](crate::ListView::filter).
    pub fn filter(mut self, path: &str, value: impl Into<Value>) -> Self {
        self.window = self.window.filter(path, value);
        self
    }

    /// The same row, to be read as an `Arc` that is shared with the cache rather than as a copy.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// The row, or `None` if the view is empty, or is not known within the client's
    /// `initial_data_timeout`.
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn get(&self) -> Option<T> {
        self.read().await.0.map(owned)
    }

    /// As [`get`](Self::get), but says why there is nothing.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]; an empty view is `Ok(None)`.
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn try_get(&self) -> Result<Option<T>, ReadError> {
        let (row, ready) = self.read().await;
        ready.map(|()| row.map(owned))
    }

    /// The row that the cache holds at this moment: see
    /// [`ListView::get_sync`](crate::ListView::get_sync).
    pub fn get_sync(&self) -> Option<T> {
        self.read_now().map(owned)
    }

    /// Streams the row that is there, then every change. Lazy.
    pub fn watch(&self) -> EntityStream<T> {
        self.window.watch()
    }

    /// Streams the row that is there, then whichever it is after a change. Lazy.
    pub fn listen(&self) -> RowStream<T> {
        self.window.listen()
    }

    /// As [`watch`](Self::watch), with the values before and after.
    pub fn watch_rich(&self) -> RichEntityStream<T> {
        self.window.watch_rich()
    }

    /// As [`watch`](Self::watch), with the rows that did not fit `T`, and the end, as errors.
    pub fn try_watch(&self) -> TryEntityStream<T> {
        self.window.try_watch()
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
