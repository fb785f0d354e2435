//! What goes wrong with a connection: one enum for each operation.

use std::time::Duration;

use crate::auth::TokenError;
use crate::wire::{AuthErrorCode, Issue, Protocol, Remedy};

/// Why a client could not be built. Trying again does not help: change the builder's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The builder has no URL.
    #[error("no URL: call `.url(\"wss://…\")` before `.connect()`")]
    MissingUrl,
    /// The URL cannot be dialled.
    #[error("invalid URL \"{url}\": {reason}")]
    InvalidUrl {
        /// The URL, without its query and without a user's name and password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting cannot be used.
    #[error("invalid setting `{setting}`: {reason}")]
    InvalidSetting {
        /// The builder's method.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A setting is missing or invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server did not answer in time.
    #[error("connecting timed out after {after:?}")]
    Timeout {
        /// The deadline.
        after: Duration,
    },
    /// The network failed: the port is closed, the name does not resolve, or TLS failed.
    #[error("cannot reach the server: {0}")]
    Unreachable(String),
    /// The server rejected the handshake.
    #[error("the server rejected the connection with status {status}{}: {message}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// The server's machine-readable code.
        code: Option<AuthErrorCode>,
        /// The server's text for people.
        message: String,
        /// The shortest time to wait, if the server named one in seconds (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// The server does not speak the protocol generation that the builder names.
    #[error("the server speaks protocol {server}, but the client is set to {configured}: remove `.protocol(..)` from the builder to detect the generation")]
    WrongProtocol {
        /// The generation that [`protocol`](crate::HyperStackBuilder::protocol) named.
        configured: Protocol,
        /// The generation that the server speaks.
        server: Protocol,
    },
    /// There is no token to connect with.
    #[error("no token: {0}")]
    Token(#[from] TokenError),
    /// A connection was made and then lost.
    #[error(transparent)]
    Lost(#[from] ConnectionLost),
}

/// Why a connection was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionLost {
    /// The connection was closed, reset or broken.
    #[error("the connection was lost: {0}")]
    Closed(String),
    /// The server ended the connection and said why.
    #[error("the server ended the connection ({code}): {message}")]
    Expelled {
        /// The server's machine-readable code.
        code: AuthErrorCode,
        /// The server's text for people.
        message: String,
        /// The shortest time to wait, if the server named one.
        retry_after: Option<Duration>,
    },
    /// The token expired before another one could replace it.
    #[error("the token has expired")]
    TokenExpired,
    /// The server rejected the token that was to replace the present one.
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
    /// A message, or a WebSocket frame of one, was far over the limit and was not received.
    #[error("a message of {size} bytes exceeds the limit of {limit} bytes and was not received")]
    TooLarge {
        /// The size in bytes, as far as it is known.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Nothing came from the server for two ping intervals.
    #[error("the server was silent for {silent:?}")]
    Silent {
        /// How long it was silent.
        silent: Duration,
    },
}

/// Why a client ended for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// `disconnect()` was called, or the last client was dropped.
    #[error("the client disconnected")]
    Disconnected,
    /// The connection was lost, and reconnecting is off.
    #[error("{0}, and reconnecting is off")]
    Lost(#[source] ConnectionLost),
    /// Every allowed attempt to reconnect has failed.
    #[error("gave up after {attempts} attempts to reconnect: {cause}")]
    AttemptsExhausted {
        /// The number of attempts.
        attempts: u32,
        /// Why the last one failed.
        #[source]
        cause: ConnectError,
    },
    /// There is no connection, and another attempt cannot help.
    #[error("{0}")]
    Failed(#[source] ConnectError),
    /// The client's task is gone: its runtime was shut down, or code that is not ours panicked in it:
    /// code of a row's type (`PartialEq`, `Clone`, a serde impl, a default) or of the token provider.
    #[error("the client's task stopped: its runtime was shut down, or code of a row's type or of the token provider panicked")]
    Stopped,
}

/// A reader wants more than the client keeps subscribed at a time; see
/// [`max_subscriptions`](crate::HyperStackBuilder::max_subscriptions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} subscriptions exceed the limit of {limit}")]
pub struct TooManySubscriptions {
    /// How many there would be with this reader's.
    pub wanted: usize,
    /// The limit.
    pub limit: usize,
}

impl ConnectError {
    /// Returns what may help. A 403 is final, whatever else the server says. Otherwise a known code
    /// decides, and a bare 401 counts as a bad token.
    pub fn remedy(&self) -> Remedy {
        match self {
            ConnectError::Config(_)
            | ConnectError::WrongProtocol { .. }
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
            | ConnectError::Unreachable(_) => Remedy::Wait,
            ConnectError::Lost(lost) => lost.remedy(),
        }
    }

    /// Whether another attempt cannot help, because the server would reject it too.
    pub fn is_final(&self) -> bool {
        self.remedy() == Remedy::Nothing
    }

    /// Returns the shortest time to wait before another attempt, if one was named.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ConnectError::Rejected { retry_after, .. } => *retry_after,
            ConnectError::Token(error) => error.retry_after(),
            ConnectError::Lost(lost) => lost.retry_after(),
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

    /// The end of a connection, by the reason in the server's close frame. Some servers put a code in
    /// front, as in `"token-expired: log in again"`.
    #[cfg(feature = "client")]
    pub(crate) fn by_server(reason: &str) -> Self {
        let (code, message) = reason.split_once(':').unwrap_or((reason, ""));
        match AuthErrorCode::from(code) {
            AuthErrorCode::Unknown(_) if reason.is_empty() => {
                ConnectionLost::Closed("closed by the server".into())
            }
            AuthErrorCode::Unknown(_) => {
                ConnectionLost::Closed(format!("closed by the server: {reason}"))
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
