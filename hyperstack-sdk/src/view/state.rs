//! Handles to single rows of a view.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::read::ReadError;
use super::read::{owned, wait_for, View};
use super::shared::Shared;
use crate::engine::Handle;
use crate::patch::Record;
use crate::stream::{EndReason, EntityStream, RichEntityStream, RowStream, TryEntityStream};

/// A handle that reads single rows of a view by key.
///
/// `views.state()` and the accessors of `#[view(name, keyed)]` return it. A key is any value whose `to_string()` is the
/// row's key: `get("42")`, `get(42)`, or `get(key)` with the `key` of `if let Some(key) = round.key()` if the row is
/// [`Keyed`](crate::Keyed).
///
/// ```no_run
/// # use hyperstack_sdk::prelude::*;
/// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// # struct Round { motherlode: Option<f64> }
/// # async fn run(hs: HyperStack) {
/// let rounds = hs.views::<RoundViews>().state();
/// let round: Option<Round> = rounds.get(42).await;
/// let mut updates = rounds.watch(42);
/// # }
/// ```
///
/// `get` takes the row from the cache if the client is subscribed to the list and the row is in it. Otherwise, the
/// client subscribes to the row. A v2 server has a `state` view for this. With a v1 server, the client subscribes to
/// the row in the list, because the `state` view of such a server loses patches under load.
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

    /// Returns the view's id. For `views.state()`, this is the id of the list, such as `OreRound/list`.
    pub fn id(&self) -> &str {
        self.view.id()
    }

    /// Returns the row with this key.
    ///
    /// Waits at most [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (default: 5 seconds) for
    /// the server's reply. If the read fails or times out, returns the cached row, if any. `None` means that there is
    /// no such row or that the read failed; [`try_get`](Self::try_get) tells the two apart.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the row is cached.
    pub async fn get(&self, key: impl ToString) -> Option<T> {
        self.read(key).await.0.map(owned)
    }

    /// Like [`get`](Self::get), but returns an error if the read fails or times out.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. If the server has no row with this key, returns `Ok(None)`. If the row lacks a required
    /// field, the error is [`ReadError::Partial`].
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the row is cached.
    pub async fn try_get(&self, key: impl ToString) -> Result<Option<T>, ReadError> {
        let (row, ready) = self.read(key).await;
        ready.map(|()| row.map(owned))
    }

    /// Returns the cached row, without waiting.
    ///
    /// Does not subscribe, so it returns a row only while a stream or a recent read keeps the client subscribed to this
    /// row or to the list. The row can be out of date while the connection is down.
    pub fn get_sync(&self, key: impl ToString) -> Option<T> {
        self.read_now(key).map(owned)
    }

    /// Returns the stale fields of the row with this key, as dotted paths of wire names such as `state.bets`.
    ///
    /// A field is stale if its latest value failed to decode. It keeps its last good value until a valid one arrives. A
    /// [`RowError`](crate::RowError) says what was wrong.
    ///
    /// Reads only the cache: if the row is not cached, returns no fields.
    pub fn stale_fields(&self, key: impl ToString) -> Vec<String> {
        self.view.stale_fields(&key.to_string())
    }

    /// Returns a handle that reads the same rows as `Arc`s from the cache, without copying them.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// Streams updates of the row with this key: first the current row, if it exists, then every change.
    ///
    /// The stream subscribes when you first poll it. [`Watch`](crate::Watch) lists what else it can yield.
    pub fn watch(&self, key: impl ToString) -> EntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams the row without its key: first the current row, if it exists, then the row after each change.
    pub fn listen(&self, key: impl ToString) -> RowStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams updates like [`watch`](Self::watch), with the row before and after a change.
    pub fn watch_rich(&self, key: impl ToString) -> RichEntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams updates like [`watch`](Self::watch), and also errors, such as decode errors and why the stream ended.
    ///
    /// See [`StreamError`](crate::StreamError).
    pub fn try_watch(&self, key: impl ToString) -> TryEntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams updates of the rows with these keys. The client subscribes to each row, not to the list.
    ///
    /// If `keys` is empty, the stream ends at once with [`EndReason::NothingToWatch`].
    pub fn watch_keys(&self, keys: &[impl ToString]) -> EntityStream<T> {
        let mut seen = HashSet::new();
        let queries = keys.iter().map(|key| self.view.key(key.to_string()));
        let queries = queries.filter(|query| seen.insert(query.clone())).collect();
        self.view.stream(queries, None)
    }

    /// Waits until the row with this key exists and `predicate` returns `true` for it, and returns the row.
    ///
    /// There is no timeout: use `tokio::time::timeout`. Cancel safe. If the row changes faster than `predicate` runs,
    /// it may not see every state in between.
    ///
    /// ```no_run
    /// # use hyperstack_sdk::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
    /// # struct Round { motherlode: Option<f64> }
    /// # async fn run(hs: HyperStack) -> Result<(), EndReason> {
    /// let rounds = hs.views::<RoundViews>().state();
    /// let won = rounds.wait_for(42, |round| round.motherlode.is_some()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an [`EndReason`] if no more changes can come, for example because the client has closed.
    pub async fn wait_for(
        &self,
        key: impl ToString,
        predicate: impl FnMut(&T) -> bool,
    ) -> Result<T, EndReason> {
        wait_for(self.listen(key), predicate).await
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
        let cached = || ready.is_err().then(|| self.view.held_row(&key)).flatten();
        (row.or_else(cached), ready)
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
