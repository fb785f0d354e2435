//! The handle: starting, stopping, and changing the data.

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
use super::shared::Shared;
use super::sort::Sort;
use super::state::State;
use crate::wire::Seq;

/// A server on this machine that speaks the protocol: see the [module](super).
///
/// A cheap handle; clones are the same server. When the last one is dropped, the server stops and
/// its connections end.
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
    /// The port is kept, so that nobody takes it before a restart: connections to it are refused.
    Stopped { port: Option<TcpSocket> },
}

impl TestServer {
    /// Describes a server.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
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

    /// Where to connect, such as `ws://127.0.0.1:8877`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and every connection, without a Close frame. Once it returns, connecting is
    /// refused, until [`restart`](Self::restart).
    pub async fn stop(&self) {
        let stopped = Life::Stopped { port: None };
        let was = std::mem::replace(&mut *self.life(), stopped);
        let port = match was {
            Life::Running { stop, task } => {
                drop(stop);
                // It only fails if it panicked, and then it has stopped as well.
                let _ = task.await;
                reserve(self.address).ok()
            }
            Life::Stopped { port } => port,
        };
        *self.life() = Life::Stopped { port };
    }

    /// Starts again on the same port, after stopping if need be: views as before, caches empty, no
    /// faults.
    ///
    /// # Errors
    ///
    /// Where the port is taken.
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

    /// Merges a row into the cache, or creates it: fields that the row does not name stay. A row that was
    /// deleted or evicted is created anew.
    ///
    /// A v1 base view sends a patch, a v1 derived view its window. A v2 subscription gets a patch if it
    /// holds the row in a base view, else the whole row.
    ///
    /// Returns the position of the change.
    ///
    /// # Panics
    ///
    /// If the entity was not named to the builder.
    #[track_caller]
    pub fn upsert(&self, entity: &str, key: &str, row: Value) -> Option<Seq> {
        self.mutate(entity, |model| model.upsert(entity, key, row))
    }

    /// Changes some fields of a row. Under v2, a patch of a row that was deleted or evicted is not sent,
    /// except to a `state` subscription that holds the row, until [`upsert`](Self::upsert) creates it anew.
    ///
    /// # Panics
    ///
    /// If the entity was not named to the builder.
    #[track_caller]
    pub fn patch(&self, entity: &str, key: &str, patch: Value) -> Option<Seq> {
        self.append(entity, key, patch, &[])
    }

    /// Merges a patch in which the arrays at these dotted paths are to be concatenated.
    ///
    /// # Panics
    ///
    /// If the entity was not named to the builder.
    #[track_caller]
    pub fn append(&self, entity: &str, key: &str, patch: Value, paths: &[&str]) -> Option<Seq> {
        self.mutate(entity, |model| model.mutate(entity, key, patch, paths))
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

    /// Deletes a row. A v2 subscription that holds it gets a `delete`, except in an append view, which
    /// shows the deletion as a `remove` with its next change. A v1 base view sends nothing; a v1 derived
    /// view sends its window.
    ///
    /// # Panics
    ///
    /// If the entity was not named to the builder.
    #[track_caller]
    pub fn delete(&self, entity: &str, key: &str) {
        let deleted = self.shared.change(|state| {
            let change = state.model.remove(entity, key)?;
            state.announce(&change);
            Some(())
        });
        known(entity, deleted);
    }

    /// Adds a view as [`TestServerBuilder::scripted_view`] does; one of that id is replaced.
    pub fn scripted_view(&self, id: &str, mode: Mode, sort: Option<Sort>) {
        self.shared
            .change(|state| state.model.add_scripted(id, mode, sort));
    }

    /// Numbers the mutations from now on.
    pub fn set_seq(&self, source: SeqSource) {
        self.shared.change(|state| state.model.seq = source);
    }

    /// The rows in the cache as the server sends them, the most recently changed first.
    ///
    /// # Panics
    ///
    /// If the entity was not named to the builder.
    #[track_caller]
    pub fn rows(&self, entity: &str) -> Vec<(String, Value)> {
        let rows = self.shared.look(|state| {
            let rows = state.model.rows(entity)?.iter();
            let rows = rows.map(|(key, row)| (key.to_owned(), sent(row, state.protocol)));
            Some(rows.collect())
        });
        known(entity, rows)
    }

    /// One row of the cache, as the server sends it.
    ///
    /// # Panics
    ///
    /// If the entity was not named to the builder.
    #[track_caller]
    pub fn row(&self, entity: &str, key: &str) -> Option<Value> {
        let row = self.shared.look(|state| {
            let row = state.model.rows(entity)?.get(key);
            Some(row.map(|row| sent(row, state.protocol)))
        });
        known(entity, row)
    }

    /// What a derived view shows in its own window, in order; `None` if there is no such view.
    pub fn window(&self, view: &str) -> Option<Vec<(String, Value)>> {
        self.shared
            .look(|state| state.model.window(view, state.protocol))
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a test asked of an entity, which is there unless the test is mistaken.
#[track_caller]
fn known<T>(entity: &str, found: Option<T>) -> T {
    match found {
        Some(found) => found,
        None => panic!("the test server has no entity `{entity}`: name it to the builder"),
    }
}

fn run(listener: TcpListener, shared: &Arc<Shared>) -> Life {
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(accept(listener, Arc::clone(shared), stopped));
    Life::Running { stop, task }
}

/// Takes the port without listening on it.
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
