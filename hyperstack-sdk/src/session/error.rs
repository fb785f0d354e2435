//! Errors of a connection: one enum for each operation.

use std::time::Duration;

use crate::auth::TokenError;
use crate::wire::{AuthErrorCode, Issue, Protocol, Remedy};

/// Why a client could not be built. A retry does not help: change the builder's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The builder has no URL.
    #[error("no URL: call `.url(\"wss://…\")` before `.connect()`")]
    MissingUrl,
    /// The client cannot connect to a URL like this one.
    #[error("invalid URL \"{url}\": {reason}")]
    InvalidUrl {
        /// The URL, without its query, user name and password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting is invalid.
    #[error("invalid setting `{setting}`: {reason}")]
    InvalidSetting {
        /// The builder's method.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A secret would be sent unencrypted to another machine, where others can read it on the way. Loopback addresses
    /// (`localhost`, 127.0.0.0/8 and `[::1]`) are this machine.
    #[error("cannot send {secret} unencrypted to {url}: use {}, or allow it with `.allow_insecure_auth(true)`", encrypted(url))]
    Insecure {
        /// What is secret: the builder's method in backquotes, or a part of the URL.
        secret: String,
        /// The URL, without its query, user name and password.
        url: String,
    },
    /// A setting requires a Cargo feature of this crate that is not enabled.
    #[error("{setting} requires the feature {} of hyperstack-sdk: enable it in Cargo.toml", quoted(.features))]
    MissingFeature {
        /// The builder's method in backquotes, or the URL if it requires TLS.
        setting: String,
        /// The feature. If there are several, any of them will do.
        features: &'static [&'static str],
    },
}

/// Returns the encrypted alternative of a URL's scheme.
fn encrypted(url: &str) -> &'static str {
    match url.starts_with("http") {
        true => "https://",
        false => "wss://",
    }
}

/// Returns names in backquotes, joined by "or".
fn quoted(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

/// Why the client could not connect, or lost the connection.
///
/// [`HyperStack::connect`](crate::HyperStack::connect) returns it.
/// [`HyperStack::last_error`](crate::HyperStack::last_error) and
/// [`StateChange::cause`](crate::StateChange) report later failures. [`remedy`](Self::remedy) says what may help.
///
/// If the client is connected over an [`Upstream`](crate::Upstream), `url` is the upstream's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A setting is missing or invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The attempt took longer than [`connect_timeout`](crate::HyperStackBuilder::connect_timeout).
    #[error("connecting to {url} timed out after {after:?}{}{reason}", if reason.is_empty() { "" } else { ": " })]
    Timeout {
        /// The server's URL, without its query, user name and password.
        url: String,
        /// The deadline.
        after: Duration,
        /// What happened at each address, such as `no connection at 192.0.2.1:443`. With a proxy, these are the proxy's
        /// addresses. Empty if the URL has an IP address and there is no proxy.
        reason: String,
    },
    /// The network failed: the port is closed, the name does not resolve, or TLS failed. If the host has several
    /// addresses, all of them failed.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// The server's URL, without its query, user name and password.
        url: String,
        /// What went wrong at each address, such as `connection refused at 192.0.2.1:443`. With a proxy, these are the
        /// proxy's addresses.
        reason: String,
    },
    /// The [`proxy`](crate::HyperStackBuilder::proxy) did not connect the client to the server.
    #[error("cannot reach {url}: the proxy {proxy} rejected the connection with status {status}: {message}")]
    ProxyRejected {
        /// The server's URL, without its query, user name and password.
        url: String,
        /// The proxy's URL, without its user name and password.
        proxy: String,
        /// The HTTP status, such as 407 if the proxy requires another user name or password.
        status: u16,
        /// The proxy's message.
        message: String,
    },
    /// The server rejected the handshake.
    ///
    /// A status from 200 to 299 means that no WebSocket server answers there: perhaps a captive portal, which wants you
    /// to log in, or a plain web server.
    #[error("{url} {}: {message}{}", rejection(*status, code.as_ref()), code.as_ref().map_or("", AuthErrorCode::advice))]
    Rejected {
        /// The server's URL, without its query, user name and password.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The server's machine-readable code.
        code: Option<AuthErrorCode>,
        /// The server's message, or the start of its reply's text. For an HTML page, its title.
        message: String,
        /// The shortest time to wait before another attempt, if the server sent `Retry-After` in seconds.
        retry_after: Option<Duration>,
    },
    /// The server redirects to another URL. The client does not follow, so that tokens and keys reach only the server
    /// that you name.
    #[error("{url} redirects to {location} with status {status}, which the client does not follow: if you trust that address, set the URL to it (with wss:// instead of https://)")]
    Redirected {
        /// The server's URL, without its query, user name and password.
        url: String,
        /// The HTTP status, such as 301.
        status: u16,
        /// The target, without its query, user name and password. It may be only a path.
        location: String,
    },
    /// The server does not speak the protocol version that the builder sets.
    #[error("{url} speaks protocol {server}, but the client is set to {configured}: remove `.protocol(..)` from the builder to detect the generation")]
    WrongProtocol {
        /// The server's URL, without its query, user name and password.
        url: String,
        /// The version that [`protocol`](crate::HyperStackBuilder::protocol) set.
        configured: Protocol,
        /// The version that the server speaks.
        server: Protocol,
    },
    /// The token provider did not supply a token.
    #[error("no token: {0}")]
    Token(#[from] TokenError),
    /// A connection was open and then lost.
    #[error("lost the connection to {url}: {cause}")]
    Lost {
        /// The server's URL, without its query, user name and password.
        url: String,
        /// Why the connection was lost.
        #[source]
        cause: ConnectionLost,
    },
}

/// Says that a server rejected a connection.
fn rejection(status: u16, code: Option<&AuthErrorCode>) -> String {
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    match status {
        200..=299 => format!(
            "replied with status {status} instead of 101{code}, so a captive portal or a plain web \
             server answers there"
        ),
        _ => format!("rejected the connection with status {status}{code}"),
    }
}

/// Why a connection was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionLost {
    /// The connection was closed, reset or broken.
    #[error("{0}")]
    Closed(String),
    /// The server ended the connection and said why.
    #[error("the server ended the connection ({code}): {message}")]
    Expelled {
        /// The server's machine-readable code.
        code: AuthErrorCode,
        /// The server's message.
        message: String,
        /// The shortest time to wait before another attempt, if the server named one.
        retry_after: Option<Duration>,
    },
    /// The token expired before another one could replace it.
    #[error("the token has expired")]
    TokenExpired,
    /// The server rejected the new token that the client sent before the old one expired.
    #[error("the server rejected the new token{}", code.as_ref().map(|code| format!(": {code}")).unwrap_or_default())]
    RefreshRejected {
        /// The server's machine-readable code.
        code: Option<AuthErrorCode>,
    },
    /// The server did not answer a token refresh.
    #[error("the server did not answer the token refresh within {after:?}")]
    RefreshUnanswered {
        /// The deadline.
        after: Duration,
    },
    /// A message or a WebSocket frame exceeded [`max_frame_size`](crate::HyperStackBuilder::max_frame_size), so the
    /// client did not receive it.
    #[error("a message of {size} bytes exceeds the limit of {limit} bytes and was not received")]
    TooLarge {
        /// The size in bytes, as far as it is known.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Nothing arrived from the server for two ping intervals.
    #[error("the server was silent for {silent:?}")]
    Silent {
        /// How long it was silent.
        silent: Duration,
    },
}

/// Why a client closed. Returned by [`HyperStack::end_reason`](crate::HyperStack::end_reason).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// You called `disconnect()`.
    #[error("the client disconnected")]
    Disconnected,
    /// You dropped the last [`HyperStack`](crate::HyperStack) and view handle.
    ///
    /// A stream does not keep the connection open, unless you call [`keep_alive`](crate::Watch::keep_alive) on it. Each
    /// stream that ends for this reason logs a warning.
    #[error("the client was dropped")]
    Dropped,
    /// The connection was lost, and reconnecting is off.
    #[error("lost the connection, and reconnecting is off: {0}")]
    Lost(#[source] ConnectionLost),
    /// As many attempts to reconnect failed as
    /// [`max_reconnect_attempts`](crate::HyperStackBuilder::max_reconnect_attempts) allows.
    #[error("gave up after {attempts} attempts to reconnect: {cause}")]
    AttemptsExhausted {
        /// The number of attempts.
        attempts: u32,
        /// Why the last one failed.
        #[source]
        cause: ConnectError,
    },
    /// Connecting failed, and the client does not retry.
    #[error("{0}")]
    Failed(#[source] ConnectError),
    /// The client's task stopped: its runtime was shut down, or code of yours panicked in it. The task runs the token
    /// provider, an upstream of yours, and code of your row types: `PartialEq`, `Clone`, serde impls and defaults.
    #[error("the client's task stopped: its runtime was shut down, or code of a row's type, of the token provider or of the upstream panicked")]
    Stopped,
}

/// A read or a stream would need more subscriptions than
/// [`max_subscriptions`](crate::HyperStackBuilder::max_subscriptions) allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} subscriptions exceed the limit of {limit}")]
pub struct TooManySubscriptions {
    /// The number of subscriptions that the client would have.
    pub wanted: usize,
    /// The limit.
    pub limit: usize,
}

impl ConnectError {
    /// Returns what may help: to wait, a new token, another request, or nothing.
    ///
    /// Nothing helps against the status 403, or the status 407 of a proxy. For other rejections of the server, its code
    /// decides. For the status 401 without a known code, a new token may help.
    pub fn remedy(&self) -> Remedy {
        match self {
            ConnectError::Config(_)
            | ConnectError::WrongProtocol { .. }
            | ConnectError::ProxyRejected {
                status: 403 | 407, ..
            }
            | ConnectError::Rejected { status: 403, .. } => Remedy::Nothing,
            ConnectError::Rejected { status, code, .. } => {
                let code = code.as_ref().and_then(AuthErrorCode::remedy);
                code.unwrap_or(match status {
                    401 => Remedy::NewToken,
                    _ => Remedy::Wait,
                })
            }
            ConnectError::Token(error) if error.is_final() => Remedy::Nothing,
            ConnectError::Token(_)
            | ConnectError::Timeout { .. }
            | ConnectError::ProxyRejected { .. }
            | ConnectError::Redirected { .. }
            | ConnectError::Unreachable { .. } => Remedy::Wait,
            ConnectError::Lost { cause, .. } => cause.remedy(),
        }
    }

    /// Returns whether the error is final, so that another attempt cannot succeed.
    pub fn is_final(&self) -> bool {
        self.remedy() == Remedy::Nothing
    }

    /// Returns the shortest time to wait before another attempt, if the server or the token provider named one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ConnectError::Rejected { retry_after, .. } => *retry_after,
            ConnectError::Token(error) => error.retry_after(),
            ConnectError::Lost { cause, .. } => cause.retry_after(),
            _ => None,
        }
    }
}

impl ConnectionLost {
    /// Returns what may help.
    pub fn remedy(&self) -> Remedy {
        match self {
            ConnectionLost::Expelled { code, .. } => code.remedy().unwrap_or(Remedy::Wait),
            ConnectionLost::TokenExpired => Remedy::NewToken,
            ConnectionLost::RefreshRejected { code } => {
                let code = code.as_ref().and_then(AuthErrorCode::remedy);
                code.unwrap_or(Remedy::NewToken)
            }
            _ => Remedy::Wait,
        }
    }

    /// Returns the shortest time to wait before another attempt, if the server named one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ConnectionLost::Expelled { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Creates the error for the reason in a server's close frame. Some servers start it with a code, as in
    /// `"token-expired: log in again"`.
    #[cfg(feature = "client")]
    pub(crate) fn by_server(reason: &str) -> Self {
        let (code, message) = reason.split_once(':').unwrap_or((reason, ""));
        match AuthErrorCode::from(code) {
            AuthErrorCode::Unknown(_) if reason.is_empty() => {
                ConnectionLost::Closed("the server closed the connection".into())
            }
            AuthErrorCode::Unknown(_) => {
                ConnectionLost::Closed(format!("the server closed the connection: {reason}"))
            }
            code => ConnectionLost::Expelled {
                code,
                message: message.trim().to_owned(),
                retry_after: None,
            },
        }
    }
}

impl From<&Issue> for ConnectionLost {
    fn from(issue: &Issue) -> Self {
        ConnectionLost::Expelled {
            code: issue.code.clone(),
            message: issue.message.clone(),
            retry_after: issue.retry_after.map(Duration::from_secs),
        }
    }
}
