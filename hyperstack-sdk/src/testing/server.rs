//! The handle of a test server: starts and stops it, and changes its data.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::builder::TestServerBuilder;
use super::connection::accept;
use super::error::ServerError;
use super::frame::Mode;
use super::model::{sent, Change, Model};
use super::seq::SeqSource;
use super::shape::Shape;
use super::shared::Shared;
use super::sort::Sort;
use super::state::State;
use crate::patch::{from_json, whole, Key, Keyed, Patch, Record};
use crate::wire::Seq;

/// An in-process server for tests. See the [module](super) for an example.
///
/// This is a cheap handle; all clones control the same server. Dropping the last one stops the server and
/// ends its connections.
#[derive(Debug, Clone)]
pub struct TestServer {
    address: SocketAddr,
    pub(super) shared: Arc<Shared>,
    life: Arc<Mutex<Life>>,
}

#[derive(Debug)]
enum Life {
    /// Dropping `stop` stops the task.
    Running {
        stop: oneshot::Sender<Infallible>,
        task: JoinHandle<()>,
    },
    /// Keeps the port reserved for a restart. Connections to it are refused.
    Stopped { port: Option<TcpSocket> },
}

impl TestServer {
    /// Returns a builder for a server.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
    }

    /// Returns the URL to connect to, such as `ws://127.0.0.1:8877`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Creates or replaces a row, with the values of your struct. The key is the row's own.
    ///
    /// Clients get it as after an [`upsert`](Self::upsert) of every field. A field that was never received, the
    /// `None` of an `Option<Option<_>>`, is not sent.
    ///
    /// From then on, the server refuses JSON for this entity with a name that `T` lacks: `upsert`, `patch` and
    /// `append` panic and suggest the nearest name. So a typo in your test cannot look like a field that did not
    /// change. If you put rows of several structs, one of them must have the name. Names inside
    /// [leaves](crate::derives#leaf) are not checked. To turn the check on before the first row, declare the entity
    /// with [`TestServerBuilder::typed_entity`].
    ///
    /// ```
    /// use hyperstack_sdk::prelude::*;
    /// use hyperstack_sdk::testing::TestServer;
    /// use serde_json::json;
    ///
    /// #[derive(Debug, Clone, PartialEq, Entity)]
    /// #[entity(key = "mint")]
    /// struct Token {
    ///     mint: String,
    ///     last_price: Option<f64>,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder().entity("Token").start().await?;
    /// let sol = Token { mint: "SOL".to_owned(), last_price: Some(1.5) };
    /// server.put("Token", &sol);
    ///
    /// let hs = HyperStack::connect(server.url()).await?;
    /// assert_eq!(hs.get::<Token>("SOL").await, Some(sol));
    ///
    /// // The name `price` would panic: "Token.price: no such field".
    /// server.patch("Token", "SOL", json!({"last_price": 2.5}));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the builder did not declare the entity, if the row's key is `None`, or if the row has a number that
    /// does not fit in a [`serde_json::Value`], such as a `u128` beyond 64 bits. Write such a row as JSON, with the
    /// number as text.
    #[track_caller]
    pub fn put<T: Keyed + Record>(&self, entity: &str, row: &T) -> Option<Seq> {
        let Some(key) = row.key_field() else {
            panic!("a row of `{entity}` has no key: an `Option` on the path to it is `None`");
        };
        self.put_at(entity, &key.text(), row)
    }

    /// Creates or replaces the row with this key, as [`put`](Self::put) does. For entities that declare no key.
    ///
    /// # Panics
    ///
    /// Panics for the same reasons as [`put`](Self::put).
    #[track_caller]
    pub fn put_at<T: Record>(&self, entity: &str, key: &str, row: &T) -> Option<Seq> {
        let present = self.shared.look(|state| {
            let row = state.model.rows(entity)?.get(key)?;
            Some(row.to_string())
        });
        let whole = whole(row);
        let sent = whole.clone();
        let patch = match present.and_then(|json| from_json::<T>(&json)) {
            // Removes the entries of maps that the row lacks.
            Some(present) => sent.then(present.diff(row)),
            None => sent,
        };
        let [whole, patch] = [whole, patch].map(|patch| match serde_json::to_value(&patch) {
            Ok(json) => json,
            Err(error) => panic!("cannot write the row \"{key}\" of `{entity}` as JSON: {error}"),
        });
        self.mutate(entity, |model| {
            model.add_shape(entity, Shape::of::<T>());
            model.put(entity, key, whole, patch)
        })
    }

    /// Creates a row, or merges these fields into the existing one. Fields that `row` does not name stay. A
    /// row that was deleted or evicted is created again.
    ///
    /// A v1 base view sends a patch; a v1 derived view sends its window. A v2 subscription to a base view
    /// gets a patch if it holds the row. Any other v2 subscription gets the whole row.
    ///
    /// Returns the position of the change, or `None` with [`SeqSource::Off`].
    ///
    /// # Panics
    ///
    /// Panics if the builder did not declare the entity, or if typed rows were [`put`](Self::put) and their struct
    /// lacks a name in `row`.
    #[track_caller]
    pub fn upsert(&self, entity: &str, key: &str, row: Value) -> Option<Seq> {
        self.check_names(entity, key, &row);
        self.mutate(entity, |model| model.upsert(entity, key, row))
    }

    /// Changes some fields of a row, and returns the position of the change.
    ///
    /// Under v2, patches of a deleted or evicted row are not sent until [`upsert`](Self::upsert) creates the
    /// row again. A `state` subscription that holds the row still gets them.
    ///
    /// # Panics
    ///
    /// Panics for the same reasons as [`upsert`](Self::upsert).
    #[track_caller]
    pub fn patch(&self, entity: &str, key: &str, patch: Value) -> Option<Seq> {
        self.append(entity, key, patch, &[])
    }

    /// Patches a row, appending to the arrays at these dotted paths. Returns the position of the change.
    ///
    /// # Panics
    ///
    /// Panics for the same reasons as [`upsert`](Self::upsert).
    #[track_caller]
    pub fn append(&self, entity: &str, key: &str, patch: Value, paths: &[&str]) -> Option<Seq> {
        self.check_names(entity, key, &patch);
        self.mutate(entity, |model| model.mutate(entity, key, patch, paths))
    }

    /// Deletes a row.
    ///
    /// A v2 subscription that holds the row gets a `delete`. A v2 append view sends a `remove` with its next
    /// change instead. A v1 base view sends nothing; a v1 derived view sends its window.
    ///
    /// # Panics
    ///
    /// Panics if the builder did not declare the entity.
    #[track_caller]
    pub fn delete(&self, entity: &str, key: &str) {
        let deleted = self.shared.change(|state| {
            let change = state.model.remove(entity, key)?;
            state.announce(&change);
            Some(())
        });
        known(entity, deleted);
    }

    /// Returns the rows of an entity as the server sends them, most recently changed first.
    ///
    /// # Panics
    ///
    /// Panics if the builder did not declare the entity.
    #[track_caller]
    pub fn rows(&self, entity: &str) -> Vec<(String, Value)> {
        let rows = self.shared.look(|state| {
            let rows = state.model.rows(entity)?.iter();
            let rows = rows.map(|(key, row)| (key.to_owned(), sent(row, state.protocol)));
            Some(rows.collect())
        });
        known(entity, rows)
    }

    /// Returns one row as the server sends it, or `None` if there is no such row.
    ///
    /// # Panics
    ///
    /// Panics if the builder did not declare the entity.
    #[track_caller]
    pub fn row(&self, entity: &str, key: &str) -> Option<Value> {
        let row = self.shared.look(|state| {
            let row = state.model.rows(entity)?.get(key);
            Some(row.map(|row| sent(row, state.protocol)))
        });
        known(entity, row)
    }

    /// Returns the rows in a derived view's own window, in order, or `None` if there is no such view.
    pub fn window(&self, view: &str) -> Option<Vec<(String, Value)>> {
        self.shared
            .look(|state| state.model.window(view, state.protocol))
    }

    /// Adds a view as [`TestServerBuilder::scripted_view`] does, or replaces the view with this id.
    pub fn scripted_view(&self, id: &str, mode: Mode, sort: Option<Sort>) {
        self.shared
            .change(|state| state.model.add_scripted(id, mode, sort));
    }

    /// Sets where the positions of later changes come from.
    pub fn set_seq(&self, source: SeqSource) {
        self.shared.change(|state| state.model.seq = source);
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and every connection, without a Close frame. Connections are refused until
    /// [`restart`](Self::restart).
    pub async fn stop(&self) {
        let stopped = Life::Stopped { port: None };
        let was = std::mem::replace(&mut *self.life(), stopped);
        let port = match was {
            Life::Running { stop, task } => {
                drop(stop);
                // An error means that the task panicked, so it has stopped too.
                let _ = task.await;
                reserve(self.address).ok()
            }
            Life::Stopped { port } => port,
        };
        *self.life() = Life::Stopped { port };
    }

    /// Restarts on the same port, stopping first if the server runs. Views stay; rows, records of tapes and faults are
    /// cleared.
    ///
    /// # Errors
    ///
    /// Returns an error if the port cannot be opened.
    pub async fn restart(&self) -> Result<(), ServerError> {
        self.stop().await;
        let port = match &mut *self.life() {
            Life::Stopped { port } => port.take(),
            Life::Running { .. } => return Ok(()),
        };
        let listener = port
            .map_or_else(|| reserve(self.address), Ok)
            .and_then(listen)
            .map_err(|error| ServerError::Listen(self.address, error))?;
        self.shared.change(|state| {
            state.model.clear();
            state.faults = Default::default();
        });
        *self.life() = run(listener, &self.shared);
        Ok(())
    }

    pub(super) async fn start(wanted: SocketAddr, state: State) -> Result<Self, ServerError> {
        let failed = |error| ServerError::Listen(wanted, error);
        let listener = reserve(wanted).and_then(listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared::new(state));
        let life = run(listener, &shared);
        Ok(Self {
            address,
            shared,
            life: Arc::new(Mutex::new(life)),
        })
    }

    #[track_caller]
    fn mutate(
        &self,
        entity: &str,
        mutate: impl FnOnce(&mut Model) -> Option<(Change, Option<Seq>)>,
    ) -> Option<Seq> {
        let seq = self.shared.change(|state| {
            let (change, seq) = mutate(&mut state.model)?;
            state.announce(&change);
            Some(seq)
        });
        known(entity, seq)
    }

    /// Refuses JSON with a name that the entity's structs lack.
    #[track_caller]
    fn check_names(&self, entity: &str, key: &str, json: &Value) {
        let checked = self
            .shared
            .look(|state| state.model.check_names(entity, json));
        if let Err(unknown) = checked {
            panic!("invalid JSON for the row \"{key}\" of `{entity}`: {unknown}");
        }
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unwraps a result that is `None` only if the test names an entity that the server lacks.
#[track_caller]
fn known<T>(entity: &str, found: Option<T>) -> T {
    match found {
        Some(found) => found,
        None => panic!(
            "the test server has no entity `{entity}` (add it with `TestServerBuilder::entity`)"
        ),
    }
}

fn run(listener: TcpListener, shared: &Arc<Shared>) -> Life {
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(accept(listener, Arc::clone(shared), stopped));
    Life::Running { stop, task }
}

/// Binds the port without listening on it.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Connections of an earlier run may linger on the port.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(socket: TcpSocket) -> io::Result<TcpListener> {
    socket.listen(1024)
}
