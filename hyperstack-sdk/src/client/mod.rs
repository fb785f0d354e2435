//! [`HyperStack`] and its builder.

mod builder;
mod source;

use std::fmt;

use serde_json::Value;

pub use builder::HyperStackBuilder;
#[doc(hidden)]
pub use source::{source, Viewed};
pub use source::{ViewSource, Views, ViewsOf};

use crate::engine::{
    ConnectionState, Engine, Fault, Feed, Handle, StateChange, Stats, SubscriptionStats,
};
use crate::patch::Entity;
use crate::session::{CloseReason, ConnectError};
use crate::stream::{EntityStream, RichEntityStream, RowStream, TryEntityStream};
use crate::view::{ListView, ReadError, StateView};
use crate::wire::Issue;

/// A client for one server: a connection, and a typed cache of the rows that you read.
///
/// Read rows once with [`get`](HyperStack::get) and [`list`](HyperStack::list), or stream every change with
/// [`watch`](HyperStack::watch). For filters, windows and derived views, get a view handle with
/// [`views`](HyperStack::views). The client subscribes when you first read a view, unsubscribes when the last
/// reader has gone, and restores a lost connection.
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// struct Token {
///     name: Option<String>,
/// }
///
/// # async fn run() -> Result<(), ConnectError> {
/// let hs = HyperStack::connect("wss://tokens.example").await?;
/// let tokens = hs.list::<Token>().await;
/// let mut updates = hs.watch::<Token>();
/// while let Some(update) = updates.next().await {
///     println!("{}: {:?}", update.key(), update.data());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Clone and drop
///
/// Clones are cheap and share the connection, as do the view handles made from it. Dropping the last clone or
/// view handle closes the connection and ends every stream. A stream does not keep the connection open, so keep
/// the client for as long as you read its streams.
///
/// The connection runs in a task of the Tokio runtime in which you call [`connect`](HyperStack::connect).
#[derive(Clone)]
pub struct HyperStack {
    handle: Handle,
}

impl HyperStack {
    /// Connects with the default settings.
    ///
    /// Makes one attempt, with a deadline of 10 seconds. Later, the client restores a lost connection as often
    /// as necessary. To keep trying the first time too, see
    /// [`wait_for_server`](HyperStackBuilder::wait_for_server).
    ///
    /// # Errors
    ///
    /// Returns a [`ConnectError`] if the URL is invalid or the attempt fails.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime. The runtime must have its IO and time drivers enabled.
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder().url(url).connect().await
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> HyperStackBuilder {
        HyperStackBuilder::default()
    }

    pub(crate) fn new(handle: Handle) -> Self {
        HyperStack { handle }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    fn engine(&self) -> &Engine {
        self.handle.engine()
    }

    /// Returns the entity with this key.
    ///
    /// Waits for the server's answer for at most
    /// [`initial_data_timeout`](HyperStackBuilder::initial_data_timeout) (default: 5 seconds). If the
    /// wait fails, returns the row in the cache, if any. `None` means that the server has no such entity or that the
    /// wait failed; [`try_get`](Self::try_get) tells the two apart.
    ///
    /// If another reader already has the entity's list, the row comes from there. Otherwise the client
    /// subscribes to this one row and keeps the subscription for a few seconds, so that a second `get` finds the
    /// row in the cache.
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. Rows in the cache are returned without one.
    pub async fn get<E: Entity>(&self, key: &str) -> Option<E::Data> {
        // Only the shared row is awaited: in a debug build, each await of a row takes twice its size on the stack.
        let row = self.state::<E>().shared().get(key).await;
        row.map(|row| E::Data::clone(&row))
    }

    /// Like [`get`](Self::get), but returns an error if the read fails.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. A key that the server does not have is `Ok(None)`.
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. Rows in the cache are returned without one.
    pub async fn try_get<E: Entity>(&self, key: &str) -> Result<Option<E::Data>, ReadError> {
        self.state::<E>().try_get(key).await
    }

    /// Returns all entities of a type, the most recently changed first.
    ///
    /// Waits until the snapshot is complete, for at most
    /// [`initial_data_timeout`](HyperStackBuilder::initial_data_timeout) (default: 5 seconds). If the wait fails,
    /// returns the rows that have arrived; [`try_list`](Self::try_list) returns the error.
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. Rows in the cache are returned without one.
    pub async fn list<E: Entity>(&self) -> Vec<E::Data> {
        self.entities::<E>().get().await
    }

    /// Like [`list`](Self::list), but returns an error if the list is not complete.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. A list without entities is `Ok`, with no rows.
    ///
    /// # Panics
    ///
    /// Panics if it must wait outside of a Tokio runtime. Rows in the cache are returned without one.
    pub async fn try_list<E: Entity>(&self) -> Result<Vec<E::Data>, ReadError> {
        self.entities::<E>().try_get().await
    }

    /// Returns the entity with this key from the cache, without waiting.
    ///
    /// Does not subscribe. The cache holds an entity only while a reader has it, and for a few seconds after
    /// (see [`linger`](HyperStackBuilder::linger)).
    pub fn get_sync<E: Entity>(&self, key: &str) -> Option<E::Data> {
        self.state::<E>().get_sync(key)
    }

    /// Returns the entities of a type's list that are in the cache, without waiting.
    ///
    /// Does not subscribe. The cache holds the list only while a reader has it, and for a few seconds after
    /// (see [`linger`](HyperStackBuilder::linger)).
    pub fn list_sync<E: Entity>(&self) -> Vec<E::Data> {
        self.entities::<E>().get_sync()
    }

    /// Streams all entities of a type: first the current ones, then every change.
    ///
    /// The stream subscribes when you first poll it; see [`Watch`](crate::Watch).
    pub fn watch<E: Entity>(&self) -> EntityStream<E::Data> {
        self.entities::<E>().watch()
    }

    /// Streams all entities of a type as plain rows: first the current ones, then each row after it changes.
    ///
    /// Deletes are not reported.
    pub fn listen<E: Entity>(&self) -> RowStream<E::Data> {
        self.entities::<E>().listen()
    }

    /// Like [`watch`](Self::watch), but also yields errors, such as decode errors and the end of the stream.
    ///
    /// See [`StreamError`](crate::StreamError).
    pub fn try_watch<E: Entity>(&self) -> TryEntityStream<E::Data> {
        self.entities::<E>().try_watch()
    }

    /// Streams the entity with this key: first its current state if it exists, then every change.
    pub fn watch_key<E: Entity>(&self, key: &str) -> EntityStream<E::Data> {
        self.state::<E>().watch(key)
    }

    /// Streams the entities with these keys. The client subscribes to these only.
    ///
    /// Without any key, the stream ends with [`EndReason::NothingToWatch`](crate::EndReason::NothingToWatch).
    pub fn watch_keys<E: Entity>(&self, keys: &[impl ToString]) -> EntityStream<E::Data> {
        self.state::<E>().watch_keys(keys)
    }

    /// Streams all entities of a type, with each row before and after a change.
    pub fn watch_rich<E: Entity>(&self) -> RichEntityStream<E::Data> {
        self.entities::<E>().watch_rich()
    }

    /// Streams the entity with this key, with its value before and after a change.
    pub fn watch_key_rich<E: Entity>(&self, key: &str) -> RichEntityStream<E::Data> {
        self.state::<E>().watch_rich(key)
    }

    /// Returns the views of an entity, with the accessors that `#[derive(Views)]` generates.
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
    /// let views = hs.views::<OreRoundViews>();
    /// let latest: Option<OreRound> = views.latest().get().await;
    /// let top_ten: Vec<OreRound> = views.list().take(10).get().await;
    /// # }
    /// ```
    pub fn views<V: Views>(&self) -> V {
        V::new(ViewSource::new(self.handle.clone(), V::Entity::NAME))
    }

    /// Returns the views of an entity by its wire name, with rows of raw JSON.
    ///
    /// Use it if you learn an entity's name or fields only at run time. A row is a JSON object with every field
    /// that the server sends, including `_seq`, the position of its last change. Patches merge as the server
    /// merges JSON.
    ///
    /// You can [filter](crate::ListView::filter) by any path. Values are compared as the JSON that the server
    /// sent: it sends large integers as text, and `"7"` does not equal `7`.
    ///
    /// ```no_run
    /// use hyperstack_sdk::prelude::*;
    ///
    /// # async fn run(hs: HyperStack) {
    /// let rounds = hs.raw("OreRound");
    /// let latest = rounds.single("OreRound/latest").get().await;
    /// println!("{:?}", latest.map(|round| round["id"]["round_id"].clone()));
    ///
    /// let mut open = rounds.list().filter("state.status", "open").watch();
    /// while let Some(update) = open.next().await {
    ///     if let Some(round) = update.data() {
    ///         println!("{}: {round}", update.key());
    ///     }
    /// }
    /// # }
    /// ```
    pub fn raw(&self, entity: &str) -> ViewSource<Value> {
        ViewSource::new(self.handle.clone(), entity.to_owned())
    }

    /// Returns whether the connection is open.
    pub fn is_connected(&self) -> bool {
        self.engine().state().is_connected()
    }

    /// Waits until the connection is open. Returns at once if it is.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Why the client has closed for good.
    pub async fn wait_connected(&self) -> Result<(), CloseReason> {
        self.engine().open().await
    }

    /// Returns the state of the connection.
    pub async fn connection_state(&self) -> ConnectionState {
        self.engine().state()
    }

    /// Streams the states of the connection, each with its cause.
    ///
    /// Yields the current state first, then every change, including each attempt to reconnect. Ends when the
    /// client has closed for good.
    ///
    /// ```no_run
    /// # use hyperstack_sdk::prelude::*;
    /// # async fn run(hs: HyperStack) {
    /// let mut states = hs.connection_states();
    /// while let Some(change) = states.next().await {
    ///     match change.cause {
    ///         Some(cause) => println!("{:?}: {cause}", change.state),
    ///         None => println!("{:?}", change.state),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn connection_states(&self) -> Feed<StateChange> {
        self.engine().changes()
    }

    /// Returns the latest connection error, or `None` if there was none.
    ///
    /// This is the latest loss of the connection, failed attempt to connect, or failed token request. A restored
    /// connection does not clear it.
    pub fn last_error(&self) -> Option<ConnectError> {
        self.engine().last_error()
    }

    /// Streams the error messages that the server sends from now on, such as exceeded limits.
    ///
    /// [`faults`](Self::faults) includes them too.
    pub fn socket_issues(&self) -> Feed<Issue> {
        self.engine().issues()
    }

    /// Closes the connection for good.
    ///
    /// Takes effect at once in any state. Every stream ends, and later reads return what the cache holds.
    pub async fn disconnect(&self) {
        self.engine().close(CloseReason::Disconnected);
    }

    /// Returns why the client closed for good, or `None` if it has not.
    pub fn end_reason(&self) -> Option<CloseReason> {
        self.engine().end_reason()
    }

    /// Streams the faults that the client survives, from now on.
    ///
    /// These are, for example, decode errors, malformed messages, errors that the server sends, and losses of the
    /// connection; see [`Fault`].
    ///
    /// ```no_run
    /// # use hyperstack_sdk::prelude::*;
    /// # async fn run(hs: HyperStack) {
    /// let mut faults = hs.faults();
    /// while let Some(fault) = faults.next().await {
    ///     eprintln!("{fault}");
    /// }
    /// # }
    /// ```
    pub fn faults(&self) -> Feed<Fault> {
        self.engine().faults()
    }

    /// Returns the client's counters.
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }

    /// Returns the counters of each subscription, by view.
    ///
    /// They show, for example, which view has rows that lack a field, and which views are still loading.
    ///
    /// ```no_run
    /// # use hyperstack_sdk::prelude::*;
    /// # fn run(hs: HyperStack) {
    /// for it in hs.subscription_stats() {
    ///     println!("{} {:?}: {} rows, {} readers", it.view, it.keys, it.rows, it.readers);
    /// }
    /// # }
    /// ```
    pub fn subscription_stats(&self) -> Vec<SubscriptionStats> {
        self.engine().subscription_stats()
    }

    fn state<E: Entity>(&self) -> StateView<E::Data> {
        ViewSource::<E::Data>::new(self.handle.clone(), E::NAME).state()
    }

    fn entities<E: Entity>(&self) -> ListView<E::Data> {
        ViewSource::<E::Data>::new(self.handle.clone(), E::NAME).list()
    }
}

impl fmt::Debug for HyperStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperStack")
            .field("url", &self.engine().url())
            .field("state", &self.engine().state())
            .finish_non_exhaustive()
    }
}
