//! The builder of a client, and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::HyperStack;
use crate::auth::TokenProvider;
#[cfg(feature = "token-endpoint")]
use crate::driver::Endpoint;
use crate::driver::{
    self, CloseOnExit, DialSettings, Dialer, EndpointSettings, Fetcher, KeyKind, Provider,
    RouteSettings, Service, StackRelease, Transport, WebSocket,
};
#[cfg(feature = "testing")]
use crate::engine::Tap;
use crate::engine::{ClientSettings, Engine, Handle};
use crate::session::{self, ConfigError, ConnectError, Credentials, Session};
use crate::store::Caches;
use crate::upstream::Upstream;
use crate::wire::payload::Limits;
use crate::wire::{Entry, Protocol, Secret};

/// Configures and connects a [`HyperStack`]. Created by [`HyperStack::builder`].
///
/// Only [`url`](Self::url) is required. [`connect`](Self::connect) checks all settings before it opens a connection,
/// and returns [`ConnectError::Config`] if one is invalid or requires a feature of this crate that is not enabled. To
/// connect to something other than a server, use [`connect_over`](Self::connect_over).
///
/// | settings | methods |
/// |---|---|
/// | server | [`url`](Self::url), [`protocol`](Self::protocol), [`origin`](Self::origin), [`header`](Self::header) |
/// | network | [`root_certificates`](Self::root_certificates), [`native_roots`](Self::native_roots), [`proxy`](Self::proxy), [`proxy_from_env`](Self::proxy_from_env) |
/// | token | [`token`](Self::token), [`token_provider`](Self::token_provider), [`api_key`](Self::api_key), [`publishable_key`](Self::publishable_key), [`token_endpoint`](Self::token_endpoint), [`token_endpoint_header`](Self::token_endpoint_header), [`stack_release`](Self::stack_release), [`environment`](Self::environment), [`allow_insecure_auth`](Self::allow_insecure_auth), [`token_in_query`](Self::token_in_query), [`token_timeout`](Self::token_timeout) |
/// | connecting | [`connect_timeout`](Self::connect_timeout), [`wait_for_server`](Self::wait_for_server), [`auto_reconnect`](Self::auto_reconnect), [`reconnect_intervals`](Self::reconnect_intervals), [`max_reconnect_attempts`](Self::max_reconnect_attempts), [`ping_interval`](Self::ping_interval), [`resume`](Self::resume) |
/// | reading | [`initial_data_timeout`](Self::initial_data_timeout), [`linger`](Self::linger), [`stream_capacity`](Self::stream_capacity), [`stale_after`](Self::stale_after) |
/// | limits | [`max_entries_per_view`](Self::max_entries_per_view), [`unlimited_entries`](Self::unlimited_entries), [`max_subscriptions`](Self::max_subscriptions), [`max_message_size`](Self::max_message_size), [`max_frame_size`](Self::max_frame_size), [`max_inflated_size`](Self::max_inflated_size) |
/// | testing | [`record`](Self::record) |
///
/// The settings of tokens exclude each other: set one of `token`, `token_provider`, `api_key` and `publishable_key`.
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
    endpoint: EndpointSettings,
    transport: Transport,
    origin: Option<String>,
    allows_insecure_auth: bool,
    headers: Vec<(String, Secret)>,
    route: RouteSettings,
    session: session::Settings,
    connect_timeout: Duration,
    initial_data_timeout: Duration,
    queue_capacity: usize,
    max_entries_per_view: Option<usize>,
    limits: Limits,
    max_frame_size: Option<usize>,
    #[cfg(feature = "testing")]
    tap: Option<Tap>,
    /// The first setting whose feature is not enabled.
    missing_feature: Option<ConfigError>,
}

impl Default for HyperStackBuilder {
    fn default() -> Self {
        HyperStackBuilder {
            url: None,
            token: None,
            provider: None,
            endpoint: EndpointSettings::default(),
            transport: Transport::default(),
            origin: None,
            allows_insecure_auth: false,
            headers: Vec::new(),
            route: RouteSettings::default(),
            session: session::Settings::default(),
            connect_timeout: Duration::from_secs(10),
            initial_data_timeout: Duration::from_secs(5),
            queue_capacity: 1024,
            max_entries_per_view: None,
            limits: Limits::default(),
            max_frame_size: None,
            #[cfg(feature = "testing")]
            tap: None,
            missing_feature: None,
        }
    }
}

impl HyperStackBuilder {
    /// Sets the server's URL: `ws://…` or `wss://…`. Required.
    ///
    /// The client sends a user name and password in the URL (`wss://me:password@ore.example`) in the handshake's
    /// header, as `Authorization: Basic …`. Write special characters as percent escapes, such as `%40` for `@`.
    /// [`connect`](Self::connect) returns an error if you also set a token or a key.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets a fixed token. Default: none.
    ///
    /// The client sends it in the header `Authorization: Bearer …`, or in the URL's query if you call
    /// [`token_in_query`](Self::token_in_query). It does not write the token to logs or errors.
    ///
    /// The client cannot renew a fixed token: if the server rejects it, the client closes and all streams end. For
    /// renewable tokens, use [`token_provider`](Self::token_provider).
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Secret(token.into()));
        self
    }

    /// Sets a provider that supplies a token whenever the client needs one. Default: none.
    ///
    /// The client calls the provider:
    ///
    /// - before it first connects,
    /// - before it reconnects, if the server rejected the current token or the token is about to expire,
    /// - one minute before the current token expires or, if a token is valid for less than two minutes, at half of that
    ///   time. The client sends the new token on the open connection, and streams continue.
    ///
    /// The client takes the expiry from the [`AuthToken`](crate::AuthToken), or from the `exp` claim if the token is a
    /// JWT. Without an expiry, it uses the token until the server rejects it. When the client closes, it cancels a
    /// pending request and drops the provider.
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
    /// The client sends the key only there, and does not write it to logs or errors. For a server that Arete or
    /// Hyperstack hosts, it knows the endpoint; see [`token_endpoint`](Self::token_endpoint). Requires the feature
    /// `token-endpoint`.
    ///
    /// [`connect`](Self::connect) returns an error for a publishable key (`a4_pk_…`, `hspk_…`). Unless you set
    /// [`token_endpoint`](Self::token_endpoint), it also returns one for a key that another service issued.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.endpoint.api_key = Some(Secret(key.into()));
        self.requiring_endpoint("api_key")
    }

    /// Like [`api_key`](Self::api_key), for a key that you may publish, for example in an app.
    ///
    /// Tokens for a publishable key are shorter-lived, and services accept the key only from the origins that it was
    /// created for. Name one with [`origin`](Self::origin), which the endpoints of Arete and Hyperstack require.
    /// Requires the feature `token-endpoint`.
    ///
    /// [`connect`](Self::connect) returns an error for a secret key (`a4_sk_…`, `a4_ak_…`, `hsk_…`).
    pub fn publishable_key(mut self, key: impl Into<String>) -> Self {
        self.endpoint.publishable_key = Some(Secret(key.into()));
        self.requiring_endpoint("publishable_key")
    }

    /// Sets the URL of the token endpoint. Default, if a key is set: that of the service that hosts the server.
    ///
    /// | server | default endpoint | keys |
    /// |---|---|---|
    /// | `*.stack.arete.run` | `https://api.arete.run/ws/sessions` | `a4_sk_…`, `a4_ak_…`, `a4_pk_…` |
    /// | `*.usehyperstack.com` | `https://api.usehyperstack.com/ws/sessions` | `hsk_…`, `hspk_…` |
    /// | any other | none: with a key, set it with this method | any |
    ///
    /// The client requests tokens at the same times as it calls a [`token_provider`](Self::token_provider). Use
    /// `https://…`: for `http://…` to another machine, [`connect`](Self::connect) returns an error unless you
    /// [allow it](Self::allow_insecure_auth). Requires the feature `token-endpoint`.
    ///
    /// # Protocol
    ///
    /// The client sends a `POST` with the key as `Authorization: Bearer …`. If there is no key, it sends a user name
    /// and password in the endpoint's URL as `Authorization: Basic …`. The body is
    /// `{"websocket_url": "wss://…"}`, with the [`url`](Self::url) of the server without its query. If you set them, it
    /// also has `stackManifestHash` and `liveAlias` (see [`stack_release`](Self::stack_release)) and `environment`.
    ///
    /// The endpoint replies `{"token": "…", "expires_at": 1893456000}`. `expires_at` (or `expiresAt`) is a Unix time in
    /// seconds. If it is missing, the client uses the `exp` claim of a JWT.
    ///
    /// # Errors
    ///
    /// A reply with the status 400, 401 or 403, or with a code that no retry can fix (see
    /// [`AuthErrorCode::remedy`](crate::AuthErrorCode::remedy)), is final, like
    /// [`TokenError::denied`](crate::TokenError::denied). After any other failure, the client retries with a backoff,
    /// and honours a `Retry-After` in seconds. A reply of more than 64 KiB is a failure, and so is a redirect, which
    /// the client does not follow.
    pub fn token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint.url = Some(url.into());
        self.requiring_endpoint("token_endpoint")
    }

    /// Adds a header to requests to the token endpoint.
    ///
    /// A second value for the same name replaces the first. The client does not write the value to logs or errors.
    /// Requires the feature `token-endpoint`.
    pub fn token_endpoint_header(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.endpoint
            .headers
            .push((name.into(), Secret(value.into())));
        self.requiring_endpoint("token_endpoint_header")
    }

    /// Names a release of a stack in token requests: the hash of its manifest (`stackManifestHash`) and the alias of the
    /// live deployment (`liveAlias`). Default: none.
    ///
    /// Arete's endpoint then refuses the request with a final error if that release was retired
    /// ([`AuthErrorCode::StackVersionRetired`](crate::AuthErrorCode::StackVersionRetired)) or never existed. Requires
    /// the feature `token-endpoint`.
    ///
    /// [`connect`](Self::connect) returns an error if the hash or the alias is empty, or if there is neither a key nor
    /// a [`token_endpoint`](Self::token_endpoint).
    pub fn stack_release(
        mut self,
        manifest_hash: impl Into<String>,
        live_alias: impl Into<String>,
    ) -> Self {
        self.endpoint.stack_release = Some(StackRelease {
            manifest_hash: manifest_hash.into(),
            live_alias: live_alias.into(),
            needs_endpoint: true,
        });
        self.requiring_endpoint("stack_release")
    }

    /// Sets the [`stack_release`](Self::stack_release) that the derive `Stack` knows. Unlike that method, it requires
    /// neither a feature nor a token endpoint, because a stack's server may need no token.
    #[doc(hidden)]
    pub fn release_of_stack(mut self, manifest_hash: &str, live_alias: &str) -> Self {
        self.endpoint.stack_release = Some(StackRelease {
            manifest_hash: manifest_hash.to_owned(),
            live_alias: live_alias.to_owned(),
            needs_endpoint: false,
        });
        self
    }

    /// Names the environment of the server in token requests (`environment`). Default: none. Requires the feature
    /// `token-endpoint`.
    ///
    /// [`connect`](Self::connect) returns an error if it is empty, or if there is neither a key nor a
    /// [`token_endpoint`](Self::token_endpoint).
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.endpoint.environment = Some(name.into());
        self.requiring_endpoint("environment")
    }

    /// Sets the timeout of a token request. Default: 10 seconds.
    ///
    /// If a request times out, the client retries with a backoff. The server has the same time to accept a new token on
    /// the open connection; if it does not reply, the client reconnects.
    pub fn token_timeout(mut self, timeout: Duration) -> Self {
        self.session.token_timeout = timeout;
        self
    }

    /// Sends the token in the URL's query, under this name, instead of in a header.
    ///
    /// Servers usually expect the name `hs_token`, or `token` for a fixed token that is part of the server's own
    /// settings. Prefer the header if you can: servers and proxies often log queries.
    ///
    /// Servers do not percent-decode the value. [`connect`](Self::connect) therefore returns an error for a token with
    /// characters that need escaping. JWTs never contain such characters.
    pub fn token_in_query(mut self, parameter: impl Into<String>) -> Self {
        self.transport = Transport::Query(parameter.into());
        self
    }

    /// Sets the header `Origin` of the handshake and of token requests, such as `https://app.example`. Default: none.
    ///
    /// Servers require it for tokens of a [`publishable_key`](Self::publishable_key), and may require it for others. The
    /// codes [`OriginRequired`](crate::AuthErrorCode::OriginRequired),
    /// [`OriginMismatch`](crate::AuthErrorCode::OriginMismatch) and
    /// [`OriginNotAllowed`](crate::AuthErrorCode::OriginNotAllowed) of a refusal say so. A [`header`](Self::header) or
    /// [`token_endpoint_header`](Self::token_endpoint_header) with this name takes precedence.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Sets whether the client may send secrets unencrypted to another machine. Default: `false`.
    ///
    /// With `false`, [`connect`](Self::connect) returns [`ConfigError::Insecure`](crate::ConfigError::Insecure) if the
    /// URL starts with `ws://` or the token endpoint's with `http://`, the host is not this machine (`localhost`,
    /// 127.0.0.0/8 or `[::1]`), and there is one of these secrets:
    ///
    /// - a token, a token provider or a key,
    /// - a user name in the URL,
    /// - a parameter `token` or `hs_token` in the URL's query. Other parameters are not checked,
    /// - a [`header`](Self::header) other than `Origin` and `User-Agent`.
    ///
    /// For a token endpoint with `http://…` on another machine, `connect` always returns the error, because each reply
    /// contains a token. The user name and password of an `http://` proxy are sent to the proxy unencrypted and are not
    /// checked.
    ///
    /// Use `true` only in a network that you trust, such as a VPN.
    pub fn allow_insecure_auth(mut self, yes: bool) -> Self {
        self.allows_insecure_auth = yes;
        self
    }

    /// Adds a header to the WebSocket handshake.
    ///
    /// A second value for the same name replaces the first. The client does not write the value to logs or errors.
    /// [`connect`](Self::connect) returns an error for a header that the handshake sets itself, such as `Host`,
    /// `Upgrade` or `Sec-WebSocket-Key`, and for `Authorization` if the client sends a token in it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret(value.into())));
        self
    }

    /// Sets whether the client reconnects after it has lost the connection. Default: `true`.
    ///
    /// With `false`, the client closes and all streams end.
    pub fn auto_reconnect(mut self, yes: bool) -> Self {
        self.session.auto_reconnect = yes;
        self
    }

    /// Sets the longest wait before each attempt to reconnect. Default: 1, 2, 4, 8, then 16 seconds.
    ///
    /// The last interval repeats. The client waits a random time between zero and the interval (full jitter), so that
    /// clients do not all reconnect at the same moment. A connection that stays up for 30 seconds resets the list.
    pub fn reconnect_intervals(mut self, intervals: Vec<Duration>) -> Self {
        self.session.reconnect_intervals = intervals;
        self
    }

    /// Sets how many attempts to reconnect may fail in a row before the client closes and all streams end. Default: no
    /// limit.
    ///
    /// With 0, the client closes when it first loses the connection. A connection that stays up for 30 seconds resets
    /// the count, so a server that accepts connections and drops them at once counts as failing.
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

    /// Sets whether the client resumes the lists of a v1 server after a reconnect. Default: `true`.
    ///
    /// To *resume* a list, the client requests only the rows that changed since 150 slots before the latest change that
    /// it has, instead of a full snapshot (by default, at most 500 rows). It requests a full snapshot anyway if a
    /// change could not be applied, had no slot, or was more than 150 slots older than the changes before it.
    ///
    /// If a change without a slot happens while the client is away, a resumed list misses it. Use `false` if slots can
    /// start again, as with a local validator.
    pub fn resume(mut self, yes: bool) -> Self {
        self.session.resume = yes;
        self
    }

    /// Sets how long a subscription may be silent before the client resubscribes. Default: never. With a v2 server, the
    /// client probes silent lists instead.
    ///
    /// A server can silently end a subscription that lags too far behind, while the connection stays up. To the client,
    /// this looks like a view without changes. With this setting, rows are at most about 1.25 × `limit` out of date. In
    /// return, the client requests a snapshot per `limit` for each view or key that has no changes. If a v2 view has
    /// grown beyond the row limit of your session, the server rejects that request and the readers get
    /// [`StreamError::Refused`](crate::StreamError::Refused).
    ///
    /// The client checks each subscription four times per `limit`. Streams yield only rows that changed.
    /// [`Stats::resyncs`](crate::Stats::resyncs) counts the snapshots.
    ///
    /// # The default with a v2 server
    ///
    /// A v2 server ends a list silently only if the list lags while it has more rows than your session may get. Every
    /// 75 seconds, the client looks for lists that have been silent for five minutes and probes up to eight: it
    /// requests one row that is newer than all it has seen. If there is one and the list stays silent until the next
    /// check, the client resubscribes. A probe costs two messages and, for a quiet list, less than 1 kB.
    ///
    /// Probes do not find deletions, rows without a position, or anything while the server's subscription limit is
    /// reached. The client does not probe windows with a `skip`, full windows, derived views with a limit or a `take`,
    /// or single rows.
    ///
    /// Set this to [`Duration::MAX`] to turn the probes off.
    pub fn stale_after(mut self, limit: Duration) -> Self {
        self.session.stale_after = Some(limit);
        self
    }

    /// Sets how long reads wait for a complete snapshot. Default: 5 seconds.
    ///
    /// Then `get` and `list` return the rows that have arrived, and `try_get` and `try_list` return an error. If the
    /// view is empty, they return after about one round trip.
    pub fn initial_data_timeout(mut self, timeout: Duration) -> Self {
        self.initial_data_timeout = timeout;
        self
    }

    /// Sets the timeout of each attempt to connect. Default: 10 seconds.
    ///
    /// It covers name resolution, TCP, TLS and the WebSocket handshake together. A token request before the attempt has
    /// a [timeout of its own](Self::token_timeout).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets whether [`connect`](Self::connect) retries a failed first attempt instead of returning its error.
    /// Default: `false`.
    ///
    /// With `true`, the client retries as after a lost connection, with a backoff and up to
    /// [`max_reconnect_attempts`](Self::max_reconnect_attempts). `connect` still returns a final error, such as the
    /// status 403.
    pub fn wait_for_server(mut self, yes: bool) -> Self {
        self.session.wait_for_server = yes;
        self
    }

    /// Sets how long the client keeps a subscription that nothing reads. Default: 5 seconds.
    ///
    /// The time starts when the last stream is dropped or the last read returns. A new reader within this time gets the
    /// cached rows at once. Afterwards, the client unsubscribes and frees the rows.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.session.linger = linger;
        self
    }

    /// Sets how many changes a stream can queue before it conflates. Default: 1,024.
    ///
    /// To conflate is to merge the queued changes of each row into one; see [`Watch`](crate::Watch).
    pub fn stream_capacity(mut self, changes: usize) -> Self {
        self.queue_capacity = changes;
        self
    }

    /// Sets the row limit: how many rows of each view the client keeps. Default: no limit.
    ///
    /// A stream yields a delete for each row that no longer fits. A list keeps the rows that changed most recently, and
    /// a derived view keeps its first rows.
    ///
    /// With a v2 server, the client requests at most this many rows: the limit is the `take` of each query without one.
    /// With a v1 server, with an upstream that serves whole views only, or if the client applies a filter itself, the
    /// client evicts the rows beyond the limit. It reports a view's first eviction as [`Fault::Full`](crate::Fault::Full);
    /// [`Stats::evicted_rows`](crate::Stats::evicted_rows) counts them all. An evicted row does not return to a v1 view
    /// when it changes, because the server sends only the fields that changed.
    ///
    /// `get` and `watch_key` fetch an evicted row again; a v1 server then sends the snapshot of the whole view. Rows
    /// read by key do not count toward the limit.
    pub fn max_entries_per_view(mut self, entries: usize) -> Self {
        self.max_entries_per_view = Some(entries);
        self
    }

    /// Removes the limit of [`max_entries_per_view`](Self::max_entries_per_view).
    pub fn unlimited_entries(mut self) -> Self {
        self.max_entries_per_view = None;
        self
    }

    /// Limits how many distinct queries can be active at a time. Default: 10,000.
    ///
    /// A view, each filtered window of it, and each row read by key count as one query. At the limit, the client first
    /// drops all queries that only [linger](Self::linger). If that is not enough, reads fail with
    /// [`ReadError::TooManySubscriptions`](crate::ReadError::TooManySubscriptions) and streams end with
    /// [`EndReason::TooManySubscriptions`](crate::EndReason::TooManySubscriptions).
    pub fn max_subscriptions(mut self, subscriptions: usize) -> Self {
        self.session.max_subscriptions = subscriptions;
        self
    }

    /// Limits the size of a received message before decompression, in bytes. Default: 64 MiB.
    ///
    /// The client ignores a larger message and reports a [`Fault::Frame`](crate::Fault::Frame). A read that waits for
    /// its rows can fail with [`ReadError::Incomplete`](crate::ReadError::Incomplete).
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.limits.message = bytes;
        self
    }

    /// Limits the size of a WebSocket frame, in bytes. Default: four times
    /// [`max_message_size`](Self::max_message_size).
    ///
    /// A larger frame ends the connection with [`ConnectionLost::TooLarge`](crate::ConnectionLost::TooLarge). Keep it
    /// well above `max_message_size`: servers send each message as one frame, and a frame over this limit costs the
    /// connection, not only the message.
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
    /// You can call it more than once. [`connect`](Self::connect) returns an error if a certificate is invalid. The
    /// default roots are those of Mozilla with the feature `rustls`, and those of the system with `native-tls`.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.route.roots.push(pem.into());
        self
    }

    /// Sets whether to trust the system's root certificates, besides those of Mozilla. Default: `false`.
    ///
    /// If the environment variable `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, the client trusts the certificates in that
    /// file or directory (in PEM format) instead of the system's. [`connect`](Self::connect) returns an error if it finds
    /// none there.
    ///
    /// Requires the feature `rustls-native-roots`. With only the feature `native-tls`, the client always trusts the
    /// system's roots, and this setting changes nothing.
    pub fn native_roots(mut self, yes: bool) -> Self {
        self.route.native_roots = yes;
        let is_builtin = cfg!(all(feature = "native-tls", not(feature = "rustls")));
        let is_enabled = is_builtin || cfg!(feature = "rustls-native-roots");
        self.requiring("native_roots", &["rustls-native-roots"], is_enabled || !yes)
    }

    /// Sets an HTTP proxy for all connections of this client: to the server and to the token endpoint. Default: none.
    ///
    /// `url` is the proxy's URL, such as `http://proxy.example:3128` or `http://user:password@proxy.example:3128`. With
    /// `https://…`, the client also encrypts its connection to the proxy. Percent-encode special characters in the user
    /// name and the password. The client does not write them to logs or errors. The user name and password of an
    /// `http://` proxy are sent to the proxy unencrypted and are not checked.
    ///
    /// The client asks the proxy for a tunnel by the method `CONNECT`, for `ws://` and `http://` URLs too. The proxy
    /// resolves the server's name. [`connect`](Self::connect) returns an error if the proxy's URL is invalid. If the
    /// proxy refuses the tunnel to the server, it returns [`ConnectError::ProxyRejected`]; if it refuses the one to the
    /// token endpoint, [`ConnectError::Token`].
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.route.proxy = Some(Secret(url.into()));
        self
    }

    /// Sets whether environment variables set the proxy if [`proxy`](Self::proxy) does not. Default: `false`.
    ///
    /// [`connect`](Self::connect) reads these variables, in lower case first, then in upper case:
    ///
    /// - `https_proxy`, then `all_proxy`: the proxy for `wss://` and `https://` URLs. The client connects to `ws://` and
    ///   `http://` URLs directly, because proxies rarely open tunnels for them.
    /// - `no_proxy`: the hosts to connect to directly, separated by commas. `*` stands for all hosts. `example.com` and
    ///   `.example.com` stand for this domain and everything below it. `192.0.2.1` and `192.0.2.0/24` stand for IP
    ///   addresses in URLs; the client does not resolve names for them. An entry can end with a port, as in
    ///   `example.com:8443`.
    pub fn proxy_from_env(mut self, yes: bool) -> Self {
        self.route.proxy_from_env = yes;
        self
    }

    /// Sets the protocol version to speak. Default: [`Protocol::Auto`], which detects it on each connection.
    ///
    /// With [`Protocol::Auto`], the client first tries the version that the server last spoke. On the first connection,
    /// it tries v1 if the host ends in `usehyperstack.com`, else v2. A wrong guess costs one round trip. A Hyperstack
    /// 0.5 server does not answer the messages that detect the version, so after a wrong guess its first rows take
    /// about a second longer; set [`Protocol::V1`] for it.
    ///
    /// If the server is upgraded between two connections, streams continue and yield only the rows that differ.
    ///
    /// If the server does not speak the version that you set, the client closes with [`ConnectError::WrongProtocol`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.session.protocol = protocol;
        self
    }

    /// Calls `on_entry` with each message sent or received.
    ///
    /// Each entry has the message and the time since the client was created. Collect the entries in a
    /// [`Recording`](crate::testing::Recording), which a test server can
    /// [`replay`](crate::testing::TestServerBuilder::replay). Requires the feature `testing`.
    ///
    /// Entries contain no tokens. The client replaces a token with `***` in its own messages, and where the server
    /// echoes it if it has eight or more characters. It does not record the handshake or messages that it cannot
    /// decompress.
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
    pub fn record(self, on_entry: impl Fn(Entry) + Send + Sync + 'static) -> Self {
        #[cfg(feature = "testing")]
        let builder = HyperStackBuilder {
            tap: Some(Tap::new(on_entry)),
            ..self
        };
        #[cfg(not(feature = "testing"))]
        let (builder, _) = (self, on_entry);
        builder.requiring("record", &["testing"], cfg!(feature = "testing"))
    }

    fn requiring_endpoint(self, setting: &str) -> Self {
        let is_enabled = cfg!(feature = "token-endpoint");
        self.requiring(setting, &["token-endpoint"], is_enabled)
    }

    /// Notes that `setting` requires a feature, for an error of [`connect`](Self::connect) if it is not enabled.
    fn requiring(
        mut self,
        setting: &str,
        features: &'static [&'static str],
        is_enabled: bool,
    ) -> Self {
        if !is_enabled {
            self.missing_feature
                .get_or_insert_with(|| ConfigError::MissingFeature {
                    setting: format!("`{setting}`"),
                    features,
                });
        }
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
    /// Dropping the future cancels the attempt and closes the client.
    pub async fn connect(self) -> Result<HyperStack, ConnectError> {
        if let Some(error) = self.missing_feature {
            return Err(error.into());
        }
        let url = self.url.as_deref().ok_or(ConfigError::MissingUrl)?;
        self.check()?;
        let dialer = Dialer::new(DialSettings {
            url,
            route: &self.route,
            headers: &self.headers,
            transport: self.transport.clone(),
            token: self.token_settings().first().copied(),
            origin: self.origin.as_deref(),
            allows_insecure: self.allows_insecure_auth,
            timeout: self.connect_timeout,
            max_frame_size: self
                .max_frame_size
                .unwrap_or(self.limits.message.saturating_mul(4)),
        })?;
        let provider = self.provider(url)?;
        let engine = Arc::new(self.engine(driver::shown(url)));
        let server = WebSocket::new(dialer, engine.clone());
        // A dial has a deadline of its own, to say what it was waiting for.
        drive(engine, server, None, Fetcher::new(provider, self.transport)).await
    }

    /// Checks the settings and connects over an upstream: your own code, instead of a server behind a WebSocket.
    ///
    /// See [`upstream`](crate::upstream) for an example. The settings of reading and of limits apply as for a server,
    /// except [`max_frame_size`](Self::max_frame_size), and so do [`connect_timeout`](Self::connect_timeout), [`wait_for_server`](Self::wait_for_server),
    /// [`auto_reconnect`](Self::auto_reconnect), [`reconnect_intervals`](Self::reconnect_intervals) and
    /// [`max_reconnect_attempts`](Self::max_reconnect_attempts). [`ping_interval`](Self::ping_interval) applies if the
    /// upstream [is pinged](Upstream::is_pinged). The other settings for connecting have no effect.
    ///
    /// # Errors
    ///
    /// Returns [`ConnectError::Config`] if a setting is invalid, or names a server or how to reach it, such as
    /// [`url`](Self::url), [`proxy`](Self::proxy), [`header`](Self::header) or a token: an upstream connects by itself.
    /// Returns another [`ConnectError`] if the first attempt fails, or if the runtime's time driver is disabled.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the attempt and closes the client.
    pub async fn connect_over(self, upstream: impl Upstream) -> Result<HyperStack, ConnectError> {
        if let Some(error) = self.missing_feature {
            return Err(error.into());
        }
        self.check()?;
        self.check_no_server()?;
        let deadline = Some(self.connect_timeout);
        let settings = HyperStackBuilder {
            session: session::Settings {
                is_server: false,
                pings: upstream.is_pinged(),
                coverage: upstream.coverage(),
                ..self.session
            },
            ..self
        };
        let engine = Arc::new(settings.engine(upstream.name()));
        let fetcher = Fetcher::new(None, Transport::default());
        drive(engine, upstream, deadline, fetcher).await
    }

    /// Checks that no setting names a server or how to reach it.
    fn check_no_server(&self) -> Result<(), ConfigError> {
        let tokens = self.token_settings().into_iter();
        let others = [
            ("url", self.url.is_some()),
            ("header", !self.headers.is_empty()),
            ("origin", self.origin.is_some()),
            ("proxy", self.route.proxy.is_some()),
            ("root_certificates", !self.route.roots.is_empty()),
            ("native_roots", self.route.native_roots),
            ("stack_release", self.endpoint.stack_release.is_some()),
            ("environment", self.endpoint.environment.is_some()),
            ("protocol", self.session.protocol == Protocol::V1),
        ];
        let others = others.into_iter().filter(|(_, is_set)| *is_set);
        let mut set = tokens.chain(others.map(|(setting, _)| setting));
        match set.next() {
            None => Ok(()),
            Some(setting) => Err(ConfigError::InvalidSetting {
                setting,
                reason: match setting {
                    "protocol" => "an upstream speaks v2, not v1".to_owned(),
                    _ => "an upstream connects by itself: configure the upstream instead, or use \
                          `connect` to reach a server"
                        .to_owned(),
                },
            }),
        }
    }

    /// Returns the token provider, if the settings name one.
    fn provider(&self, _url: &str) -> Result<Option<Provider>, ConfigError> {
        let timeout = self.session.token_timeout;
        #[cfg(feature = "token-endpoint")]
        if let Some(endpoint) = Endpoint::new(
            &self.endpoint,
            _url,
            self.origin.as_deref(),
            &self.route,
            self.allows_insecure_auth,
            timeout,
        )? {
            return Ok(Some(Provider {
                name: endpoint.name().to_owned(),
                tokens: Arc::new(endpoint),
                timeout: None,
            }));
        }
        Ok(self.provider.clone().map(|tokens| Provider {
            name: "the token provider".to_owned(),
            tokens,
            timeout: Some(timeout),
        }))
    }

    /// Returns the names of the settings that supply tokens and are set.
    fn token_settings(&self) -> Vec<&'static str> {
        let sources = [
            ("token", self.token.is_some()),
            ("token_provider", self.provider.is_some()),
            ("api_key", self.endpoint.api_key.is_some()),
            ("publishable_key", self.endpoint.publishable_key.is_some()),
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
        self.check_keys()?;
        if let Some(origin) = &self.origin {
            driver::check_origin(origin)?;
        }
        if self.endpoint.environment.as_deref() == Some("") {
            return invalid("environment", "must not be empty");
        }
        if let Some(release) = &self.endpoint.stack_release {
            if release.manifest_hash.is_empty() || release.live_alias.is_empty() {
                return invalid(
                    "stack_release",
                    "the manifest hash and the alias must not be empty",
                );
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

    /// Checks that each key is in the setting for its kind.
    fn check_keys(&self) -> Result<(), ConfigError> {
        for (setting, secret) in [
            ("token", &self.token),
            ("api_key", &self.endpoint.api_key),
            ("publishable_key", &self.endpoint.publishable_key),
        ] {
            let kind = secret.as_ref().and_then(|Secret(key)| KeyKind::of(key));
            let Some(kind) = kind.filter(|kind| kind.setting != setting) else {
                continue;
            };
            let (prefix, right) = (kind.prefix, kind.setting);
            let reason = match (setting, right) {
                ("token", _) => format!("`{prefix}…` is an API key, not a token: use `{right}`"),
                (_, "api_key") => {
                    format!(
                        "`{prefix}…` is a secret key, which must not be published: use `api_key`"
                    )
                }
                _ => format!("`{prefix}…` is a publishable key: use `{right}`"),
            };
            return Err(ConfigError::InvalidSetting { setting, reason });
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
            url: url.clone(),
            initial_data_timeout: self.initial_data_timeout,
            queue_capacity: self.queue_capacity,
            limits: self.limits,
            #[cfg(feature = "testing")]
            tap: self.tap.clone(),
        };
        let session = session::Settings {
            url,
            credentials: match &self.token {
                Some(token) => Credentials::Token(token.clone()),
                None if self.token_settings().is_empty() => Credentials::None,
                None => Credentials::Fetched,
            },
            row_limit: self.max_entries_per_view.map(|rows| rows as u64),
            likely_protocol: match &self.url {
                Some(url) if Service::of_url(url) == Some(Service::Hyperstack) => Protocol::V1,
                _ => Protocol::V2,
            },
            ..self.session.clone()
        };
        let session = Session::new(session, seed);
        Engine::new(session, Caches::new(self.max_entries_per_view), settings)
    }
}

/// Starts the task of a client, and waits until it has connected.
async fn drive(
    engine: Arc<Engine>,
    upstream: impl Upstream,
    deadline: Option<Duration>,
    fetcher: Fetcher,
) -> Result<HyperStack, ConnectError> {
    let handle = Handle::new(engine.clone());
    let guard = CloseOnExit(engine.clone());
    tokio::spawn(driver::run(guard, upstream, deadline, fetcher));
    engine.connected().await?;
    Ok(HyperStack::new(handle))
}

impl fmt::Debug for HyperStackBuilder {
    /// Shows the settings without tokens, keys and headers, and the URL without its query and user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperStackBuilder")
            .field("url", &self.url.as_deref().map(driver::shown))
            .field("token_settings", &self.token_settings())
            .field("proxy", &self.route.proxy)
            .field("proxy_from_env", &self.route.proxy_from_env)
            .field("native_roots", &self.route.native_roots)
            .field("origin", &self.origin)
            .field("allow_insecure_auth", &self.allows_insecure_auth)
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
