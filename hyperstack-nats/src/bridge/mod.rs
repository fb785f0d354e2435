//! Copies views from a server to NATS.

mod context;
mod error;
#[cfg(test)]
mod random;
mod rows;
mod status;
mod tape;

use std::convert::Infallible;
use std::time::Duration;

use async_nats::jetstream::stream::StorageType;
use hyperstack_sdk::HyperStack;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::error::{BridgeError, ViewError};
pub use self::status::{BridgeStatus, ViewStatus};

use self::context::Context;
use self::status::Reporter;
use self::tape::Stop;

/// How long a view that has failed waits before it starts again: first, at most in the first attempts, and at most
/// later. NATS elects a new leader within seconds.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const SHORT_WAIT: Duration = Duration::from_secs(2);
const LONG_WAIT: Duration = Duration::from_secs(30);

/// The number of first attempts.
const FIRST_ATTEMPTS: u32 = 16;

/// The greatest interval and patience.
const MOST: Duration = Duration::from_secs(60 * 60);

/// Copies views from a server to NATS JetStream, where any number of clients can read them.
///
/// A view with rows becomes a bucket: for each row, its key and its JSON. A tape becomes a stream: one message per
/// record. The bridge has one subscription per view, and writes only rows that differ.
///
/// ```no_run
/// use std::time::Duration;
///
/// use hyperstack_nats::async_nats::ConnectOptions;
/// use hyperstack_nats::{Bridge, Servers};
/// use hyperstack_sdk::HyperStack;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let hs = HyperStack::builder()
///     .url("wss://ore.example")
///     .wait_for_server(true)
///     .linger(Duration::ZERO)
///     .connect()
///     .await?;
/// let servers: Servers = "tls://ada:secret@nats.example".parse()?;
/// let options = servers.configure(ConnectOptions::new());
/// let nats = options.connect(servers.addresses()).await?;
/// let bridge = Bridge::builder(hs, nats, "ore")
///     .view("OreRound/list")
///     .tape("Trade/append")
///     .build();
/// bridge.run().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Two bridges
///
/// Several bridges can copy the same views at the same time. They need no coordination: a bridge replaces a row only if
/// no other bridge has changed it since this one read it, and if the old row is certainly older. It appends a record
/// only directly after the record before it. So if one bridge stops, another one continues, and no record is lost.
/// Records repeat only if NATS has dropped the last record of the stream, and no bridge wrote a heartbeat after it.
///
/// All bridges of a prefix must copy the same server. Otherwise, they replace each other's rows.
///
/// # Restarts
///
/// A bridge keeps no state outside NATS, so you can stop, kill and start it at any time. It continues a tape after the
/// stream's last record. If the server no longer retains the record that follows, the bridge writes a gap, and clients
/// get a [`TapeGap`](hyperstack_sdk::TapeGap).
///
/// If NATS restarts, the bridge reconnects and compares all rows. If the server restarts, it writes the rows that
/// differ.
///
/// # Heartbeats
///
/// While a view is up to date, the bridge writes a heartbeat for it once per [`interval`](BridgeBuilder::interval): the
/// view's description. If it cannot reach the server, or cannot store a row, it does not. Clients of the view then
/// reconnect, and wait until a bridge writes heartbeats again. [`status`](Self::status) says which view has failed, and
/// why.
///
/// # Deleted rows
///
/// A deleted row leaves a marker without data in its bucket. The bridge does not remove markers.
///
/// A v1 server sends only the latest rows of a list, by default 500, when a client subscribes. A bridge that starts
/// deletes all others from the bucket, because it does not know their current state.
#[derive(Debug)]
#[must_use = "a bridge does nothing until it runs"]
pub struct Bridge {
    context: Context,
    views: Vec<(View, Reporter)>,
    status: BridgeStatus,
}

/// Sets up a [`Bridge`]. Returned by [`Bridge::builder`].
///
/// `storage`, `replicas`, `max_records`, `max_bytes` and `max_age` apply to the buckets and streams that the bridge
/// creates. It does not change existing ones.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct BridgeBuilder {
    hyperstack: HyperStack,
    nats: async_nats::Client,
    prefix: String,
    views: Vec<View>,
    interval: Duration,
    patience: Duration,
    storage: StorageType,
    replicas: usize,
    max_records: i64,
    max_bytes: i64,
    /// Zero if there is no limit.
    max_age: Duration,
}

const NO_LIMIT: i64 = -1;

/// A view to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
struct View {
    id: String,
    is_tape: bool,
}

impl Bridge {
    /// Returns a builder for a bridge that reads from `hyperstack` and writes to `nats`.
    ///
    /// The names of all buckets and streams have this prefix. Use a `hyperstack` client of its own for the bridge, with
    /// [`linger(Duration::ZERO)`](hyperstack_sdk::HyperStackBuilder::linger): sometimes the bridge needs a new snapshot
    /// of a view, and it can request one only if nothing else reads the view over this client.
    ///
    /// In a cluster, give the options of `nats` a `request_timeout` of a few seconds: a stream without a leader does
    /// not answer, and the default is 10 seconds.
    pub fn builder(
        hyperstack: HyperStack,
        nats: async_nats::Client,
        prefix: impl Into<String>,
    ) -> BridgeBuilder {
        BridgeBuilder {
            hyperstack,
            nats,
            prefix: prefix.into(),
            views: Vec::new(),
            interval: Duration::from_secs(1),
            patience: Duration::from_secs(1),
            storage: StorageType::File,
            replicas: 1,
            max_records: NO_LIMIT,
            max_bytes: NO_LIMIT,
            max_age: Duration::from_secs(24 * 60 * 60),
        }
    }

    /// Returns a handle that observes the bridge, also before it runs and after it has ended.
    pub fn status(&self) -> BridgeStatus {
        self.status.clone()
    }

    /// Copies the views until a final error. To stop the bridge, drop the future: NATS may still store writes that were
    /// under way, which does no harm. Needs a Tokio runtime.
    ///
    /// # Errors
    ///
    /// - [`BridgeError::NoViews`], [`BridgeError::EmptyPrefix`] or [`BridgeError::Ambiguous`] if a setting of the builder
    ///   is missing or wrong.
    /// - [`BridgeError::Closed`] or [`BridgeError::NatsClosed`] if the client of the server or of NATS has closed.
    /// - [`BridgeError::View`] if all views have failed with a [final error](ViewError::is_final), for example because
    ///   the server does not know them.
    ///
    /// The bridge tries again after all other errors; see [`ViewError`]. If only some views have failed with a final
    /// error, it goes on with the others.
    pub async fn run(self) -> Result<Infallible, BridgeError> {
        if self.context.prefix.is_empty() {
            return Err(BridgeError::EmptyPrefix);
        }
        // `add` keeps each view once, so twins differ in what they are.
        let ids = || self.views.iter().map(|(view, _)| &view.id);
        if let Some(view) = ids().find(|id| ids().filter(|other| other == id).count() > 1) {
            let view = view.clone();
            return Err(BridgeError::Ambiguous { view });
        }
        let mut views = JoinSet::new();
        for (view, status) in self.views {
            let context = self.context.clone();
            views.spawn(async move { view.copy(&context, &status).await });
        }
        let mut failed = BridgeError::NoViews;
        while let Some(ended) = views.join_next().await {
            match ended {
                Ok(ViewError::Closed(reason)) => return Err(BridgeError::Closed(reason)),
                Ok(ViewError::NatsClosed) => return Err(BridgeError::NatsClosed),
                Ok(error) => failed = BridgeError::View(error),
                Err(panicked) if panicked.is_panic() => {
                    std::panic::resume_unwind(panicked.into_panic())
                }
                Err(_) => {}
            }
        }
        Err(failed)
    }
}

impl BridgeBuilder {
    /// Adds a view with rows, such as `OreRound/list` or a derived view. A view that you add twice is copied once.
    pub fn view(mut self, id: impl Into<String>) -> Self {
        self.add(id.into(), false);
        self
    }

    /// Adds a tape: an append view whose records a v2 server numbers and retains, such as `Trade/append`.
    pub fn tape(mut self, id: impl Into<String>) -> Self {
        self.add(id.into(), true);
        self
    }

    /// Sets how often the bridge writes a heartbeat for each view. Default: 1 second. Values outside 1 millisecond to 1
    /// hour are clamped.
    ///
    /// By default, a view is stale for clients after three intervals without a heartbeat.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.clamp(Duration::from_millis(1), MOST);
        self
    }

    /// Sets how long the bridge waits for another bridge. Default: 1 second. Values outside 4 milliseconds to 1 hour
    /// are clamped.
    ///
    /// If another bridge has written a row that the server does not send within this time, this bridge requests a new
    /// snapshot. If that happens again and again, it waits up to 32 times as long. If the bridge that appends the
    /// records of a tape stops for this long, this bridge takes over.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience.clamp(Duration::from_millis(4), MOST);
        self
    }

    /// Sets where NATS stores rows and records. Default: files.
    pub fn storage(mut self, storage: StorageType) -> Self {
        self.storage = storage;
        self
    }

    /// Sets on how many servers of a cluster NATS stores rows and records. Default: 1. 0 means 1.
    pub fn replicas(mut self, servers: usize) -> Self {
        self.replicas = servers.max(1);
        self
    }

    /// Sets how many records of each tape NATS retains; it drops the oldest ones. Default: 0, which means no limit.
    pub fn max_records(mut self, records: u64) -> Self {
        self.max_records = limit(records);
        self
    }

    /// Sets how many bytes of each tape NATS retains; it drops the oldest records. Default: 0, which means no limit.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = limit(bytes);
        self
    }

    /// Sets for how long NATS retains the records of a tape. Default: 24 hours. `None`, or more than 292 years, means
    /// no limit.
    pub fn max_age(mut self, age: Option<Duration>) -> Self {
        let age = age.filter(|age| i64::try_from(age.as_nanos()).is_ok());
        self.max_age = age.unwrap_or_default();
        self
    }

    /// Creates the bridge. It does nothing before [`run`](Bridge::run), which also checks the settings.
    pub fn build(self) -> Bridge {
        let context = Context {
            views: self.views.iter().map(|view| view.id.clone()).collect(),
            hyperstack: self.hyperstack,
            jetstream: async_nats::jetstream::new(self.nats.clone()),
            client: self.nats,
            prefix: self.prefix,
            interval: self.interval,
            patience: self.patience,
            storage: self.storage,
            replicas: self.replicas,
            max_records: self.max_records,
            max_bytes: self.max_bytes,
            max_age: self.max_age,
        };
        let views = self.views.into_iter().map(|view| {
            let (reporter, status) = Reporter::new(&view.id);
            ((view, reporter), status)
        });
        let (views, status): (_, Vec<watch::Receiver<ViewStatus>>) = views.unzip();
        Bridge {
            context,
            views,
            status: BridgeStatus::new(status),
        }
    }

    fn add(&mut self, id: String, is_tape: bool) {
        let view = View { id, is_tape };
        if !self.views.contains(&view) {
            self.views.push(view);
        }
    }
}

/// Returns a limit as NATS expects it.
fn limit(limit: u64) -> i64 {
    match limit {
        0 => NO_LIMIT,
        limit => limit.try_into().unwrap_or(NO_LIMIT),
    }
}

impl View {
    /// Copies the view until a permanent error. Starts again after other errors.
    async fn copy(self, context: &Context, status: &Reporter) -> ViewError {
        let (mut wait, mut attempts) = (FIRST_WAIT, 0);
        loop {
            let heartbeats = status.heartbeats();
            let stop = if self.is_tape {
                let Err(stop) = tape::copy(context, &self.id, status).await;
                stop
            } else {
                let Err(error) = rows::copy(context, &self.id, status).await;
                Stop::Failed(error)
            };
            if status.heartbeats() > heartbeats {
                (wait, attempts) = (FIRST_WAIT, 0);
            }
            match stop {
                // A server that has had the view is probably starting.
                Stop::Failed(error)
                    if error.is_final()
                        && !(matches!(error, ViewError::UnknownView { .. })
                            && status.was_caught_up()) =>
                {
                    tracing::error!("cannot copy the view \"{}\": {error}", self.id);
                    status.lose(Some(error.clone()));
                    return error;
                }
                Stop::Failed(error) => {
                    tracing::warn!("cannot copy the view \"{}\": {error}", self.id);
                    status.lose(Some(error));
                    tokio::time::sleep(wait).await;
                    attempts += 1;
                    wait = match attempts {
                        ..FIRST_ATTEMPTS => SHORT_WAIT.min(2 * wait),
                        _ => LONG_WAIT.min(2 * wait),
                    };
                }
                Stop::Diverged => {
                    status.lose(None);
                    tokio::time::sleep(context.patience / 4).await;
                }
            }
            status.restart();
        }
    }
}
