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
/// Read rows once with [`get`](HyperStack::get) and [`list`](HyperStack::list), or follow changes with
/// [`watch`](HyperStack::watch). To filter, to limit, or to read a derived view (a list that the server sorts and
/// limits), get a view handle with [`views`](HyperStack::views). The [recipes](crate::guide::recipes) show what to
/// write for each task.
///
/// The client subscribes to a view when you first read it. It unsubscribes 5 seconds after the last use
/// ([`linger`](HyperStackBuilder::linger)). If it loses the connection, it reconnects by itself.
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
/// Clones are cheap and share one connection. View handles share it too. When you drop the last clone and view handle,
/// the connection closes and all streams end. A stream does not keep the connection open, unless you call
/// [`keep_alive`](crate::Watch::keep_alive) on it.
///
/// A client has one WebSocket and runs as one task, on the Tokio runtime in which you call
/// [`connect`](HyperStack::connect).
///
/// # Errors
///
/// | to learn | use |
/// |---|---|
/// | why a read failed | [`try_get`](HyperStack::try_get), [`try_list`](HyperStack::try_list) |
/// | why a stream ended | [`Watch::end_reason`](crate::Watch::end_reason) |
/// | which values of a stream failed to decode | [`try_watch`](HyperStack::try_watch) |
/// | every error that does not close the client | [`faults`](HyperStack::faults) |
/// | whether the client is connected, and why not | [`connection_states`](HyperStack::connection_states), [`last_error`](HyperStack::last_error) |
/// | why the client closed | [`end_reason`](HyperStack::end_reason) |
#[derive(Clone)]
pub struct HyperStack {
    handle: Handle,
}

impl HyperStack {
    /// Connects with the default settings.
    ///
    /// Makes one attempt, with a timeout of 10 seconds. Once connected, the client reconnects without limit. To retry
    /// the first attempt as well, use [`wait_for_server`](HyperStackBuilder::wait_for_server).
    ///
    /// # Errors
    ///
    /// Returns a [`ConnectError`] if the URL is invalid or the attempt fails.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, or if the runtime's IO or time driver is disabled.
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

    /// Returns the row with this key.
    ///
    /// Waits at most [`initial_data_timeout`](HyperStackBuilder::initial_data_timeout) (default: 5 seconds) for the
    /// server's reply. If the read fails or times out, returns the cached row, if any. `None` means that there is no
    /// such row or that the read failed; [`try_get`](Self::try_get) tells the two apart.
    ///
    /// If the client is subscribed to the entity's list and the row is in it, `get` returns the row from the cache.
    /// Otherwise the client subscribes to this row and keeps the subscription for 5 seconds
    /// ([`linger`](HyperStackBuilder::linger)), so that the next `get` is immediate.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the row is cached.
    pub async fn get<E: Entity>(&self, key: &str) -> Option<E::Data> {
        // Only the shared row is awaited: in a debug build, each await of a row takes twice its size on the stack.
        let row = self.state::<E>().shared().get(key).await;
        row.map(|row| E::Data::clone(&row))
    }

    /// Like [`get`](Self::get), but returns an error if the read fails or times out.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. If the server has no row with this key, returns `Ok(None)`.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the row is cached.
    pub async fn try_get<E: Entity>(&self, key: &str) -> Result<Option<E::Data>, ReadError> {
        self.state::<E>().try_get(key).await
    }

    /// Returns the rows of the entity's list, the most recently changed first.
    ///
    /// By default, a server sends only the latest 500 rows; see
    /// [protocol versions](crate::guide::connecting#protocol-versions).
    ///
    /// Waits at most [`initial_data_timeout`](HyperStackBuilder::initial_data_timeout) (default: 5 seconds) for the
    /// complete snapshot. If the read fails or times out, returns the rows that have arrived;
    /// [`try_list`](Self::try_list) returns the error.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the rows are cached.
    pub async fn list<E: Entity>(&self) -> Vec<E::Data> {
        self.entities::<E>().get().await
    }

    /// Like [`list`](Self::list), but returns an error if the read fails or times out.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. If the list is empty, returns `Ok` with no rows.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime, unless the rows are cached.
    pub async fn try_list<E: Entity>(&self) -> Result<Vec<E::Data>, ReadError> {
        self.entities::<E>().try_get().await
    }

    /// Returns the cached row with this key, without waiting.
    ///
    /// Does not subscribe, so it returns a row only while a stream or a recent read keeps the client subscribed to this
    /// row or to the entity's list.
    pub fn get_sync<E: Entity>(&self, key: &str) -> Option<E::Data> {
        self.state::<E>().get_sync(key)
    }

    /// Returns the cached rows of the entity's list, without waiting.
    ///
    /// Does not subscribe, so it returns rows only while a stream or a recent read keeps the client subscribed to the
    /// list.
    pub fn list_sync<E: Entity>(&self) -> Vec<E::Data> {
        self.entities::<E>().get_sync()
    }

    /// Streams updates of the entity's list: first an upsert for each current row, then every change.
    ///
    /// The stream subscribes when you first poll it. [`Watch`](crate::Watch) lists what else it can yield.
    pub fn watch<E: Entity>(&self) -> EntityStream<E::Data> {
        self.entities::<E>().watch()
    }

    /// Streams rows without their keys: first the current rows, then each row after it changes.
    ///
    /// The stream does not report deletes.
    pub fn listen<E: Entity>(&self) -> RowStream<E::Data> {
        self.entities::<E>().listen()
    }

    /// Streams updates like [`watch`](Self::watch), and also errors, such as decode errors and why the stream ended.
    ///
    /// See [`StreamError`](crate::StreamError).
    pub fn try_watch<E: Entity>(&self) -> TryEntityStream<E::Data> {
        self.entities::<E>().try_watch()
    }

    /// Streams updates of the row with this key: first the current row, if it exists, then every change.
    pub fn watch_key<E: Entity>(&self, key: &str) -> EntityStream<E::Data> {
        self.state::<E>().watch(key)
    }

    /// Streams updates of the rows with these keys. The client subscribes to each row, not to the list.
    ///
    /// If `keys` is empty, the stream ends at once with
    /// [`EndReason::NothingToWatch`](crate::EndReason::NothingToWatch).
    pub fn watch_keys<E: Entity>(&self, keys: &[impl ToString]) -> EntityStream<E::Data> {
        self.state::<E>().watch_keys(keys)
    }

    /// Streams updates like [`watch`](Self::watch), with each row before and after a change.
    pub fn watch_rich<E: Entity>(&self) -> RichEntityStream<E::Data> {
        self.entities::<E>().watch_rich()
    }

    /// Streams updates like [`watch_key`](Self::watch_key), with the row before and after a change.
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
    /// that the server sends, including `_seq`, the position of its last change. A patch merges objects key by key and
    /// replaces all other values.
    ///
    /// You can [filter](crate::ListView::filter) by any path. A filter compares raw JSON: `"7"` does not equal `7`.
    /// Servers send large integers as strings, so filter such a field with a string.
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

    /// Returns the server's URL without secrets, or the name of the [upstream](crate::upstream::Upstream::name).
    pub fn url(&self) -> &str {
        self.engine().url()
    }

    /// Returns whether the connection is open.
    pub fn is_connected(&self) -> bool {
        self.engine().state().is_connected()
    }

    /// Waits until the connection is open. Returns at once if it is open already.
    ///
    /// There is no timeout: use `tokio::time::timeout`. Cancel safe. You rarely need this before a read: `get` and
    /// `list` wait for the connection too, for at most
    /// [`initial_data_timeout`](HyperStackBuilder::initial_data_timeout).
    ///
    /// # Errors
    ///
    /// Returns the [`CloseReason`] if the client has closed.
    pub async fn wait_connected(&self) -> Result<(), CloseReason> {
        self.engine().open().await
    }

    /// Returns the state of the connection.
    pub async fn connection_state(&self) -> ConnectionState {
        self.engine().state()
    }

    /// Streams the connection's state: first the current one, then every change, with its cause.
    ///
    /// Each attempt to reconnect is a change. The stream ends when the client has closed.
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
    /// This is the error of the latest lost connection, failed attempt to connect or failed token request. A successful
    /// reconnect does not clear it.
    pub fn last_error(&self) -> Option<ConnectError> {
        self.engine().last_error()
    }

    /// Streams the errors that the server sends from now on, for example that a limit was exceeded.
    ///
    /// [`faults`](Self::faults) includes them too.
    pub fn socket_issues(&self) -> Feed<Issue> {
        self.engine().issues()
    }

    /// Closes the client. It cannot be reopened.
    ///
    /// Takes effect immediately, also while the client is connecting. All streams end, and pending reads return. Later
    /// reads return cached rows.
    pub async fn disconnect(&self) {
        self.engine().close(CloseReason::Disconnected);
    }

    /// Returns why the client closed, or `None` if it has not.
    pub fn end_reason(&self) -> Option<CloseReason> {
        self.engine().end_reason()
    }

    /// Streams the errors that do not close the client, from now on.
    ///
    /// For example decode errors, malformed messages, errors that the server sends, and lost connections; see
    /// [`Fault`].
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
