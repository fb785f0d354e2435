//! The public face: [`HyperStack`] and its builder.

mod builder;
mod source;

use std::fmt;

use serde_json::Value;

pub use builder::HyperStackBuilder;
#[doc(hidden)]
pub use source::{source, Viewed};
pub use source::{ViewSource, Views};

use crate::engine::{ConnectionState, Engine, Fault, Feed, Handle, StateChange, Stats};
use crate::patch::Entity;
use crate::session::{CloseReason, ConnectError};
use crate::stream::{EntityStream, RichEntityStream, RowStream, TryEntityStream};
use crate::view::{ListView, ReadError, StateView};
use crate::wire::Issue;

/// A connection to a Hyperstack server, and the cache of what was read over it.
///
/// A cheap handle: clones share the connection, and so do the views made from it. The connection
/// lives in a task of the Tokio runtime that [`connect`](HyperStack::connect) was called in. When the
/// last handle is dropped, the task stops, the socket is closed, and every stream ends: a stream is
/// no handle, so whoever returns one from a function returns or keeps the client too.
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
#[derive(Clone)]
pub struct HyperStack {
    handle: Handle,
}

impl HyperStack {
    /// Connects with the default settings: one attempt within 10 seconds. After that, a lost
    /// connection is restored without limit.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what stood in the way. To keep trying instead, see
    /// [`wait_for_server`](HyperStackBuilder::wait_for_server).
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime. The runtime must have its IO and its time driver enabled.
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder().url(url).connect().await
    }

    /// A builder, for all settings.
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

    /// The entity with this key, or `None` if the server has none, or has not said so within
    /// [`initial_data_timeout`](HyperStackBuilder::initial_data_timeout).
    ///
    /// The row is served from the entity's list where that is being read, else it is subscribed
    /// for a short while, so that a second `get` finds it in the cache.
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn get<E: Entity>(&self, key: &str) -> Option<E::Data> {
        // Only the shared row is awaited: in a debug build, each await of a row takes twice its size on the stack.
        let row = self.state::<E>().shared().get(key).await;
        row.map(|row| E::Data::clone(&row))
    }

    /// As [`get`](Self::get), but says why there is nothing.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]; a key that the server does not have is `Ok(None)`.
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn try_get<E: Entity>(&self, key: &str) -> Result<Option<E::Data>, ReadError> {
        self.state::<E>().try_get(key).await
    }

    /// All entities of a kind, the one that changed last first.
    ///
    /// Waits for the last batch of the snapshot, at most for
    /// [`initial_data_timeout`](HyperStackBuilder::initial_data_timeout), and returns what is there.
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn list<E: Entity>(&self) -> Vec<E::Data> {
        self.entities::<E>().get().await
    }

    /// As [`list`](Self::list), but tells an empty list from one that is not known yet.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    ///
    /// # Panics
    ///
    /// If it must wait outside of a Tokio runtime. Rows that are ready are returned without one.
    pub async fn try_list<E: Entity>(&self) -> Result<Vec<E::Data>, ReadError> {
        self.entities::<E>().try_get().await
    }

    /// The entity with this key as the cache holds it at this moment. There is none unless somebody
    /// reads it, or did a short while ago. Waits for nothing and subscribes to nothing.
    pub fn get_sync<E: Entity>(&self, key: &str) -> Option<E::Data> {
        self.state::<E>().get_sync(key)
    }

    /// All entities of a kind that the cache holds at this moment. There are none unless somebody reads
    /// them, or did a short while ago. Waits for nothing and subscribes to nothing.
    pub fn list_sync<E: Entity>(&self) -> Vec<E::Data> {
        self.entities::<E>().get_sync()
    }

    /// Streams all entities of a kind: those that are there, then every change. Lazy.
    pub fn watch<E: Entity>(&self) -> EntityStream<E::Data> {
        self.entities::<E>().watch()
    }

    /// Streams each entity of a kind that is there, then each as it is after a change. Lazy.
    pub fn listen<E: Entity>(&self) -> RowStream<E::Data> {
        self.entities::<E>().listen()
    }

    /// As [`watch`](Self::watch), with the rows that did not fit, and the end, as errors. Lazy.
    pub fn try_watch<E: Entity>(&self) -> TryEntityStream<E::Data> {
        self.entities::<E>().try_watch()
    }

    /// Streams one entity. Lazy.
    pub fn watch_key<E: Entity>(&self, key: &str) -> EntityStream<E::Data> {
        self.state::<E>().watch(key)
    }

    /// Streams some entities; only these are asked of the server. Lazy.
    pub fn watch_keys<E: Entity>(&self, keys: &[&str]) -> EntityStream<E::Data> {
        self.state::<E>().watch_keys(keys)
    }

    /// Streams all entities of a kind with the values before and after. Lazy.
    pub fn watch_rich<E: Entity>(&self) -> RichEntityStream<E::Data> {
        self.entities::<E>().watch_rich()
    }

    /// Streams one entity with the values before and after. Lazy.
    pub fn watch_key_rich<E: Entity>(&self, key: &str) -> RichEntityStream<E::Data> {
        self.state::<E>().watch_rich(key)
    }

    /// The views of an entity: the accessors that `#[derive(Views)]` makes.
    pub fn views<V: Views>(&self) -> V {
        V::new(ViewSource::new(self.handle.clone(), V::Entity::NAME))
    }

    /// The views of an entity by its name on the wire, with rows of raw JSON: for whoever knows a stack
    /// only at run time.
    ///
    /// A row is an object, merged as the server merges JSON, and has whatever the server sends, the
    /// position `_seq` of its last change among it. Any path is one to
    /// [filter](crate::ListView::filter) by, and values are compared as the JSON that was sent: large
    /// integers come as text, and `"7"` is not `7`.
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

    /// Where the connection stands.
    pub async fn connection_state(&self) -> ConnectionState {
        self.engine().state()
    }

    /// The states of the connection, each with its cause: the present one first, then every change, each
    /// attempt to reconnect among them.
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

    /// The last loss of the connection, or failure to make or to restore it, or to have the next
    /// token; `None` if there was none yet. It stays when the connection is restored.
    pub fn last_error(&self) -> Option<ConnectError> {
        self.engine().last_error()
    }

    /// What the server complains of, from now on: limits above all. They are among the
    /// [`faults`](Self::faults) too.
    pub fn socket_issues(&self) -> Feed<Issue> {
        self.engine().issues()
    }

    /// Closes the connection for good, at once, whatever it is doing. Every stream ends, and reads
    /// return what the cache holds.
    pub async fn disconnect(&self) {
        self.engine().close(CloseReason::Disconnected);
    }

    /// Why the connection ended for good; `None` while it has not.
    pub fn end_reason(&self) -> Option<CloseReason> {
        self.engine().end_reason()
    }

    /// What went wrong and was survived, from now on: rows and frames that did not fit, complaints
    /// of the server, losses of the connection.
    pub fn faults(&self) -> Feed<Fault> {
        self.engine().faults()
    }

    /// Counts since the client was made.
    pub fn stats(&self) -> Stats {
        self.engine().stats()
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
