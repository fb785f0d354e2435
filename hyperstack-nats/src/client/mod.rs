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

use async_nats::ConnectOptions;
use hyperstack_sdk::session::{ConfigError, ConnectError};
use hyperstack_sdk::{HyperStack, HyperStackBuilder};

pub use upstream::NatsUpstream;

/// The number of heartbeats that a bridge may miss.
const MISSED_HEARTBEATS: u32 = 3;

/// Connects to NATS, and returns a client of the views that bridges copy to this prefix.
///
/// The client is like one of a server, with the same handles and streams.
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

/// Creates a builder, to set more than the URL and the prefix.
///
/// The URL is `nats://host:4222`, or `tls://host:4222` if the connection must be encrypted. It can have a user name and
/// a password, or a token: `nats://user:password@host`, `nats://token@host`. In these, write special characters as percent
/// escapes: a comma is `%2C`. Separate the URLs of several servers of a cluster with commas. All get the user of the first
/// one, and if one URL has `tls://`, all connections must be encrypted.
pub fn builder(url: impl Into<String>, prefix: impl Into<String>) -> Builder {
    Builder {
        url: url.into(),
        prefix: prefix.into(),
        options: Arc::new(ConnectOptions::new),
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
    /// Authenticates with a credentials file, which has a JWT and an nkey. The client reads it for each connection, so
    /// you can replace it.
    pub fn credentials_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials = Some(path.into());
        self
    }

    /// Trusts the root certificates in a PEM file instead of those of the system. Call it again to add more.
    pub fn root_certificates(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots.push(path.into());
        self
    }

    /// Sets how to make the options of async-nats, for each connection. Default: `ConnectOptions::new`.
    ///
    /// Use it for an nkey or a client certificate, for example. The client sets the event callback itself.
    pub fn options(mut self, options: impl Fn() -> ConnectOptions + Send + Sync + 'static) -> Self {
        self.options = Arc::new(options);
        self
    }

    /// Sets how many heartbeats of a view the client may miss in a row. Default: 3.
    ///
    /// A bridge sets the interval between heartbeats, by default one second. If a view that the client reads has missed
    /// so many, the connection counts as lost: the client is
    /// [reconnecting](hyperstack_sdk::ConnectionState::Reconnecting) until a bridge writes heartbeats again.
    pub fn missed_heartbeats(mut self, intervals: u32) -> Self {
        self.missed_heartbeats = intervals;
        self
    }

    /// Sets the settings of the client that do not concern the connection to NATS, such as
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

    /// Returns the upstream alone. The settings of the [`client`](Self::client) have no effect on it.
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
