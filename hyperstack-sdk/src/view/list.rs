//! A view as a list of rows.

use std::fmt;

use super::read::{owned, View};
use super::ReadError;
use crate::engine::Handle;
use crate::patch::Record;
use crate::session::{Target, Window};
use crate::store::{Cache, Selection};
use crate::stream::{EntityStream, RichEntityStream, TryEntityStream};

/// A view as a list of rows, in the view's order: an entity's list, or a derived collection.
///
/// The order is the one that the server announces: recency for an entity's list, a sort for a
/// derived view, where ties go by key and rows without the value come first. Rows that are sorted by
/// text keep the order in which the server sent them.
///
/// An entity's list only grows: the server never says that an entity is gone, and keeps no more than
/// the latest 500 itself, so that a row which a new snapshot lacks may still be there. Such rows are
/// kept. Of a derived view they are deleted.
pub struct ListView<T> {
    pub(super) view: View<T>,
}

impl<T: Record> ListView<T> {
    pub(super) fn new(handle: Handle, id: &str, window: Window) -> Self {
        ListView {
            view: View::new(handle, id, window),
        }
    }

    /// The id of the view that is subscribed.
    pub fn id(&self) -> &str {
        self.view.id()
    }

    /// The rows. Waits until the view is complete, at most for the client's
    /// `initial_data_timeout`, and returns what is there.
    pub async fn get(&self) -> Vec<T> {
        self.view.read(Target::All, rows).await.0
    }

    /// As [`get`](Self::get), but tells an empty view from one that is not known yet.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub async fn try_get(&self) -> Result<Vec<T>, ReadError> {
        let (rows, ready) = self.view.read(Target::All, rows).await;
        ready.map(|()| rows)
    }

    /// Streams the rows that are there, then every change. Lazy.
    pub fn watch(&self) -> EntityStream<T> {
        self.view.stream(Selection::All)
    }

    /// As [`watch`](Self::watch), with the values before and after.
    pub fn watch_rich(&self) -> RichEntityStream<T> {
        self.view.stream(Selection::All)
    }

    /// As [`watch`](Self::watch), with the rows that did not fit `T`, and the end, as errors.
    pub fn try_watch(&self) -> TryEntityStream<T> {
        self.view.stream(Selection::All)
    }
}

fn rows<T: Record>(cache: &Cache<T>) -> Vec<T> {
    cache.list().into_iter().map(owned).collect()
}

impl<T> Clone for ListView<T> {
    fn clone(&self) -> Self {
        ListView {
            view: self.view.clone(),
        }
    }
}

impl<T> fmt::Debug for ListView<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListView").field(&self.view.id()).finish()
    }
}
