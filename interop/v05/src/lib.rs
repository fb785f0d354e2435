//! The published `hyperstack-server` 0.5.10, run in process, for tests of a client against it.
//!
//! It speaks protocol v1 as the 0.6.9 server does, without cursors, without options for the snapshot
//! and without authentication: everyone may connect.
#![forbid(unsafe_code)]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyperstack_interpreter::Mutation;
use hyperstack_server::materialized_view::{SortConfig, SortOrder, ViewPipeline};
use hyperstack_server::{
    BusManager, Delivery, EntityCache, Filters, Mode, MutationBatch, Projection, Projector,
    SlotContext, ViewIndex, ViewSpec, WebSocketServer,
};
use serde_json::Value;
use smallvec::smallvec;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Returns the base views of an entity: `list`, `state` and `append`.
pub fn entity(name: &str) -> Vec<ViewSpec> {
    [
        ("list", Mode::List),
        ("state", Mode::State),
        ("append", Mode::Append),
    ]
    .map(|(view, mode)| spec(&format!("{name}/{view}"), mode))
    .into()
}

/// Returns a derived view: the entity's rows sorted by one field, greatest first, cut to `limit` rows.
pub fn derived(id: &str, by: &str, limit: usize) -> ViewSpec {
    let mut spec = spec(id, Mode::List);
    spec.source_view = Some(format!("{}/list", spec.export));
    spec.pipeline = Some(ViewPipeline {
        filter: None,
        sort: Some(SortConfig {
            field_path: by.split('.').map(str::to_owned).collect(),
            order: SortOrder::Desc,
        }),
        limit: Some(limit),
    });
    spec
}

fn spec(id: &str, mode: Mode) -> ViewSpec {
    let (entity, _) = id.split_once('/').expect("a view's id is entity/view");
    ViewSpec {
        id: id.to_owned(),
        export: entity.to_owned(),
        mode,
        projection: Projection::all(),
        filters: Filters::all(),
        delivery: Delivery::default(),
        pipeline: None,
        source_view: None,
    }
}

/// A change of one entity, as the server's virtual machine makes them.
#[derive(Debug, Clone)]
pub struct Change(Mutation);

impl Change {
    /// Merges `patch` into the entity with this key.
    pub fn new(entity: &str, key: &str, patch: Value) -> Self {
        Change(Mutation {
            export: entity.to_owned(),
            key: Value::String(key.to_owned()),
            patch,
            append: Vec::new(),
        })
    }

    /// Appends to the array at this path instead of replacing it.
    pub fn append(mut self, path: &str) -> Self {
        self.0.append.push(path.to_owned());
        self
    }
}

/// The real server. Its tasks live in a runtime of their own with one thread.
pub struct Server {
    specs: Vec<ViewSpec>,
    state: State,
    address: SocketAddr,
    /// Bound, never listened on: no other process gets this port while the server is down.
    _port: TcpSocket,
    slot: AtomicU64,
    running: Option<Runtime>,
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
    /// Starts a server of these views on a free port.
    pub fn start(specs: Vec<ViewSpec>) -> Server {
        let mut server = Server::prepare(specs);
        server.listen();
        server
    }

    /// Reserves a free port without listening on it.
    pub fn prepare(specs: Vec<ViewSpec>) -> Server {
        Server::prepare_at(SocketAddr::from(([127, 0, 0, 1], 0)), specs)
    }

    /// Takes the port of a server of any generation that is down. Nothing listens on it
    /// before [`listen`](Self::listen).
    pub fn prepare_at(address: SocketAddr, specs: Vec<ViewSpec>) -> Server {
        let port = TcpSocket::new_v4().expect("a socket");
        port.set_reuseaddr(true).expect("an option");
        port.bind(address).expect("a free port");
        Server {
            state: State::new(&specs),
            specs,
            address: port.local_addr().expect("an address"),
            _port: port,
            slot: AtomicU64::new(1),
            running: None,
        }
    }

    /// Returns the server's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL for clients.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Starts listening; when this returns, the server accepts connections.
    ///
    /// # Panics
    ///
    /// Panics if the server is up or cannot listen.
    pub fn listen(&mut self) {
        assert!(self.running.is_none(), "the server is up");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let State { cache, bus, views } = self.state.clone();
        let mut serving = Box::pin(WebSocketServer::new(self.address, bus, cache, views).start());
        {
            let _here = runtime.enter();
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

    /// Closes all connections and stops listening. The data stays in memory until
    /// [`forget`](Self::forget).
    pub async fn kill(&mut self) {
        let runtime = self.running.take().expect("a server that is up");
        tokio::task::spawn_blocking(|| runtime.shutdown_timeout(Duration::from_secs(20)))
            .await
            .expect("the runtime shuts down");
    }

    /// Forgets all data, as a new process does.
    ///
    /// # Panics
    ///
    /// Panics if the server is up.
    pub fn forget(&mut self) {
        assert!(self.running.is_none(), "the server is up");
        self.state = State::new(&self.specs);
    }

    /// Makes these changes, each in the next slot, with the server's projector. When this returns, the
    /// server's cache has them and the server has published them. Works on a server that is down, too.
    pub async fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        let State { cache, bus, views } = self.state.clone();
        let (batches, queue) = mpsc::channel(1);
        let feed = async move {
            for change in changes {
                let slot = SlotContext::new(self.slot.fetch_add(1, Ordering::Relaxed), 0);
                let batch = MutationBatch::with_slot_context(smallvec![change.0], slot);
                batches.send(batch).await.expect("the projector runs");
                // The client may share this thread.
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(feed, Projector::new(views, bus, cache, queue).run());
    }

    /// Returns the rows of a base view in the server's cache, the most recently changed first.
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
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}
