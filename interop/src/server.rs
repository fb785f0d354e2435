//! The server on its own port.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{mpsc as blocking, Arc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyperstack_server::websocket::{RateLimitConfig, WebSocketAuthPlugin};
use hyperstack_server::{BusManager, EntityCache, Projector, ViewIndex, ViewSpec, WebSocketServer};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::sweep::Clock;
use crate::Change;

/// The settings of a server.
#[derive(Clone, Default)]
pub struct Setup {
    views: Vec<ViewSpec>,
    auth: Option<Arc<dyn WebSocketAuthPlugin>>,
    rates: Option<RateLimitConfig>,
    max_clients: Option<usize>,
}

impl Setup {
    /// Returns a server of these views that accepts every connection.
    pub fn new(views: Vec<ViewSpec>) -> Self {
        Setup {
            views,
            ..Setup::default()
        }
    }

    /// Sets who may connect.
    pub fn auth(mut self, plugin: impl WebSocketAuthPlugin + 'static) -> Self {
        self.auth = Some(Arc::new(plugin));
        self
    }

    /// Sets the limits for everyone, the length of the queues and the idle time-out.
    pub fn rates(mut self, rates: RateLimitConfig) -> Self {
        self.rates = Some(rates);
        self
    }

    /// Sets the maximum number of clients.
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = Some(clients);
        self
    }

    /// Starts the server on a free port.
    pub fn start(self) -> Server {
        let mut server = self.prepare();
        server.start();
        server
    }

    /// Reserves a free port without listening on it.
    pub fn prepare(self) -> Server {
        self.prepare_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Takes the port of a server of any generation that is down. Nothing listens on it
    /// before [`Server::start`].
    pub fn prepare_at(self, address: SocketAddr) -> Server {
        let port = TcpSocket::new_v4().expect("a socket");
        port.set_reuseaddr(true).expect("an option");
        port.bind(address).expect("a free port");
        Server {
            state: State::new(&self.views),
            setup: self,
            address: port.local_addr().expect("an address"),
            _port: port,
            slot: AtomicU64::new(1),
            running: None,
            clock: None,
        }
    }
}

/// The real server. Its tasks live in their own runtime with one thread. So a test can kill or
/// [stall](Server::stall) the server, and a hanging thread of the server does not hang the test.
pub struct Server {
    setup: Setup,
    state: State,
    address: SocketAddr,
    /// Bound, never listened on: no other process gets this port while the server is down.
    _port: TcpSocket,
    slot: AtomicU64,
    running: Option<Runtime>,
    clock: Option<Clock>,
}

/// The memory of a server's process.
#[derive(Clone)]
struct State {
    cache: EntityCache,
    bus: BusManager,
    views: Arc<ViewIndex>,
}

impl State {
    fn new(specs: &[ViewSpec]) -> Self {
        let mut views = ViewIndex::new();
        for spec in specs {
            views.add_spec(spec.clone());
        }
        State {
            cache: EntityCache::new(),
            bus: BusManager::new(),
            views: Arc::new(views),
        }
    }
}

impl Server {
    /// Returns the URL for clients.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Returns the server's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts listening. When this returns, the server accepts connections.
    ///
    /// # Panics
    ///
    /// Panics if it cannot listen.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "the server is up");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let State { cache, bus, views } = self.state.clone();
        let mut server = WebSocketServer::new(self.address, bus, cache, views);
        if let Some(auth) = &self.setup.auth {
            server = server.with_auth_plugin(auth.clone());
        }
        if let Some(rates) = &self.setup.rates {
            server = server.with_rate_limit_config(rates.clone());
        }
        if let Some(clients) = self.setup.max_clients {
            server = server.with_max_clients(clients);
        }
        let mut serving = Box::pin(server.start());
        {
            // The first poll listens and starts the timer for idle clients, in the runtime that polls.
            // Connections are spawned where the rest is polled.
            let _here = match &self.clock {
                Some(clock) => clock.handle.enter(),
                None => runtime.enter(),
            };
            match serving
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
            {
                Poll::Pending => {}
                Poll::Ready(ended) => panic!("the server does not start: {ended:?}"),
            }
        }
        runtime.spawn(serving);
        self.running = Some(runtime);
    }

    /// Starts listening, with the timer for idle clients under [`sweep`](Self::sweep)'s control.
    pub fn start_with_sweeps(&mut self) {
        self.clock = Some(Clock::new());
        self.start();
        let clock = self.clock.as_ref().expect("a clock");
        clock.await_first_tick();
    }

    /// Advances the clock to the moment at which the server removes idle clients.
    ///
    /// # Panics
    ///
    /// Panics unless the server was [started for that](Self::start_with_sweeps).
    pub fn sweep(&self) {
        let clock = self.clock.as_ref().expect("a clock");
        clock.forward(Duration::from_secs(30));
    }

    /// Stops the server and resets its connections. When this returns, the port refuses connections. The data
    /// stays until [`forget`](Self::forget).
    pub async fn kill(&mut self) {
        let runtime = self.running.take().expect("a server that is up");
        tokio::task::spawn_blocking(|| runtime.shutdown_timeout(Duration::from_secs(20)))
            .await
            .expect("the runtime shuts down");
    }

    /// Starts an empty server on the same port, after this one was [killed](Self::kill).
    ///
    /// # Panics
    ///
    /// Panics if this server is up.
    pub fn replaced_by(mut self, setup: Setup) -> Server {
        self.setup = setup;
        self.forget();
        self.start();
        self
    }

    /// Forgets all data, as a new process does.
    pub fn forget(&mut self) {
        assert!(
            self.running.is_none(),
            "a server that is up forgets nothing"
        );
        self.state = State::new(&self.setup.views);
    }

    /// Makes these changes, each in the next slot, with the server's projector. When this returns, the server
    /// has cached and published them. Also works on a server that is down.
    pub async fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            let slot = self.slot.fetch_add(1, Ordering::Relaxed);
            self.apply_in(slot, [change]).await;
            // The client may share this thread.
            tokio::task::yield_now().await;
        }
    }

    /// Makes these changes in one slot, so that they share their position.
    pub async fn apply_in(&self, slot: u64, changes: impl IntoIterator<Item = Change>) {
        let State { cache, bus, views } = self.state.clone();
        let (batches, queue) = mpsc::channel(1);
        let feed = async move {
            for change in changes {
                let sent = batches.send(change.in_slot(slot)).await;
                sent.expect("the projector takes it");
            }
        };
        tokio::join!(feed, Projector::new(views, bus, cache, queue).run());
    }

    /// Returns the rows of a base view in the server's cache, the most recently changed first.
    pub async fn rows<T: DeserializeOwned>(&self, view: &str) -> Vec<T> {
        rows(self.state.cache.get_all(view).await)
    }

    /// Returns the rows of a derived view in the server's order.
    pub async fn window<T: DeserializeOwned>(
        &self,
        view: &str,
        skip: usize,
        take: usize,
    ) -> Vec<T> {
        let caches = self.state.views.sorted_caches();
        let mut caches = caches.write().await;
        let cache = caches.get_mut(view).expect("a derived view");
        rows(cache.get_window(skip, take))
    }

    /// Returns a row of a base view in the server's cache.
    pub async fn row(&self, view: &str, key: &str) -> Option<Value> {
        self.state.cache.get(view, key).await
    }

    /// Makes a change, and runs a function after the server has cached it and before it publishes it. (The
    /// projector takes a lock for the derived views in between.)
    pub async fn apply_around<F: Future>(&self, change: Change, meanwhile: F) -> F::Output {
        let key = change.key().to_owned();
        let view = format!("{}/list", change.entity());
        let before = self.row(&view, &key).await;
        let caches = self.state.views.sorted_caches();
        let held = caches.write().await;
        let meanwhile = async {
            while self.row(&view, &key).await == before {
                tokio::task::yield_now().await;
            }
            let output = meanwhile.await;
            drop(held);
            output
        };
        let (_, output) = tokio::join!(self.apply([change]), meanwhile);
        output
    }

    /// Stops the server's one thread until the returned value is dropped.
    pub fn stall(&self) -> Stall {
        let runtime = self.running.as_ref().expect("a server that is up");
        let (release, released) = blocking::channel::<()>();
        let (stop, stopped) = blocking::channel();
        runtime.spawn(async move {
            let _ = stop.send(());
            let _ = released.recv();
        });
        stopped.recv().expect("the server's thread runs");
        Stall { _release: release }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}

/// A stopped server. See [`Server::stall`].
#[must_use = "the server goes on when this is dropped"]
pub struct Stall {
    _release: blocking::Sender<()>,
}

/// Tokens are decoded by serde alone, because the SDK is under test.
fn rows<T: DeserializeOwned>(rows: Vec<(String, Value)>) -> Vec<T> {
    let rows = rows.into_iter();
    rows.map(|(key, row)| match serde_json::from_value(row) {
        Ok(row) => row,
        Err(error) => panic!("the server's row \"{key}\": {error}"),
    })
    .collect()
}
