//! The server on a port of its own.

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

/// What the server is told when it starts.
#[derive(Clone, Default)]
pub struct Setup {
    views: Vec<ViewSpec>,
    auth: Option<Arc<dyn WebSocketAuthPlugin>>,
    rates: Option<RateLimitConfig>,
    max_clients: Option<usize>,
}

impl Setup {
    /// A server of these views, that lets everyone in.
    pub fn new(views: Vec<ViewSpec>) -> Self {
        Setup {
            views,
            ..Setup::default()
        }
    }

    /// Who is let in.
    pub fn auth(mut self, plugin: impl WebSocketAuthPlugin + 'static) -> Self {
        self.auth = Some(Arc::new(plugin));
        self
    }

    /// The limits that hold for everyone, the length of the queues and the idle time-out.
    pub fn rates(mut self, rates: RateLimitConfig) -> Self {
        self.rates = Some(rates);
        self
    }

    /// How many clients there may be.
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = Some(clients);
        self
    }

    /// Starts it on a free port.
    pub fn start(self) -> Server {
        let mut server = self.prepare();
        server.start();
        server
    }

    /// Takes a free port, on which nobody listens yet.
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

/// The real server. Its tasks live in a runtime of their own, with one thread, so that it can be killed
/// and [stalled](Server::stall), and so that a thread of it that hangs hangs no test.
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

/// What dies with a server's process.
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
    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts listening; when this returns, it does.
    ///
    /// # Panics
    ///
    /// If it cannot.
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
            // The first poll listens and starts the timer for idle clients, in whichever runtime it
            // is made; what comes later is spawned where the rest is polled.
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

    /// Lets the time pass after which the server removes clients that were idle for too long.
    ///
    /// # Panics
    ///
    /// Unless the server was [started for that](Self::start_with_sweeps).
    pub fn sweep(&self) {
        let clock = self.clock.as_ref().expect("a clock");
        clock.forward(Duration::from_secs(30));
    }

    /// Ends it and resets its connections; when this returns, nobody listens. What it knew is kept
    /// until [`forget`](Self::forget).
    pub async fn kill(&mut self) {
        let runtime = self.running.take().expect("a server that is up");
        tokio::task::spawn_blocking(|| runtime.shutdown_timeout(Duration::from_secs(20)))
            .await
            .expect("the runtime shuts down");
    }

    /// Another server on the same port, after this one was [killed](Self::kill); it knows nothing.
    ///
    /// # Panics
    ///
    /// If this one is up.
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

    /// Makes these changes, each in the next slot, by the server's projector. When this returns, the
    /// server's cache has them, and they are on their way to the subscribers. Works on a server that
    /// is down, too.
    pub async fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            let slot = self.slot.fetch_add(1, Ordering::Relaxed);
            self.apply_in(slot, [change]).await;
            // The client may share this thread.
            tokio::task::yield_now().await;
        }
    }

    /// The same in one slot: these changes share their position.
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

    /// The rows of a base view in the server's cache, the one that changed last first.
    pub async fn rows<T: DeserializeOwned>(&self, view: &str) -> Vec<T> {
        rows(self.state.cache.get_all(view).await)
    }

    /// The rows of a derived view in the server's order.
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

    /// A row of a base view in the server's cache.
    pub async fn row(&self, view: &str, key: &str) -> Option<Value> {
        self.state.cache.get(view, key).await
    }

    /// Runs something between the moment in which a change is in the server's cache and that in which
    /// it is published. (Its projector takes a lock for the derived views in between.)
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

    /// Stops the server's one thread until what this returns is dropped.
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

/// A server that stands still. See [`Server::stall`].
#[must_use = "the server goes on when this is dropped"]
pub struct Stall {
    _release: blocking::Sender<()>,
}

/// Decoded by serde alone: the SDK is what is being tested.
fn rows<T: DeserializeOwned>(rows: Vec<(String, Value)>) -> Vec<T> {
    let rows = rows.into_iter();
    rows.map(|(key, row)| match serde_json::from_value(row) {
        Ok(row) => row,
        Err(error) => panic!("the server's row \"{key}\": {error}"),
    })
    .collect()
}
