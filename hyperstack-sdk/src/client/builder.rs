//! The settings of a client.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::HyperStack;
use crate::auth::TokenProvider;
use crate::driver::{self, Dialer, Duty, Fetcher};
use crate::engine::{Handle, Settings, Shared};
use crate::session::{self, ConnectError, Credentials, Session};
use crate::store::Hub;
use crate::wire::payload::Limits;
use crate::wire::Secret;

/// Settings for a [`HyperStack`]; made by [`HyperStack::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// use hyperstack_sdk::prelude::*;
///
/// # async fn run() -> Result<(), ConnectError> {
/// let hs = HyperStack::builder()
///     .url("wss://example.com")
///     .auto_reconnect(true)
///     .max_reconnect_attempts(10)
///     .ping_interval(Duration::from_secs(30))
///     .initial_data_timeout(Duration::from_secs(5))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `connect` is called"]
pub struct HyperStackBuilder {
    url: Option<String>,
    provider: Option<Arc<dyn TokenProvider>>,
    roots: Vec<Vec<u8>>,
    session: session::Settings,
    connect_timeout: Duration,
    initial_data_timeout: Duration,
    queue_capacity: usize,
    max_entries_per_view: Option<usize>,
    limits: Limits,
}

impl Default for HyperStackBuilder {
    fn default() -> Self {
        HyperStackBuilder {
            url: None,
            provider: None,
            roots: Vec::new(),
            session: session::Settings::default(),
            connect_timeout: Duration::from_secs(10),
            initial_data_timeout: Duration::from_secs(5),
            queue_capacity: 1024,
            max_entries_per_view: Some(10_000),
            limits: Limits::default(),
        }
    }
}

impl HyperStackBuilder {
    /// The server's URL: `ws://…` or `wss://…`. Required.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// A token, sent as `Authorization: Bearer …`. It appears in no log and in no error.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.session.credentials = Credentials::Token(Secret(token.into()));
        self
    }

    /// Who provides tokens, where they change; see [`TokenProvider`].
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.session.credentials = Credentials::Fetched;
        self.provider = Some(Arc::new(provider));
        self
    }

    /// Whether a lost connection is restored. Default: `true`. If not, streams end with the loss.
    pub fn auto_reconnect(mut self, yes: bool) -> Self {
        self.session.auto_reconnect = yes;
        self
    }

    /// The waits before the attempts to restore a connection; the last one repeats. Default: 1, 2,
    /// 4, 8, 16 seconds. Each wait is drawn evenly between zero and its interval, so that many
    /// clients do not come back at the same instant. A connection that stayed up for 30 seconds
    /// starts the list anew.
    pub fn reconnect_intervals(mut self, intervals: Vec<Duration>) -> Self {
        self.session.reconnect_intervals = intervals;
        self
    }

    /// How many times the client tries to come back before it gives up, and streams end with the
    /// reason. Default: no limit. The count starts anew after a connection that stayed up for 30
    /// seconds: a server that accepts and drops at once is not there, though each attempt succeeds.
    pub fn max_reconnect_attempts(mut self, attempts: u32) -> Self {
        self.session.max_reconnect_attempts = Some(attempts);
        self
    }

    /// How often the server is pinged. Default: 15 seconds. After two intervals of silence the
    /// connection is taken for lost.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.session.ping_interval = interval;
        self
    }

    /// Whether, after a loss, a list is asked for from its last change on, where the positions of its
    /// changes can be relied on as far as they were seen. Default: `true`. If not, it is sent whole: at
    /// most the 500 rows that a server keeps by default. A change without a position, or with one far
    /// behind, that falls into the gap as the first of its kind is missed by the one and not by the
    /// other.
    pub fn resume(mut self, yes: bool) -> Self {
        self.session.resume = yes;
        self
    }

    /// After how long without a word a subscription is begun anew. Default: never.
    ///
    /// The server may end a subscription in silence, while the connection and the others on it live:
    /// one that lags too far behind. No message tells that from a view in which nothing happens, so
    /// this is a limit on how old what is read may be, at the price of a snapshot of every quiet view,
    /// and of every quiet row that is read by its key, each time. A subscription is looked at four
    /// times in that long. What did not change is silent; `stats().resyncs` counts.
    pub fn stale_after(mut self, limit: Duration) -> Self {
        self.session.stale_after = Some(limit);
        self
    }

    /// How long `get` and `list` wait for a view to be ready. Default: 5 seconds. An empty view is
    /// ready after a round trip.
    pub fn initial_data_timeout(mut self, timeout: Duration) -> Self {
        self.initial_data_timeout = timeout;
        self
    }

    /// The deadline of each attempt to connect: name, TCP, TLS and handshake together. Default: 10
    /// seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Whether [`connect`](Self::connect) keeps trying, by the rules of reconnecting, instead of
    /// returning the error of the first attempt. Default: `false`.
    pub fn wait_for_server(mut self, yes: bool) -> Self {
        self.session.wait_for_server = yes;
        self
    }

    /// How long a subscription outlives its last reader, so that the next one finds it warm.
    /// Default: 5 seconds. The rows are freed with it.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.session.linger = linger;
        self
    }

    /// How many changes a stream keeps one by one for a reader that is behind. Beyond it, what is
    /// pending for a row is folded into one item. Default: 1,024.
    pub fn stream_capacity(mut self, changes: usize) -> Self {
        self.queue_capacity = changes;
        self
    }

    /// How many rows are cached of a view. Default: 10,000. One more, and the row furthest from the
    /// front of the view's order leaves, as a delete.
    pub fn max_entries_per_view(mut self, entries: usize) -> Self {
        self.max_entries_per_view = Some(entries);
        self
    }

    /// Caches as many rows as there are.
    pub fn unlimited_entries(mut self) -> Self {
        self.max_entries_per_view = None;
        self
    }

    /// How many subscriptions there may be at a time: parts of views, and rows by key. Default: 10,000.
    /// What is wanted beyond it is refused, with [`EndReason::TooManySubscriptions`](crate::EndReason)
    /// as the reader's end. While there is no connection this is all that waits to be asked for.
    pub fn max_subscriptions(mut self, subscriptions: usize) -> Self {
        self.session.max_subscriptions = subscriptions;
        self
    }

    /// The largest message that is read, in bytes as it arrives. Default: 64 MiB. A larger one is
    /// an error in [`faults`](HyperStack::faults) and changes nothing; one of over four times the
    /// limit is not received at all and costs the connection.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.limits.message = bytes;
        self
    }

    /// The most that a compressed message may inflate to, in bytes. Default: 256 MiB. Inflation
    /// stops there, with an error in [`faults`](HyperStack::faults).
    pub fn max_inflated_size(mut self, bytes: usize) -> Self {
        self.limits.inflated = bytes;
        self
    }

    /// Certificates to trust besides the usual roots, in PEM. May be called more than once.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], of a setting that cannot be used, or of the first attempt.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime. The runtime must have its IO and its time driver enabled, as those
    /// of `#[tokio::main]` and `#[tokio::test]` have.
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives up the attempt.
    pub async fn connect(self) -> Result<HyperStack, ConnectError> {
        let url = self.url.as_deref().ok_or(ConnectError::MissingUrl)?;
        self.check()?;
        let dialer = Dialer::new(url, &self.roots, self.connect_timeout, self.limits.message)?;
        let shared = Arc::new(self.shared(driver::shown(url)));
        let handle = Handle::new(shared.clone());
        let fetcher = Fetcher::new(self.provider, self.session.token_timeout);
        tokio::spawn(driver::run(Duty(shared.clone()), dialer, fetcher));
        shared.connected().await?;
        Ok(HyperStack::new(handle))
    }

    fn check(&self) -> Result<(), ConnectError> {
        let invalid = |setting, reason: &str| {
            Err(ConnectError::InvalidSetting {
                setting,
                reason: reason.to_owned(),
            })
        };
        if self.session.ping_interval.is_zero() {
            return invalid("ping_interval", "it must be longer than zero");
        }
        if self.session.stale_after == Some(Duration::ZERO) {
            return invalid("stale_after", "it must be longer than zero");
        }
        if self.session.max_subscriptions == 0 {
            return invalid("max_subscriptions", "there must be room for one at least");
        }
        if self.session.reconnect_intervals.is_empty() {
            let reason = "there must be one at least; see also `auto_reconnect(false)`";
            return invalid("reconnect_intervals", reason);
        }
        if self.limits.message == 0 {
            return invalid("max_message_size", "no message is so small");
        }
        if self.limits.inflated == 0 {
            return invalid("max_inflated_size", "no message is so small");
        }
        if self.max_entries_per_view == Some(0) {
            let reason = "there must be room for one row at least";
            return invalid("max_entries_per_view", reason);
        }
        Ok(())
    }

    /// The client's state, with these settings.
    pub(crate) fn shared(&self, url: String) -> Shared {
        self.seeded(url, random())
    }

    /// The same; `seed` is all the randomness that it has.
    pub(crate) fn seeded(&self, url: String, seed: u64) -> Shared {
        let settings = Settings {
            url,
            initial_data_timeout: self.initial_data_timeout,
            queue_capacity: self.queue_capacity,
            limits: self.limits,
        };
        let session = Session::new(self.session.clone(), seed);
        Shared::new(session, Hub::new(self.max_entries_per_view), settings)
    }
}

/// A seed from the randomness of the standard library's hash maps.
fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

impl fmt::Debug for HyperStackBuilder {
    /// Shows all settings but the token, and the URL without its query and user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperStackBuilder")
            .field("url", &self.url.as_deref().map(driver::shown))
            .field("session", &self.session)
            .field("connect_timeout", &self.connect_timeout)
            .field("initial_data_timeout", &self.initial_data_timeout)
            .field("stream_capacity", &self.queue_capacity)
            .field("max_entries_per_view", &self.max_entries_per_view)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
