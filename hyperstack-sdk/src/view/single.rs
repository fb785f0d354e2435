//! The row at the front of a view.

use std::fmt;

use super::read::owned;
use super::{ListView, ReadError};
use crate::engine::Handle;
use crate::patch::Record;
use crate::session::{Target, Window};
use crate::store::{Cache, Selection};
use crate::stream::{EntityStream, RichEntityStream, TryEntityStream};

/// The row at the front of a derived view: a window of one row.
///
/// When another row takes the place, a stream gets the newcomer first and then the delete of the
/// row that left, so that there is no moment without a row.
pub struct SingleView<T> {
    list: ListView<T>,
}

impl<T: Record> SingleView<T> {
    pub(super) fn new(handle: Handle, id: &str) -> Self {
        SingleView {
            list: ListView::new(handle, id, Window { take: Some(1) }),
        }
    }

    /// The id of the view that is subscribed.
    pub fn id(&self) -> &str {
        self.list.id()
    }

    /// The row, or `None` if the view is empty, or is not known within the client's
    /// `initial_data_timeout`.
    pub async fn get(&self) -> Option<T> {
        self.list.view.read(Target::All, first).await.0
    }

    /// As [`get`](Self::get), but says why there is nothing.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]; an empty view is `Ok(None)`.
    pub async fn try_get(&self) -> Result<Option<T>, ReadError> {
        let (row, ready) = self.list.view.read(Target::All, first).await;
        ready.map(|()| row)
    }

    /// Streams the row that is there, then every change. Lazy.
    pub fn watch(&self) -> EntityStream<T> {
        self.list.view.stream(Selection::First)
    }

    /// As [`watch`](Self::watch), with the values before and after.
    pub fn watch_rich(&self) -> RichEntityStream<T> {
        self.list.view.stream(Selection::First)
    }

    /// As [`watch`](Self::watch), with the rows that did not fit `T`, and the end, as errors.
    pub fn try_watch(&self) -> TryEntityStream<T> {
        self.list.view.stream(Selection::First)
    }
}

fn first<T: Record>(cache: &Cache<T>) -> Option<T> {
    cache.first().map(owned)
}

impl<T> Clone for SingleView<T> {
    fn clone(&self) -> Self {
        SingleView {
            list: self.list.clone(),
        }
    }
}

impl<T> fmt::Debug for SingleView<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SingleView")
            .field(&self.list.view.id())
            .finish()
    }
}
