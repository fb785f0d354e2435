//! The server on its own port.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{mpsc as blocking, Arc, Mutex as SyncMutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use arete_interpreter::compiler::MultiEntityBytecode;
use arete_interpreter::vm::VmContext;
use arete_server::row_scope::ScopeField;
use arete_server::snapshot::{SnapshotConfig, SnapshotTrigger};
use arete_server::{
    BusManager, EntityCache, EntityCacheConfig, EventJournal, JournalConfig, Limits, MutationBatch,
    Projector, RateLimitConfig, SlotContext, SlotTracker, SnapshotService, Spec, ViewIndex,
    ViewSpec, WebSocketAdmissionProvider, WebSocketAuthPlugin, WebSocketDeliveryConfig,
    WebSocketServer,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, Mutex};

use crate::data::batch;
use crate::sweep::Clock;
use crate::Change;

/// The settings of a server.
#[derive(Clone, Default)]
pub struct Setup {
    views: Vec<ViewSpec>,
    scopes: Vec<(String, ScopeField)>,
    auth: Option<Arc<dyn WebSocketAuthPlugin>>,
    rates: RateLimitConfig,
    admission: Option<Arc<dyn WebSocketAdmissionProvider>>,
    max_clients: Option<usize>,
    delivery: WebSocketDeliveryConfig,
    cache: EntityCacheConfig,
    journal: JournalConfig,
}

impl Setup {
    /// A server of these views that accepts every connection and has the published defaults.
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

    /// Sets the limits for sessions that have none of their own.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.rates.default_limits = Some(limits);
        self
    }

    /// Sets the limits for everyone, the length of the send queues and the idle time-out.
    pub fn rates(mut self, rates: RateLimitConfig) -> Self {
        self.rates = rates;
        self
    }

    /// Sets who decides about each subscription, as a host of many stacks does.
    pub fn admission(mut self, provider: impl WebSocketAdmissionProvider + 'static) -> Self {
        self.admission = Some(Arc::new(provider));
        self
    }

    /// Sets the number of connections.
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = Some(clients);
        self
    }

    /// Sets how many changes of a view a subscription may be behind.
    pub fn bus(mut self, frames: usize) -> Self {
        self.delivery.list_bus_capacity = frames;
        self
    }

    /// Makes lists and derived views send one upsert per changed row and interval.
    pub fn coalesce(mut self, interval: Duration) -> Self {
        self.delivery.collection_coalesce_ms = Some(interval.as_millis() as u64);
        self
    }

    /// Sets how many rows the server keeps of each view.
    pub fn max_rows(mut self, rows: usize) -> Self {
        self.cache.max_entities_per_view = rows;
        self
    }

    /// Makes every append view a tape that retains this many records.
    pub fn tapes(mut self, records: usize) -> Self {
        self.journal.enabled = true;
        self.journal.max_records_per_view = records;
        self
    }

    /// Restricts an entity's rows to sessions whose token lists the scope found at `path`.
    pub fn scope(mut self, entity: &str, path: &str) -> Self {
        self.scopes.push((entity.to_owned(), ScopeField::new(path)));
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
        let store = TempDir::new().expect("a folder for stored state");
        Server {
            state: State::new(&self, &store),
            setup: self,
            store,
            address: port.local_addr().expect("an address"),
            _port: port,
            slot: AtomicU64::new(1),
            running: None,
            clock: None,
        }
    }

    fn index(&self) -> ViewIndex {
        let mut views = ViewIndex::new();
        for spec in &self.views {
            views.add_spec(spec.clone());
        }
        for (entity, field) in &self.scopes {
            views.set_entity_scope(entity, field.clone());
        }
        views
    }
}

/// The real server. Its tasks live in a runtime of their own with one thread, so that a test can kill
/// or [stall](Server::stall) it.
pub struct Server {
    setup: Setup,
    state: State,
    store: TempDir,
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
    journal: Arc<EventJournal>,
    snapshots: Arc<SnapshotService>,
    changes: mpsc::Sender<MutationBatch>,
    /// Runs while [`Server::apply`] does, on the test's own task.
    projector: Arc<Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl State {
    /// The memory of a process that has just started: empty, unless `store` has a snapshot.
    fn new(setup: &Setup, store: &TempDir) -> Self {
        let cache = EntityCache::with_config(setup.cache.clone());
        let bus = BusManager::with_capacity(setup.delivery.list_bus_capacity);
        let views = Arc::new(setup.index());
        let journal = Arc::new(EventJournal::new(setup.journal.clone()));
        let (changes, queue) = mpsc::channel(1024);
        let config = SnapshotConfig {
            enabled: true,
            url: Some(store.path().display().to_string()),
            max_resume_age_slots: u64::MAX,
            ..SnapshotConfig::default()
        };
        let spec = Spec::new(MultiEntityBytecode::new().build(), "program");
        let snapshots = wait(SnapshotService::initialize(
            config,
            &spec,
            cache.clone(),
            &views,
            journal.clone(),
            changes.clone(),
        ))
        .expect("stored state");
        // The service stores no state unless a virtual machine is registered. This one is empty.
        let machine = Arc::new(SyncMutex::new(VmContext::new()));
        snapshots
            .runtime()
            .register_runtime(machine, SlotTracker::new());
        let projector = Projector::new(views.clone(), bus.clone(), cache.clone(), queue)
            .with_journal(journal.clone())
            .with_snapshot_runtime(snapshots.runtime());
        State {
            cache,
            bus,
            views,
            journal,
            snapshots,
            changes,
            projector: Arc::new(Mutex::new(Box::pin(projector.run()))),
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

    /// Starts listening; when this returns, the server accepts connections.
    ///
    /// # Panics
    ///
    /// Panics if the server is up or cannot listen.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "the server is up");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let State {
            cache,
            bus,
            views,
            journal,
            ..
        } = self.state.clone();
        let mut server = WebSocketServer::new(self.address, bus, cache, views)
            .with_journal(journal)
            .with_delivery_config(self.setup.delivery.clone())
            .with_rate_limit_config(self.setup.rates.clone());
        if let Some(auth) = &self.setup.auth {
            server = server.with_auth_plugin(auth.clone());
        }
        if let Some(provider) = &self.setup.admission {
            server = server.with_admission_provider(provider.clone());
        }
        if let Some(clients) = self.setup.max_clients {
            server = server.with_max_clients(clients);
        }
        let mut serving = Box::pin(server.start());
        {
            // The first poll listens and starts the timer for idle clients, in whichever runtime it
            // runs. The connections are spawned where the rest is polled.
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

    /// Closes all connections and stops listening. The data stays in memory until
    /// [`forget`](Self::forget), so starting again looks like a network failure.
    pub async fn kill(&mut self) {
        let runtime = self.running.take().expect("a server that is up");
        tokio::task::spawn_blocking(|| runtime.shutdown_timeout(Duration::from_secs(20)))
            .await
            .expect("the runtime shuts down");
    }

    /// Replaces the memory by that of a new process: the last [stored](Self::store) state, or nothing.
    ///
    /// # Panics
    ///
    /// Panics if the server is up.
    pub fn forget(&mut self) {
        assert!(self.running.is_none(), "the server is up");
        self.state = State::new(&self.setup, &self.store);
    }

    /// Writes the state that a planned stop writes. The server continues, but its tapes retain nothing from
    /// now on, as in the last moments of a stopping server.
    pub async fn store(&self) {
        let stored = self.state.snapshots.snapshot_now(SnapshotTrigger::Shutdown);
        assert!(stored.await.expect("a store"), "the state was not stored");
    }

    /// Kills this server and starts another process on the same port, with no stored state.
    pub async fn restart(&mut self) {
        self.kill().await;
        self.store = TempDir::new().expect("a folder for stored state");
        self.forget();
        self.start();
    }

    /// Stores the state, kills this server and starts another process that restores the state.
    pub async fn restart_with_state(&mut self) {
        self.store().await;
        self.kill().await;
        self.forget();
        self.start();
    }

    /// Replaces the settings of the process that starts after the next [`forget`](Self::forget) or
    /// restart.
    pub fn change_setup(&mut self, setup: Setup) {
        self.setup = setup;
    }

    /// Makes these changes, each in the next slot, with the server's projector. When this returns, the
    /// server's cache has them and the server has published them. Works on a server that is down, too.
    /// If the future is dropped before its end, the cache may stay locked.
    pub async fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        let batches = changes.into_iter().map(|change| {
            let slot = self.slot.fetch_add(1, Ordering::Relaxed);
            batch([change], Some(SlotContext::new(slot, 0)))
        });
        self.project(batches).await;
    }

    /// Makes these changes in one event at this position, or without one. The server refuses a change
    /// of a row at an earlier position of the same kind; accounts, instructions and resolvers are
    /// different kinds.
    pub async fn apply_at(
        &self,
        position: Option<SlotContext>,
        changes: impl IntoIterator<Item = Change>,
    ) {
        self.project([batch(changes, position)]).await;
    }

    async fn project(&self, batches: impl IntoIterator<Item = MutationBatch>) {
        let mut projector = self.state.projector.lock().await;
        let changes = &self.state.changes;
        let feed = async {
            for batch in batches {
                changes.send(batch).await.expect("the projector runs");
                // The client may share this thread.
                tokio::task::yield_now().await;
            }
            let (done, applied) = oneshot::channel();
            let marker = MutationBatch::flush_marker(done);
            changes.send(marker).await.expect("the projector runs");
            applied.await.expect("the projector runs");
        };
        let done = async {
            tokio::select! {
                () = &mut *projector => panic!("the projector stopped"),
                () = feed => {}
            }
        };
        let done = tokio::time::timeout(Duration::from_secs(60), done).await;
        done.expect("no stalled server holds a lock of the cache");
    }

    /// Makes one change, and runs `meanwhile` between the moment at which the change is in the server's
    /// cache and the moment at which the server publishes it. (The projector takes the lock of the
    /// derived views in between, so the entity needs a derived view, and `meanwhile` cannot read one.)
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

    /// Returns the rows of a base view in the server's cache, the most recently changed first. Wide integers
    /// are numbers here.
    pub async fn rows(&self, view: &str) -> Vec<(String, Value)> {
        self.state.cache.get_all(view).await
    }

    /// Returns a row of a base view in the server's cache.
    pub async fn row(&self, view: &str, key: &str) -> Option<Value> {
        self.state.cache.get(view, key).await
    }

    /// Returns the rows of a derived view in the server's order.
    pub async fn window(&self, view: &str, skip: usize, take: usize) -> Vec<(String, Value)> {
        let caches = self.state.views.sorted_caches();
        let mut caches = caches.write().await;
        let cache = caches.get_mut(view).expect("a derived view");
        cache.get_window(skip, take)
    }

    /// Returns the cursor of a tape's last record.
    ///
    /// # Panics
    ///
    /// Panics if the tape is empty.
    pub async fn cursor(&self, view: &str) -> String {
        let window = self.state.journal.window(view).await;
        let cursor = window.latest_cursor().expect("a record");
        cursor.to_string()
    }

    /// Marks missed events in every tape, as a server does that was disconnected from its source.
    pub async fn mark_gap(&self) {
        self.state.journal.mark_gap().await;
    }

    /// Stops the server's one thread until the returned value is dropped. The server must have nothing to
    /// do: a task that holds a lock of the cache keeps it meanwhile, and then changes cannot be made.
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

/// Runs a future that needs a runtime to completion, in any context.
fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(future)
        });
        thread.join().expect("the thread ends")
    })
}
