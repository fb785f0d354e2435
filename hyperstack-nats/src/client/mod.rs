//! The client: an upstream of the SDK that reads what a bridge writes.

mod follow;
mod frames;
mod rows;
mod serve;
mod tape;
mod upstream;
mod views;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::ConnectOptions;
use hyperstack_sdk::session::{ConfigError, ConnectError};
use hyperstack_sdk::{HyperStack, HyperStackBuilder};

pub use upstream::NatsUpstream;

/// The number of heartbeats that a bridge may miss.
const MISSED_HEARTBEATS: u32 = 3;

/// How long to wait for an answer of NATS. A stream without a leader does not answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects to NATS, and returns a client of the views that bridges copy under this prefix.
///
/// It works like a client that is connected to a server, with the same handles and streams. Needs a Tokio runtime.
///
/// ```no_run
/// use hyperstack_sdk::prelude::*;
///
/// # #[derive(Debug, Clone, PartialEq, Entity, Views)]
/// # struct OreRound { round_id: Option<u64> }
/// # async fn run() -> Result<(), ConnectError> {
/// let hs = hyperstack_nats::connect("nats://localhost:4222", "ore").await?;
/// let mut rounds = hs.watch::<OreRound>();
/// while let Some(update) = rounds.next().await {
///     println!("{update:?}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As for [`Builder::connect`].
pub async fn connect(
    url: impl Into<String>,
    prefix: impl Into<String>,
) -> Result<HyperStack, ConnectError> {
    builder(url, prefix).connect().await
}

/// Returns a builder for a client with more settings than [`connect`] has.
///
/// The URL is `nats://host:4222`, or `tls://host:4222` if the connection must be encrypted. It can have credentials,
/// and it can be a list of URLs that are separated by commas: see [`Servers`](crate::Servers). The prefix is that of
/// the bridges.
pub fn builder(url: impl Into<String>, prefix: impl Into<String>) -> Builder {
    Builder {
        url: url.into(),
        prefix: prefix.into(),
        options: Arc::new(|| ConnectOptions::new().request_timeout(Some(REQUEST_TIMEOUT))),
        credentials: None,
        roots: Vec::new(),
        missed_heartbeats: MISSED_HEARTBEATS,
        client: HyperStack::builder(),
    }
}

/// The settings of a client. [`builder`] creates it.
#[derive(Clone)]
#[must_use = "a builder does nothing until `connect` is called"]
pub struct Builder {
    url: String,
    prefix: String,
    options: Arc<dyn Fn() -> ConnectOptions + Send + Sync>,
    credentials: Option<PathBuf>,
    roots: Vec<PathBuf>,
    missed_heartbeats: u32,
    client: HyperStackBuilder,
}

impl Builder {
    /// Authenticates with a credentials file, which has a JWT and an nkey. The client reads it at each attempt to
    /// connect, so you can replace it.
    pub fn credentials_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials = Some(path.into());
        self
    }

    /// Trusts the root certificates in a PEM file instead of those of the system. Call it again to add more.
    pub fn root_certificates(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots.push(path.into());
        self
    }

    /// Sets a function that returns the options of async-nats, for each attempt to connect. Default:
    /// `ConnectOptions::new`, with a request timeout of 3 seconds.
    ///
    /// Use it for an nkey or a client certificate, for example. The client overrides the event callback and
    /// `max_reconnects`. It also sets what the URL and the other settings say: credentials, TLS and root certificates.
    pub fn options(mut self, options: impl Fn() -> ConnectOptions + Send + Sync + 'static) -> Self {
        self.options = Arc::new(options);
        self
    }

    /// Sets after how many missed heartbeats a view is stale. Default: 3, which is 3 seconds with the default
    /// [`interval`](crate::BridgeBuilder::interval) of bridges. At least 1.
    ///
    /// If a view that the client reads is stale, the client reconnects. If all views of the prefix are stale, it stays
    /// [reconnecting](hyperstack_sdk::ConnectionState::Reconnecting) until a bridge writes heartbeats again. If others
    /// are not, the client reads these, and only the streams of the stale view wait.
    pub fn missed_heartbeats(mut self, intervals: u32) -> Self {
        self.missed_heartbeats = intervals;
        self
    }

    /// Sets the other settings of the client, such as
    /// [`wait_for_server`](HyperStackBuilder::wait_for_server) or
    /// [`stream_capacity`](HyperStackBuilder::stream_capacity).
    pub fn client(mut self, client: HyperStackBuilder) -> Self {
        self.client = client;
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// - [`ConnectError::Unreachable`] if NATS cannot be reached or rejects the credentials, or if no bridge writes to
    ///   the prefix. With [`wait_for_server`](HyperStackBuilder::wait_for_server), the client waits instead.
    /// - [`ConnectError::Timeout`] after [`connect_timeout`](HyperStackBuilder::connect_timeout).
    /// - [`ConnectError::Config`] if a setting is invalid.
    pub async fn connect(self) -> Result<HyperStack, ConnectError> {
        let client = self.client.clone();
        client.connect_over(self.upstream()?).await
    }

    /// Returns the upstream alone, for [`connect_over`](HyperStackBuilder::connect_over). The settings of the
    /// [`client`](Self::client) have no effect on it.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if a setting is invalid.
    pub fn upstream(self) -> Result<NatsUpstream, ConfigError> {
        let invalid = |setting, reason: &str| {
            Err(ConfigError::InvalidSetting {
                setting,
                reason: reason.to_owned(),
            })
        };
        if self.prefix.is_empty() {
            return invalid("prefix", "must not be empty");
        }
        if self.missed_heartbeats == 0 {
            return invalid("missed_heartbeats", "must be at least 1");
        }
        Ok(NatsUpstream {
            servers: self.url.parse()?,
            prefix: self.prefix,
            options: self.options,
            credentials: self.credentials,
            roots: self.roots,
            missed_heartbeats: self.missed_heartbeats,
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("prefix", &self.prefix)
            .field("credentials", &self.credentials)
            .field("roots", &self.roots)
            .field("missed_heartbeats", &self.missed_heartbeats)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
