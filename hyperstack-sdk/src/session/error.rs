//! Why there is no connection.

use std::time::Duration;

use crate::auth::TokenError;
use crate::patch::FilterError;
use crate::wire::{AuthErrorCode, Issue, Remedy};

/// Why a connection could not be made, or was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The builder was given no URL.
    #[error("no url: call `.url(\"wss://…\")` before `.connect()`")]
    MissingUrl,
    /// The URL is not one that can be dialled.
    #[error("the url \"{url}\" cannot be used: {reason}")]
    InvalidUrl {
        /// The URL, without its query and without a user's name and password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting cannot be used.
    #[error("the setting `{setting}` cannot be used: {reason}")]
    InvalidSetting {
        /// The builder's method.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answered in time.
    #[error("no connection within {after:?}")]
    Timeout {
        /// The deadline.
        after: Duration,
    },
    /// The network refused: nobody listens there, the name does not resolve, TLS failed.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server answered the handshake with a refusal.
    #[error("the server refused the connection with status {status}{}: {message}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// The server's machine-readable code.
        code: Option<AuthErrorCode>,
        /// The server's text for people.
        message: String,
        /// The least time to wait, where the server named one in seconds (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// The server ended the connection and said why.
    #[error("the server ended the connection ({code}): {message}")]
    Expelled {
        /// The server's machine-readable code.
        code: AuthErrorCode,
        /// The server's text for people.
        message: String,
        /// The least time to wait, where the server named one.
        retry_after: Option<Duration>,
    },
    /// There is no token to connect with.
    #[error("no token: {0}")]
    Token(#[from] TokenError),
    /// The token expired, and none was there to follow it.
    #[error("the token has expired")]
    TokenExpired,
    /// The server did not take the token that was to follow.
    #[error("the server refused the new token{}", code.as_ref().map(|code| format!(": {code}")).unwrap_or_default())]
    RefreshRefused {
        /// The server's machine-readable code.
        code: Option<AuthErrorCode>,
    },
    /// The server did not say whether it takes the token that was to follow.
    #[error("the server did not answer to the new token within {after:?}")]
    RefreshUnanswered {
        /// The deadline.
        after: Duration,
    },
    /// A message, or a frame of one, is far larger than allowed: it was not received.
    #[error("a message of {size} bytes is over the limit of {limit} bytes, and was not received")]
    TooLarge {
        /// The size in bytes, as far as it is known.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The connection ended: closed, reset, or broken.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// The peer did not say a word for two ping intervals.
    #[error("the server was silent for {silent:?}")]
    Silent {
        /// How long it was silent.
        silent: Duration,
    },
}

impl ConnectError {
    /// What may help. A 403 is the last word, whatever else the server says. Otherwise a code that is
    /// known decides, and a bare 401 is taken for a token that is no good.
    pub fn remedy(&self) -> Remedy {
        match self {
            ConnectError::MissingUrl
            | ConnectError::InvalidUrl { .. }
            | ConnectError::InvalidSetting { .. }
            | ConnectError::Rejected { status: 403, .. } => Remedy::Nothing,
            ConnectError::Rejected { status, code, .. } => {
                let code = code.as_ref().and_then(AuthErrorCode::remedy);
                code.unwrap_or(match status {
                    401 => Remedy::NewToken,
                    _ => Remedy::Wait,
                })
            }
            ConnectError::Expelled { code, .. } => code.remedy().unwrap_or(Remedy::Wait),
            ConnectError::Token(error) if error.is_final() => Remedy::Nothing,
            ConnectError::TokenExpired => Remedy::NewToken,
            ConnectError::RefreshRefused { code } => {
                let code = code.as_ref().and_then(AuthErrorCode::remedy);
                code.unwrap_or(Remedy::NewToken)
            }
            _ => Remedy::Wait,
        }
    }

    /// Whether trying again cannot help: what was sent will be refused again.
    pub fn is_final(&self) -> bool {
        self.remedy() == Remedy::Nothing
    }

    /// The least time to wait before trying again, where it was said.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ConnectError::Rejected { retry_after, .. }
            | ConnectError::Expelled { retry_after, .. } => *retry_after,
            ConnectError::Token(error) => error.retry_after(),
            _ => None,
        }
    }

    /// The end of a connection, by the reason in the server's close frame: some servers put a code
    /// in front of it, as in `"token-expired: log in again"`.
    #[cfg(feature = "client")]
    pub(crate) fn closed(reason: &str) -> Self {
        let (code, message) = reason.split_once(':').unwrap_or((reason, ""));
        match AuthErrorCode::from(code) {
            AuthErrorCode::Unknown(_) if reason.is_empty() => {
                ConnectError::Lost("closed by the server".into())
            }
            AuthErrorCode::Unknown(_) => {
                ConnectError::Lost(format!("closed by the server: {reason}"))
            }
            code => ConnectError::Expelled {
                code,
                message: message.trim().to_owned(),
                retry_after: None,
            },
        }
    }
}

impl From<&Issue> for ConnectError {
    fn from(issue: &Issue) -> Self {
        ConnectError::Expelled {
            code: issue.code.clone(),
            message: issue.message.clone(),
            retry_after: issue.retry_after.map(Duration::from_secs),
        }
    }
}

/// Why no more updates can come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// `disconnect()` was called, or the last client was dropped.
    #[error("the client disconnected")]
    Disconnected,
    /// The connection was lost and the client was told not to reconnect.
    #[error("{0}, and reconnecting is off")]
    Lost(#[source] ConnectError),
    /// The allowed attempts to reconnect are used up.
    #[error("gave up after {attempts} attempts to reconnect: {cause}")]
    AttemptsExhausted {
        /// How many attempts were made.
        attempts: u32,
        /// What the last one met.
        #[source]
        cause: ConnectError,
    },
    /// The connection failed in a way that trying again cannot mend.
    #[error("{0}")]
    Failed(#[source] ConnectError),
    /// The client's task is gone: the runtime that it lived in was shut down, or code that is not ours
    /// panicked in it: that of a row's type (`PartialEq`, `Clone`, a serde impl, a default), or the
    /// token provider.
    #[error("the client's task stopped: its runtime was shut down, or code of a row's type or of the token provider panicked")]
    Stopped,
    /// The reader wants more than the client keeps subscribed at a time; see
    /// [`max_subscriptions`](crate::HyperStackBuilder::max_subscriptions).
    #[error("{wanted} subscriptions are over the limit of {limit}")]
    TooManySubscriptions {
        /// How many there would be with this reader's.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// The stream was asked to watch no key at all.
    #[error("there is nothing to watch: no key was given")]
    NothingToWatch,
    /// The filter of the view asks for what no row can have.
    #[error(transparent)]
    Filter(FilterError),
    /// The server knows no such view.
    #[error("the server knows no view \"{view}\"")]
    UnknownView {
        /// The view's id.
        view: String,
    },
}
