//! The settings of a client.

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
    /// The server's URL: `ws://…` or `wss://…`. Required.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// A token, sent as `Authorization: Bearer …` (see also [`token_in_query`](Self::token_in_query)).
    /// It appears in no log and in no error. One that expires cannot be followed by another: streams end
    /// when the server refuses it. For tokens that are renewed, see
    /// [`token_provider`](Self::token_provider).
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Secret(token.into()));
        self
    }

    /// Where tokens come from: asked before the first connection, before one that follows a refusal of
    /// the last token, and a minute before the one in use expires (in the middle of its life if it lives
    /// less than two minutes), beside the reading of the socket. The server is then told the new token on
    /// the open connection.
    ///
    /// When a token expires is what [`AuthToken`](crate::AuthToken) was told, or, if it is a JWT, what it
    /// says itself. The provider is dropped with the client; what it is doing then is cancelled.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// A secret API key, for which the token endpoint gives tokens: the hosted one, unless
    /// [`token_endpoint`](Self::token_endpoint) names another. It is sent there and nowhere else, and
    /// appears in no log and in no error. Needs the feature `token-endpoint`.
    #[cfg(feature = "token-endpoint")]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.endpoint.api_key = Some(Secret(key.into()));
        self
    }

    /// As [`api_key`](Self::api_key), for a key that need not be kept secret: an endpoint gives shorter
    /// lived tokens for it, and may bind it to an origin (see
    /// [`token_endpoint_header`](Self::token_endpoint_header)). Needs the feature `token-endpoint`.
    #[cfg(feature = "token-endpoint")]
    pub fn publishable_key(mut self, key: impl Into<String>) -> Self {
        self.endpoint.publishable_key = Some(Secret(key.into()));
        self
    }

    /// The URL of the token endpoint: `https://…`, or `http://…`, which shows the key to whoever listens.
    /// It is asked by `POST` for a token for this client's [`url`](Self::url), without the query of that,
    /// as often as a [`token_provider`](Self::token_provider) would be. Redirects are not followed, and an
    /// answer of more than 64 KiB is an error. Needs the feature `token-endpoint`.
    ///
    /// The request is that of the hosted service: the key as `Authorization: Bearer`, and the body
    /// `{"websocket_url": "wss://…"}`. The answer is `{"token": "…", "expires_at": 1893456000}`, in seconds
    /// since 1970; `expiresAt` is read too. An answer that does not say so in these words is a token of
    /// which only a JWT tells when it is to be renewed.
    ///
    /// A refusal of the endpoint's (400, 401, 403, or a code that says the same) is final: streams end
    /// with it. All else may pass, and is tried again, after the `Retry-After` seconds where it gives any.
    #[cfg(feature = "token-endpoint")]
    pub fn token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint.url = Some(url.into());
        self
    }

    /// A header for the requests to the token endpoint, such as `Origin`. Its value appears in no log
    /// and in no error. Given twice, the last value counts. Needs the feature `token-endpoint`.
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

    /// How long fetching a token may take, and the server's answer to a token on an open connection.
    /// Default: 10 seconds. What takes longer is given up, and tried again.
    pub fn token_timeout(mut self, timeout: Duration) -> Self {
        self.session.token_timeout = timeout;
        self
    }

    /// Presents the token in the URL's query instead of a header, as this parameter: `hs_token` for the
    /// tokens of sessions, `token` for a server with a static token, unless it was set up otherwise.
    /// Queries end up in the logs of servers and proxies, so the header is better where it can be sent.
    ///
    /// The server takes the value as it stands. A token with characters that cannot stand in a query as
    /// they are, which no JWT has, is refused before dialling.
    pub fn token_in_query(mut self, parameter: impl Into<String>) -> Self {
        self.transport = Transport::Query(parameter.into());
        self
    }

    /// A header for the WebSocket's handshake, such as `Origin`, which some servers ask for. Its value
    /// appears in no log and in no error. Given twice, the last value counts.
    ///
    /// Those of the handshake itself cannot be set, nor `Authorization` where a token is sent in it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret(value.into())));
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

    /// Limits how many rows of a view the client holds. Default: no limit.
    ///
    /// A v2 server applies the limit itself: the client sends it as the `take` of each query that has none. Under
    /// v1, and for rows that the client filters, the row furthest from the front of the view's order leaves as a
    /// delete. Such a row is never shown in part. `get` and `watch_key` fetch it: under v1 that
    /// requests the view's snapshot again. A row that is read by its key does not count toward the limit.
    pub fn max_entries_per_view(mut self, entries: usize) -> Self {
        self.max_entries_per_view = Some(entries);
        self
    }

    /// Removes the limit of [`max_entries_per_view`](Self::max_entries_per_view).
    pub fn unlimited_entries(mut self) -> Self {
        self.max_entries_per_view = None;
        self
    }

    /// How many subscriptions there may be at a time: parts of views, and rows by key. Default: 10,000.
    /// A row that is read by its key counts, also beside its list; what only lingers gives way.
    /// What is wanted beyond it is refused, with [`EndReason::TooManySubscriptions`](crate::EndReason)
    /// as the reader's end. While there is no connection this is all that waits to be asked for.
    pub fn max_subscriptions(mut self, subscriptions: usize) -> Self {
        self.session.max_subscriptions = subscriptions;
        self
    }

    /// The largest message that is read, in bytes as it arrives. Default: 64 MiB. A larger one is
    /// an error in [`faults`](HyperStack::faults) and changes nothing.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.limits.message = bytes;
        self
    }

    /// The largest WebSocket frame that is received, in bytes. Default: four times
    /// [`max_message_size`](Self::max_message_size), for the server writes a message of any size as one
    /// frame. A larger one costs the connection, with [`ConnectionLost::TooLarge`](crate::ConnectionLost::TooLarge).
    pub fn max_frame_size(mut self, bytes: usize) -> Self {
        self.max_frame_size = Some(bytes);
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

    /// Sets the protocol generation to speak. Default: [`Protocol::Auto`], which detects it on each
    /// connection.
    ///
    /// The client first tries the generation that the server spoke last. On the first connection it tries v1
    /// if the host ends in `usehyperstack.com`, else v2. A wrong guess costs one round trip. A Hyperstack 0.5
    /// server does not answer the question, so its first rows take a second; set [`Protocol::V1`] for it.
    ///
    /// If the server changes its generation between two connections, streams get the difference.
    ///
    /// If the server does not speak the generation that you set, the client ends with
    /// [`ConnectError::WrongProtocol`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.session.protocol = protocol;
        self
    }

    /// Tells each message that goes over the wire, both ways, as an entry of a
    /// [`Recording`](crate::testing::Recording), with its time since the client was made: what
    /// [`replay`](crate::testing::TestServerBuilder::replay) plays. Needs the feature `testing`.
    ///
    /// An entry holds no token: that of a `refresh_auth` is `***`, and so is one of eight characters or
    /// more that the server repeats. The handshake is no message. What does not inflate is left out.
    ///
    /// It is called by the task that reads the socket, which waits for it.
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
    pub fn record(mut self, tell: impl Fn(Entry) + Send + Sync + 'static) -> Self {
        self.tap = Some(Tap::new(tell));
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
        let shared = Arc::new(self.shared(driver::shown(url)));
        let handle = Handle::new(shared.clone());
        let fetcher = Fetcher::new(provider, self.session.token_timeout, self.transport);
        tokio::spawn(driver::run(CloseOnExit(shared.clone()), dialer, fetcher));
        shared.connected().await?;
        Ok(HyperStack::new(handle))
    }

    /// Who provides tokens, if anybody does.
    fn provider(&self, _url: &str) -> Result<Option<Arc<dyn TokenProvider>>, ConfigError> {
        #[cfg(feature = "token-endpoint")]
        if let Some(endpoint) = Endpoint::new(&self.endpoint, _url, &self.roots)? {
            return Ok(Some(Arc::new(endpoint)));
        }
        Ok(self.provider.clone())
    }

    /// The settings that were made of those that say where tokens come from.
    fn sources(&self) -> Vec<&'static str> {
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
        let made = sources.into_iter().filter(|(_, is_made)| *is_made);
        made.map(|(source, _)| source).collect()
    }

    fn check(&self) -> Result<(), ConfigError> {
        let invalid = |setting, reason: &str| {
            Err(ConfigError::InvalidSetting {
                setting,
                reason: reason.to_owned(),
            })
        };
        if self.session.ping_interval.is_zero() {
            return invalid("ping_interval", "must be longer than zero");
        }
        if self.session.stale_after == Some(Duration::ZERO) {
            return invalid("stale_after", "must be longer than zero");
        }
        if self.session.max_subscriptions == 0 {
            return invalid("max_subscriptions", "must be at least 1");
        }
        if self.session.reconnect_intervals.is_empty() {
            let reason = "must have at least one interval; see also `auto_reconnect(false)`";
            return invalid("reconnect_intervals", reason);
        }
        if self.connect_timeout.is_zero() {
            return invalid("connect_timeout", "must be longer than zero");
        }
        if self.session.token_timeout.is_zero() {
            return invalid("token_timeout", "must be longer than zero");
        }
        for pair in self.sources().windows(2) {
            // Only a key and where to take it go together.
            if !matches!(pair, ["api_key" | "publishable_key", "token_endpoint"]) {
                let reason = format!("conflicts with `{}`: set one source of tokens", pair[0]);
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

    /// The client's state, with these settings.
    pub(crate) fn shared(&self, url: String) -> Engine {
        self.seeded(url, driver::random())
    }

    /// The same; `seed` is all the randomness that it has.
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
                None if self.sources().is_empty() => Credentials::None,
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
    /// Shows all settings but tokens, keys and headers, and the URL without its query and user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperStackBuilder")
            .field("url", &self.url.as_deref().map(driver::shown))
            .field("tokens_from", &self.sources())
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
