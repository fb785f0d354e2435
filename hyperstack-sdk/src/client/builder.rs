//! The builder of a client, and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::HyperStack;
use crate::auth::TokenProvider;
use crate::driver::{self, CloseOnExit, DialSettings, Dialer, Fetcher, Transport};
#[cfg(feature = "token-endpoint")]
use crate::driver::{Endpoint, EndpointSettings};
use crate::engine::{ClientSettings, Engine, Handle};
use crate::session::{self, ConfigError, ConnectError, Credentials, Session};
use crate::store::Caches;
use crate::wire::payload::Limits;
use crate::wire::{Protocol, Secret};
#[cfg(feature = "testing")]
use crate::{engine::Tap, wire::Entry};

/// Configures and connects a [`HyperStack`]. Created by [`HyperStack::builder`].
///
/// Only [`url`](Self::url) is required. [`connect`](Self::connect) checks all settings before it dials.
///
/// | settings | methods |
/// |---|---|
/// | server | [`url`](Self::url), [`protocol`](Self::protocol), [`header`](Self::header), [`root_certificates`](Self::root_certificates) |
/// | token | [`token`](Self::token), [`token_provider`](Self::token_provider), `api_key`, `publishable_key`, `token_endpoint`, [`token_in_query`](Self::token_in_query), [`token_timeout`](Self::token_timeout) |
/// | connecting | [`connect_timeout`](Self::connect_timeout), [`wait_for_server`](Self::wait_for_server), [`auto_reconnect`](Self::auto_reconnect), [`reconnect_intervals`](Self::reconnect_intervals), [`max_reconnect_attempts`](Self::max_reconnect_attempts), [`ping_interval`](Self::ping_interval), [`resume`](Self::resume) |
/// | reading | [`initial_data_timeout`](Self::initial_data_timeout), [`linger`](Self::linger), [`stream_capacity`](Self::stream_capacity), [`stale_after`](Self::stale_after) |
/// | limits | [`max_entries_per_view`](Self::max_entries_per_view), [`max_subscriptions`](Self::max_subscriptions), [`max_message_size`](Self::max_message_size), [`max_frame_size`](Self::max_frame_size), [`max_inflated_size`](Self::max_inflated_size) |
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
    token: Option<Secret>,
    provider: Option<Arc<dyn TokenProvider>>,
    #[cfg(feature = "token-endpoint")]
    endpoint: EndpointSettings,
    transport: Transport,
    headers: Vec<(String, Secret)>,
    roots: Vec<Vec<u8>>,
    session: session::Settings,
    connect_timeout: Duration,
    initial_data_timeout: Duration,
    queue_capacity: usize,
    max_entries_per_view: Option<usize>,
    limits: Limits,
    max_frame_size: Option<usize>,
    #[cfg(feature = "testing")]
    tap: Option<Tap>,
}

impl Default for HyperStackBuilder {
    fn default() -> Self {
        HyperStackBuilder {
            url: None,
            token: None,
            provider: None,
            #[cfg(feature = "token-endpoint")]
            endpoint: EndpointSettings::default(),
            transport: Transport::default(),
            headers: Vec::new(),
            roots: Vec::new(),
            session: session::Settings::default(),
            connect_timeout: Duration::from_secs(10),
            initial_data_timeout: Duration::from_secs(5),
            queue_capacity: 1024,
            max_entries_per_view: None,
            limits: Limits::default(),
            max_frame_size: None,
            #[cfg(feature = "testing")]
            tap: None,
        }
    }
}

impl HyperStackBuilder {
    /// Sets the server's URL: `ws://…` or `wss://…`. Required.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets a fixed token. Default: none.
    ///
    /// The client sends it as `Authorization: Bearer …`, or as [`token_in_query`](Self::token_in_query) says. It
    /// appears in no log and no error. A fixed token cannot be renewed: once the server rejects it, all streams
    /// end. For renewable tokens, use [`token_provider`](Self::token_provider).
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Secret(token.into()));
        self
    }

    /// Sets a provider that supplies a token whenever the client needs one. Default: none.
    ///
    /// The client calls the provider:
    ///
    /// - before it first connects,
    /// - before it reconnects, if the server rejected the last token or that token is about to expire,
    /// - one minute before the token in use expires, or halfway through its life if that is less than two
    ///   minutes. The client sends the new token over the open connection, and streams continue.
    ///
    /// The expiry is the one set on the [`AuthToken`](crate::AuthToken), or else a JWT's own. The client drops
    /// the provider, and cancels a pending request, when it closes.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use hyperstack_sdk::prelude::*;
    /// use hyperstack_sdk::{AuthToken, TokenError};
    ///
    /// async fn log_in() -> Result<AuthToken, TokenError> {
    ///     let token = std::env::var("SESSION").map_err(|_| TokenError::denied("SESSION is not set"))?;
    ///     Ok(AuthToken::new(token).expires_in(Duration::from_secs(300)))
    /// }
    ///
    /// # async fn run() -> Result<(), ConnectError> {
    /// let hs = HyperStack::builder()
    ///     .url("wss://ore.example")
    ///     .token_provider(log_in)
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// Sets a secret API key, which the client exchanges for tokens at the token endpoint.
    ///
    /// The endpoint is the hosted one unless you set [`token_endpoint`](Self::token_endpoint). The client sends
    /// the key only there. It appears in no log and no error. Requires the feature `token-endpoint`.
    #[cfg(feature = "token-endpoint")]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.endpoint.api_key = Some(Secret(key.into()));
        self
    }

    /// Like [`api_key`](Self::api_key), for a key that you may publish, for example in an app.
    ///
    /// An endpoint issues shorter-lived tokens for such a key and may bind it to an origin (see
    /// [`token_endpoint_header`](Self::token_endpoint_header)). Requires the feature `token-endpoint`.
    #[cfg(feature = "token-endpoint")]
    pub fn publishable_key(mut self, key: impl Into<String>) -> Self {
        self.endpoint.publishable_key = Some(Secret(key.into()));
        self
    }

    /// Sets the URL of the token endpoint. Default: the hosted endpoint, if a key is set.
    ///
    /// The client requests a token whenever it would call a [`token_provider`](Self::token_provider). Use
    /// `https://…`: `http://…` sends the key in clear text. Requires the feature `token-endpoint`.
    ///
    /// # Protocol
    ///
    /// The client sends a `POST` with the key as `Authorization: Bearer …` and the body
    /// `{"websocket_url": "wss://…"}`, which is [`url`](Self::url) without its query. The endpoint replies
    /// `{"token": "…", "expires_at": 1893456000}`, in seconds since 1970; `expiresAt` works too. Without an
    /// expiry in the reply, the client uses the token's own if it is a JWT.
    ///
    /// # Errors
    ///
    /// The statuses 400, 401 and 403, and codes that mean the same, are final: all streams end. The client
    /// retries after any other failure, and honours a `Retry-After` in seconds. A redirect, which the client
    /// does not follow, and a reply of more than 64 KiB are such failures.
    #[cfg(feature = "token-endpoint")]
    pub fn token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint.url = Some(url.into());
        self
    }

    /// Adds a header to requests to the token endpoint, such as `Origin`.
    ///
    /// A second value for the same name replaces the first. The value appears in no log and no error. Requires
    /// the feature `token-endpoint`.
    #[cfg(feature = "token-endpoint")]
    pub fn token_endpoint_header(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.endpoint
            .headers
            .push((name.into(), Secret(value.into())));
        self
    }

    /// Sets the deadline of a token request, and of the server's reply to a token refresh. Default: 10 seconds.
    ///
    /// A request that misses it is retried after a backoff. If the server does not reply to a refresh, the client
    /// reconnects.
    pub fn token_timeout(mut self, timeout: Duration) -> Self {
        self.session.token_timeout = timeout;
        self
    }

    /// Sends the token as this parameter of the URL's query, instead of in a header.
    ///
    /// By default, servers expect `hs_token` for a session token and `token` for a static token. Prefer the
    /// header if you can: servers and proxies often log queries.
    ///
    /// Servers do not decode the value. [`connect`](Self::connect) therefore rejects a token with characters that
    /// need escaping in a query. A JWT has none.
    pub fn token_in_query(mut self, parameter: impl Into<String>) -> Self {
        self.transport = Transport::Query(parameter.into());
        self
    }

    /// Adds a header to the WebSocket handshake, such as `Origin`, which some servers require.
    ///
    /// A second value for the same name replaces the first. The value appears in no log and no error. You cannot
    /// set the headers of the handshake itself, nor `Authorization` if the client sends a token in it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret(value.into())));
        self
    }

    /// Sets whether the client restores a lost connection. Default: `true`.
    ///
    /// With `false`, streams end when the connection is lost.
    pub fn auto_reconnect(mut self, yes: bool) -> Self {
        self.session.auto_reconnect = yes;
        self
    }

    /// Sets the backoff intervals between reconnect attempts. Default: 1, 2, 4, 8, then 16 seconds.
    ///
    /// The last interval repeats. The client waits a random time between zero and the interval (full jitter), so
    /// that many clients do not reconnect at once. A connection that stays up for 30 seconds resets the list.
    pub fn reconnect_intervals(mut self, intervals: Vec<Duration>) -> Self {
        self.session.reconnect_intervals = intervals;
        self
    }

    /// Sets how many times the client tries to reconnect before it gives up and streams end. Default: no limit.
    ///
    /// The count resets only after a connection that stays up for 30 seconds. A server that accepts connections
    /// and drops them at once therefore uses up the attempts too.
    pub fn max_reconnect_attempts(mut self, attempts: u32) -> Self {
        self.session.max_reconnect_attempts = Some(attempts);
        self
    }

    /// Sets how often the client pings the server. Default: 15 seconds.
    ///
    /// If nothing arrives for two intervals, the client treats the connection as lost.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.session.ping_interval = interval;
        self
    }

    /// Sets whether lists resume from a cursor after a reconnect. Default: `true`.
    ///
    /// This applies to v1 servers only. The server then sends only the rows that changed since the cursor, instead
    /// of a full snapshot (by default, at most 500 rows). The client resumes a list only if the positions of all
    /// changes so far were reliable, and requests a full snapshot otherwise.
    ///
    /// A resumed list can miss a change during the gap that has no usable position; a full snapshot cannot. Use
    /// `false` if the chain can restart at a lower slot, as a local validator's does.
    pub fn resume(mut self, yes: bool) -> Self {
        self.session.resume = yes;
        self
    }

    /// Sets how long a subscription may be silent before the client resubscribes. Default: never.
    ///
    /// A v1 server can silently drop a subscription that lags too far behind, while the connection stays up. To the
    /// client, a dropped subscription looks like a view without changes. This setting limits how stale rows can
    /// become; in return, every quiet view, and every quiet row read by its key, costs a snapshot per `limit`.
    ///
    /// Subscriptions are checked four times per `limit`. Streams yield only rows that changed.
    /// [`Stats::resyncs`](crate::Stats::resyncs) counts the snapshots.
    pub fn stale_after(mut self, limit: Duration) -> Self {
        self.session.stale_after = Some(limit);
        self
    }

    /// Sets how long `get` and `list` wait for a view to be ready. Default: 5 seconds.
    ///
    /// An empty view is ready after about one round trip.
    pub fn initial_data_timeout(mut self, timeout: Duration) -> Self {
        self.initial_data_timeout = timeout;
        self
    }

    /// Sets the deadline of each attempt to connect. Default: 10 seconds.
    ///
    /// It covers name resolution, TCP, TLS and the WebSocket handshake together.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets whether [`connect`](Self::connect) retries a failed first attempt instead of returning its error.
    /// Default: `false`.
    ///
    /// Retries follow the rules of reconnecting, including
    /// [`max_reconnect_attempts`](Self::max_reconnect_attempts).
    pub fn wait_for_server(mut self, yes: bool) -> Self {
        self.session.wait_for_server = yes;
        self
    }

    /// Sets how long a subscription stays after its last reader leaves. Default: 5 seconds.
    ///
    /// A reader that arrives in this time finds the rows in the cache. Afterwards, the client unsubscribes and
    /// frees the rows.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.session.linger = linger;
        self
    }

    /// Sets the queue length at which a stream starts to conflate. Default: 1,024 changes.
    ///
    /// Beyond it, a stream merges the queued changes of each row into one; see [`Watch`](crate::Watch).
    pub fn stream_capacity(mut self, changes: usize) -> Self {
        self.queue_capacity = changes;
        self
    }

    /// Limits how many rows of a view the client holds. Default: no limit.
    ///
    /// A v2 server applies the limit itself: the client sends it as the `take` of each query that has none. With a
    /// v1 server, or if the client applies a filter itself, the client evicts the rows at the end of the view's
    /// order, and streams yield a delete for each. A view's first eviction is reported as
    /// [`Fault::Full`](crate::Fault::Full); [`Stats::evicted_rows`](crate::Stats::evicted_rows) counts them all.
    ///
    /// `get` and `watch_key` fetch an evicted row again; with v1, that costs a snapshot of the view. Rows read by
    /// key do not count toward the limit. With v1, an evicted row does not return to the view when it changes,
    /// because the server sends only the fields that changed.
    pub fn max_entries_per_view(mut self, entries: usize) -> Self {
        self.max_entries_per_view = Some(entries);
        self
    }

    /// Removes the limit of [`max_entries_per_view`](Self::max_entries_per_view).
    pub fn unlimited_entries(mut self) -> Self {
        self.max_entries_per_view = None;
        self
    }

    /// Limits how many distinct queries the client keeps subscribed at a time. Default: 10,000.
    ///
    /// Each part of a view counts, and each row read by its key, even if its list is subscribed too. At the limit,
    /// queries that only [linger](Self::linger) are dropped first. Beyond it, reads fail with
    /// [`ReadError::TooManySubscriptions`](crate::ReadError::TooManySubscriptions) and streams end with
    /// [`EndReason::TooManySubscriptions`](crate::EndReason::TooManySubscriptions).
    pub fn max_subscriptions(mut self, subscriptions: usize) -> Self {
        self.session.max_subscriptions = subscriptions;
        self
    }

    /// Limits the size of a message as received, in bytes. Default: 64 MiB.
    ///
    /// The client ignores a larger message and reports a [`Fault::Frame`](crate::Fault::Frame).
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.limits.message = bytes;
        self
    }

    /// Limits the size of a WebSocket frame, in bytes. Default: four times
    /// [`max_message_size`](Self::max_message_size).
    ///
    /// A larger frame ends the connection with [`ConnectionLost::TooLarge`](crate::ConnectionLost::TooLarge). Set it
    /// well above `max_message_size`, because servers send a message of any size as one frame.
    pub fn max_frame_size(mut self, bytes: usize) -> Self {
        self.max_frame_size = Some(bytes);
        self
    }

    /// Limits the decompressed size of a compressed message, in bytes. Default: 256 MiB.
    ///
    /// The client stops decompressing there, ignores the message and reports a
    /// [`Fault::Frame`](crate::Fault::Frame).
    pub fn max_inflated_size(mut self, bytes: usize) -> Self {
        self.limits.inflated = bytes;
        self
    }

    /// Adds root certificates to trust, in PEM format, besides the default roots.
    ///
    /// You can call it more than once.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Sets the protocol generation to speak. Default: [`Protocol::Auto`], which detects it on each
    /// connection.
    ///
    /// With [`Protocol::Auto`], the client first tries the generation that the server last spoke. On the first
    /// connection, it tries v1 if the host ends in `usehyperstack.com`, else v2. A wrong guess costs one round trip.
    /// A Hyperstack 0.5 server does not answer the probe, so its first rows take about a second; set
    /// [`Protocol::V1`] for it.
    ///
    /// If the server changes its generation between two connections, streams yield the rows that differ.
    ///
    /// If the server does not speak the generation that you set, the client closes with
    /// [`ConnectError::WrongProtocol`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.session.protocol = protocol;
        self
    }

    /// Calls `on_entry` with each message sent or received.
    ///
    /// Each call passes an entry of a [`Recording`](crate::testing::Recording), with its time since the client was
    /// created. [`replay`](crate::testing::TestServerBuilder::replay) plays recordings. Requires the feature
    /// `testing`.
    ///
    /// Entries contain no token: a `refresh_auth` has `***` in its place, as does a token of eight or more
    /// characters that the server echoes. The handshake and messages that cannot be decompressed are not recorded.
    ///
    /// The callback runs in the task that reads the socket, so it must return quickly.
    ///
    /// ```no_run
    /// use std::io::Write;
    /// use std::sync::Mutex;
    /// use hyperstack_sdk::prelude::*;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = Mutex::new(std::fs::File::create("session.jsonl")?);
    /// let hs = HyperStack::builder()
    ///     .url("wss://ore.example")
    ///     .record(move |entry| {
    ///         if let Ok(mut file) = file.lock() {
    ///             let _ = writeln!(file, "{entry}");
    ///         }
    ///     })
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "testing")]
    pub fn record(mut self, on_entry: impl Fn(Entry) + Send + Sync + 'static) -> Self {
        self.tap = Some(Tap::new(on_entry));
        self
    }

    /// Checks the settings and connects.
    ///
    /// # Errors
    ///
    /// Returns [`ConnectError::Config`] if a setting is missing or invalid, and another [`ConnectError`] if the
    /// first attempt fails.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime. The runtime must have its IO and time drivers enabled, as those of
    /// `#[tokio::main]` and `#[tokio::test]` do.
    ///
    /// # Cancellation
    ///
    /// Dropping the future aborts the attempt.
    pub async fn connect(self) -> Result<HyperStack, ConnectError> {
        let url = self.url.as_deref().ok_or(ConfigError::MissingUrl)?;
        self.check()?;
        let provider = self.provider(url)?;
        let dialer = Dialer::new(DialSettings {
            url,
            roots: &self.roots,
            headers: &self.headers,
            transport: self.transport.clone(),
            has_token: self.token.is_some() || provider.is_some(),
            timeout: self.connect_timeout,
            max_frame_size: self
                .max_frame_size
                .unwrap_or(self.limits.message.saturating_mul(4)),
        })?;
        let engine = Arc::new(self.engine(driver::shown(url)));
        let handle = Handle::new(engine.clone());
        let fetcher = Fetcher::new(provider, self.session.token_timeout, self.transport);
        tokio::spawn(driver::run(CloseOnExit(engine.clone()), dialer, fetcher));
        engine.connected().await?;
        Ok(HyperStack::new(handle))
    }

    /// Returns the token provider, if the settings name one.
    fn provider(&self, _url: &str) -> Result<Option<Arc<dyn TokenProvider>>, ConfigError> {
        #[cfg(feature = "token-endpoint")]
        if let Some(endpoint) = Endpoint::new(&self.endpoint, _url, &self.roots)? {
            return Ok(Some(Arc::new(endpoint)));
        }
        Ok(self.provider.clone())
    }

    /// Returns the names of the settings that supply tokens and are set.
    fn token_settings(&self) -> Vec<&'static str> {
        let sources = [
            ("token", self.token.is_some()),
            ("token_provider", self.provider.is_some()),
            #[cfg(feature = "token-endpoint")]
            ("api_key", self.endpoint.api_key.is_some()),
            #[cfg(feature = "token-endpoint")]
            ("publishable_key", self.endpoint.publishable_key.is_some()),
            #[cfg(feature = "token-endpoint")]
            ("token_endpoint", self.endpoint.url.is_some()),
        ];
        let set = sources.into_iter().filter(|(_, is_set)| *is_set);
        set.map(|(source, _)| source).collect()
    }

    fn check(&self) -> Result<(), ConfigError> {
        let invalid = |setting, reason: &str| {
            Err(ConfigError::InvalidSetting {
                setting,
                reason: reason.to_owned(),
            })
        };
        if self.session.ping_interval.is_zero() {
            return invalid("ping_interval", "must be greater than zero");
        }
        if self.session.stale_after == Some(Duration::ZERO) {
            return invalid("stale_after", "must be greater than zero");
        }
        if self.session.max_subscriptions == 0 {
            return invalid("max_subscriptions", "must be at least 1");
        }
        if self.session.reconnect_intervals.is_empty() {
            let reason = "must have at least one interval; to turn reconnecting off, use `auto_reconnect(false)`";
            return invalid("reconnect_intervals", reason);
        }
        if self.connect_timeout.is_zero() {
            return invalid("connect_timeout", "must be greater than zero");
        }
        if self.session.token_timeout.is_zero() {
            return invalid("token_timeout", "must be greater than zero");
        }
        for pair in self.token_settings().windows(2) {
            // Only a key and its endpoint go together.
            if !matches!(pair, ["api_key" | "publishable_key", "token_endpoint"]) {
                let reason = format!("conflicts with `{}`: set only one of them", pair[0]);
                return invalid(pair[1], &reason);
            }
        }
        if let Some(Secret(token)) = &self.token {
            if let Err(reason) = self.transport.check(token) {
                return invalid("token", reason);
            }
        }
        if self.limits.message == 0 {
            return invalid("max_message_size", "must be greater than zero");
        }
        if self.max_frame_size == Some(0) {
            return invalid("max_frame_size", "must be greater than zero");
        }
        if self.limits.inflated == 0 {
            return invalid("max_inflated_size", "must be greater than zero");
        }
        if self.max_entries_per_view == Some(0) {
            let reason = "must be at least 1";
            return invalid("max_entries_per_view", reason);
        }
        Ok(())
    }

    /// Creates the client's engine with these settings.
    pub(crate) fn engine(&self, url: String) -> Engine {
        self.seeded(url, driver::random())
    }

    /// Creates the client's engine with these settings. `seed` is the only source of randomness.
    pub(crate) fn seeded(&self, url: String, seed: u64) -> Engine {
        let settings = ClientSettings {
            url,
            initial_data_timeout: self.initial_data_timeout,
            queue_capacity: self.queue_capacity,
            limits: self.limits,
            #[cfg(feature = "testing")]
            tap: self.tap.clone(),
        };
        let session = session::Settings {
            credentials: match &self.token {
                Some(token) => Credentials::Token(token.clone()),
                None if self.token_settings().is_empty() => Credentials::None,
                None => Credentials::Fetched,
            },
            row_limit: self.max_entries_per_view.map(|rows| rows as u64),
            likely_protocol: match &self.url {
                Some(url) if driver::is_host_below(url, "usehyperstack.com") => Protocol::V1,
                _ => Protocol::V2,
            },
            ..self.session.clone()
        };
        let session = Session::new(session, seed);
        Engine::new(session, Caches::new(self.max_entries_per_view), settings)
    }
}

impl fmt::Debug for HyperStackBuilder {
    /// Shows the settings without tokens, keys and headers, and the URL without its query and user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperStackBuilder")
            .field("url", &self.url.as_deref().map(driver::shown))
            .field("token_settings", &self.token_settings())
            .field("session", &self.session)
            .field("connect_timeout", &self.connect_timeout)
            .field("initial_data_timeout", &self.initial_data_timeout)
            .field("stream_capacity", &self.queue_capacity)
            .field("max_entries_per_view", &self.max_entries_per_view)
            .field("limits", &self.limits)
            .field("max_frame_size", &self.max_frame_size)
            .finish_non_exhaustive()
    }
}
