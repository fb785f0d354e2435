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
/// `views.state()` returns it. Pass a key as text or as any value whose text is the key: `get("42")`, `get(42)`, or
/// `get(round.key())` for a row that is [`Keyed`](crate::Keyed).
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
/// If another reader already has the entity's list, rows are read from there. Otherwise the client subscribes to
/// the row: in the entity's `state` view of a v2 server, in its list of a v1 server, because a v1 server's `state`
/// view loses patches under load.
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

    /// Returns the id of the view, such as `OreRound/list`.
    pub fn id(&self) -> &str {
        self.view.id()
    }

    /// Returns the row with this key.
    ///
    /// Waits for the server's answer for at most
    /// [`initial_data_timeout`](crate::HyperStackBuilder::initial_data_timeout) (default: 5 seconds). If the wait
    /// fails, returns the row in the cache, if any. `None` can therefore mean that the server has no such row or
    /// that the wait failed; [`try_get`](Self::try_get) tells the two apart.
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. A row in the cache is returned without one.
    pub async fn get(&self, key: impl ToString) -> Option<T> {
        self.read(key).await.0.map(owned)
    }

    /// Like [`get`](Self::get), but returns an error if the read fails.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. A key that the server does not have is `Ok(None)`. A row that still lacks a required
    /// field is [`ReadError::Partial`].
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. A row in the cache is returned without one.
    pub async fn try_get(&self, key: impl ToString) -> Result<Option<T>, ReadError> {
        let (row, ready) = self.read(key).await;
        ready.map(|()| row.map(owned))
    }

    /// Returns the row in the cache, without waiting.
    ///
    /// Does not subscribe. The cache holds a row only while a reader has it, and for a few seconds after (see
    /// [`linger`](crate::HyperStackBuilder::linger)).
    pub fn get_sync(&self, key: impl ToString) -> Option<T> {
        self.read_now(key).map(owned)
    }

    /// Returns the stale fields of the row with this key, as dotted paths of wire names such as `state.bets`.
    ///
    /// A field is stale if its latest value failed to decode: it keeps its last good value until a new one arrives.
    /// A [`RowError`](crate::RowError) says what was wrong. Does not subscribe, and returns no fields if the row is
    /// not in the cache.
    pub fn stale_fields(&self, key: impl ToString) -> Vec<String> {
        self.view.stale_fields(&key.to_string())
    }

    /// Returns a handle that reads the same rows as `Arc`s shared with the cache, without copying them.
    pub fn shared(&self) -> Shared<Self> {
        Shared(self.clone())
    }

    /// Streams updates of the row with this key: first its current state if it exists, then every change.
    ///
    /// The stream subscribes when you first poll it; see [`Watch`](crate::Watch).
    pub fn watch(&self, key: impl ToString) -> EntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams the plain row: first its current state if it exists, then the row after each change.
    pub fn listen(&self, key: impl ToString) -> RowStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams updates like [`watch`](Self::watch), with the row before and after a change.
    pub fn watch_rich(&self, key: impl ToString) -> RichEntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams updates like [`watch`](Self::watch), and also errors, such as decode errors and the end of the
    /// stream.
    ///
    /// See [`StreamError`](crate::StreamError).
    pub fn try_watch(&self, key: impl ToString) -> TryEntityStream<T> {
        self.view.stream(vec![self.view.key(key)], None)
    }

    /// Streams updates of the rows with these keys. The client subscribes to these only.
    ///
    /// Without any key, the stream ends with [`EndReason::NothingToWatch`].
    pub fn watch_keys(&self, keys: &[impl ToString]) -> EntityStream<T> {
        let mut seen = HashSet::new();
        let queries = keys.iter().map(|key| self.view.key(key.to_string()));
        let queries = queries.filter(|query| seen.insert(query.clone())).collect();
        self.view.stream(queries, None)
    }

    /// Waits until the row with this key is there and `predicate` accepts it, and returns the row.
    ///
    /// Waits without a limit: for one, use `tokio::time::timeout`. Cancel safe. If rows change faster than they are
    /// read, `predicate` may not see every state in between.
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
    /// Why no such row can come any more, for example because the client has closed.
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
