//! A server, bridges, NATS and clients together. Each test ends with a client that has what the server has.

mod death;
mod failure;
mod recordings;
mod sharing;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::stream::select;
use futures_util::FutureExt;
use hyperstack_nats::{Bridge, BridgeBuilder, BridgeStatus};
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use hyperstack_sdk::{ReadError, WindowView};
use nats_tests::NatsServer;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::support::{settings, soon, DEADLINE, PREFIX};

/// A bridge in a task of this process. It is killed when you drop it.
pub(crate) struct Running {
    task: JoinHandle<()>,
    status: BridgeStatus,
}

impl Running {
    /// Starts a bridge that `with` gives views.
    async fn start(
        source: &TestServer,
        nats: &NatsServer,
        with: impl FnOnce(BridgeBuilder) -> BridgeBuilder,
    ) -> Self {
        let nats = soon(async_nats::connect(nats.url())).await.unwrap();
        Self::over(source, nats, with).await
    }

    /// Starts a bridge over a connection to NATS.
    pub(crate) async fn over(
        source: &TestServer,
        nats: async_nats::Client,
        with: impl FnOnce(BridgeBuilder) -> BridgeBuilder,
    ) -> Self {
        let hs = soon(settings().url(source.url()).connect()).await.unwrap();
        let bridge = Bridge::builder(hs, nats, PREFIX)
            .interval(Duration::from_millis(500))
            .patience(Duration::from_millis(200));
        let bridge = with(bridge).build();
        let status = bridge.status();
        let task = tokio::spawn(bridge.run().map(drop));
        Running { task, status }
    }

    /// Ends it, and waits until it does nothing any more.
    pub(crate) async fn stop(self) {
        self.task.abort();
        for view in self.status.views() {
            soon(self.status.wait_for(&view.view, |_| false)).await;
        }
    }

    /// Waits until it has copied all views once.
    pub(crate) async fn caught_up(&self) {
        let is_alive = soon(self.status.wait_caught_up()).await;
        assert!(is_alive, "{:?}", self.status.views());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:#?}", self.status.views());
        }
        self.task.abort();
    }
}

/// A bridge in a process of its own. It is killed when you drop it.
struct Process(Child);

impl Process {
    fn start(source: &TestServer, nats: &NatsServer, views: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridge"));
        command
            .args([&*source.url(), &*nats.url(), PREFIX])
            .args(views)
            .stdin(Stdio::null());
        Process(command.spawn().expect("cannot start a bridge"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // If it has ended already, there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until both views have the same rows, and returns how many. They must be in the same order, unless the view has
/// none.
pub(crate) async fn equal(
    expected: impl Into<WindowView<Value>>,
    found: impl Into<WindowView<Value>>,
    is_sorted: bool,
) -> usize {
    let (expected, found) = (expected.into(), found.into());
    let mut changes = select(expected.watch_window(), found.watch_window());
    let mut last = None;
    let same = async {
        loop {
            let mut rows = (expected.try_get().await, found.try_get().await);
            if let (false, (Ok(expected), Ok(found))) = (is_sorted, &mut rows) {
                expected.sort_by_cached_key(Value::to_string);
                found.sort_by_cached_key(Value::to_string);
            }
            match &rows {
                (Ok(expected), Ok(found)) if expected == found => return found.len(),
                _ => last = Some(rows),
            }
            changes.next().await;
        }
    };
    match tokio::time::timeout(DEADLINE, same).await {
        Ok(rows) => rows,
        Err(_) => panic!("{}", difference(last)),
    }
}

type Read = Result<Vec<Value>, ReadError>;

/// Describes the first difference.
fn difference(last: Option<(Read, Read)>) -> String {
    match last {
        Some((Ok(expected), Ok(found))) => {
            let (lengths, mut pairs) = ((expected.len(), found.len()), expected.iter().zip(&found));
            let pair = pairs.find(|(expected, found)| expected != found);
            format!("expected and found {lengths:?} rows; first difference: {pair:#?}")
        }
        Some((expected, found)) => {
            let [expected, found] = [&expected, &found].map(|read| read.as_ref().map(Vec::len));
            format!("expected {expected:?} rows, found {found:?}")
        }
        None => "cannot read the rows".to_owned(),
    }
}

/// Connects a client, as soon as a bridge has described a view.
async fn client(nats: &NatsServer) -> HyperStack {
    let builder = hyperstack_nats::builder(nats.url(), PREFIX);
    let builder = builder.client(settings().wait_for_server(true));
    soon(builder.connect()).await.unwrap()
}

/// Waits until a stream has this many messages.
async fn grown(jetstream: &async_nats::jetstream::Context, stream: &str, messages: u64) {
    soon(async {
        loop {
            let info = jetstream.get_stream(stream).await;
            if info.is_ok_and(|stream| stream.cached_info().state.last_sequence >= messages) {
                return;
            }
        }
    })
    .await
}
