//! A view's rows one at a time.

use std::fmt;
use std::sync::Arc;

use super::read::ReadError;
use super::read::{owned, View};
use super::shared::Shared;
use crate::engine::Handle;
use crate::patch::Record;
use crate::stream::{EntityStream, RichEntityStream, RowStream, TryEntityStream};

/// A view's rows one at a time, by key.
///
/// What it promises is the *state* of a row. It asks the server for the row in the entity's list,
/// because the server's mode of the name `state` loses patches under load. Where the whole list is
/// being read, the row is served from there.
///
/// A key is given as what is written as its text: `get("42")`, `get(42)`, or the key of a row that
/// is [`Keyed`](crate::Keyed), `get(round.key())`. Of a [`Key`](crate::Key) that cannot be displayed,
/// give the text: `get(mint.text())`.
#[must_use = "a handle subscribes to nothing until it is read"]
pub struct StateView<T> {
    view: View<T>,
}

impl<T: Record> StateView<T> {
    pub(crate) fn new(handle: Handle, id: &str) -> Self {
        StateView {
            view: View::new(handle, id),
        }
    }

    /// The id of the view that is subscribed.
    pub fn id(&self) -> &str {
        self.view.id()
    }

    /// The row, or `None` if the server has none of this key, or has not said so within the
    /// client's `initial_data_timeout`.
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn get(&self, key: impl ToString) -> Option<T> {
        self.read(key).await.0.map(owned)
    }

    /// As [`get`](Self::get), but says why there is nothing.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. A key that the server does not have is `Ok(None)`. A row that still lacks a required
    /// field is [`ReadError::Partial`].
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn try_get(&self, key: impl ToString) -> Result<Option<T>, ReadError> {
        let (row, ready) = self.read(key).await;
        ready.map(|()| row.map(owned))
    }

    /// The row that the cache holds at this moment, which is none unless somebody reads it, or did a
    /// short while ago. Waits for nothing and subscribes to nothing.
    pub fn get_sync(&self, key: impl ToString) -> Option<T> {
        self.read_now(key).map(owned)
    }

    /// Returns the fields of the row with this key that are out of date, as dotted paths of names on the wire
    /// such as `state.bets`.
    ///
    /// A field is out of date if its latest value did not fit its type. It keeps the last value that did, until
    /// the next one that does. [`RowError`](crate::RowError) says what was wrong. Subscribes to nothing: empty
    /// if no reader holds the row.
    pub fn stale_fields(&self, key: impl ToString) -> Vec<String> {
        self.view.stale_fields(&key.to_string())
    }

    /// The same rows, to be read as `Arc`s that are shared with the cache rather than as copies.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// Streams the row if it is there, then every change. Lazy.
    pub fn watch(&self, key: impl ToString) -> EntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams the row if it is there, then as it is after each change. Lazy.
    pub fn listen(&self, key: impl ToString) -> RowStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// As [`watch`](Self::watch), with the values before and after.
    pub fn watch_rich(&self, key: impl ToString) -> RichEntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// As [`watch`](Self::watch), with the rows that did not fit `T`, and the end, as errors.
    pub fn try_watch(&self, key: impl ToString) -> TryEntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams some rows; only these are asked of the server. Lazy.
    pub fn watch_keys(&self, keys: &[&str]) -> EntityStream<T> {
        let mut queries: Vec<_> = keys.iter().map(|key| self.view.key(key)).collect();
        queries.sort_unstable();
        queries.dedup();
        self.view.stream(queries, None)
    }

    pub(super) async fn read(&self, key: impl ToString) -> (Option<Arc<T>>, Result<(), ReadError>) {
        let key = key.to_string();
        // A row of a list that is ready needs no subscription of its own.
        let list = self.view.cached(&self.view.whole());
        if let Some(row) = list.and_then(|list| list.cache.get_from_ready_view(&key)) {
            return (Some(row), Ok(()));
        }
        let query = self.view.key(&key);
        let (row, ready) = self.view.read(query, |cache, _| cache.get(&key)).await;
        let held = || ready.is_err().then(|| self.view.held_row(&key)).flatten();
        (row.or_else(held), ready)
    }

    pub(super) fn read_now(&self, key: impl ToString) -> Option<Arc<T>> {
        self.view.held_row(&key.to_string())
    }
}

impl<T> Clone for StateView<T> {
    fn clone(&self) -> Self {
        StateView {
            view: self.view.clone(),
        }
    }
}

impl<T> fmt::Debug for StateView<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateView").field(&self.view.id()).finish()
    }
}
