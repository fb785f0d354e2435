//! Why there is no connection.

use std::time::Duration;

use crate::patch::FilterError;

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
        code: Option<String>,
        /// The server's text for people.
        message: String,
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
    /// Whether trying again cannot help: the same credentials and the same URL will be refused again.
    pub fn is_final(&self) -> bool {
        match self {
            ConnectError::MissingUrl
            | ConnectError::InvalidUrl { .. }
            | ConnectError::InvalidSetting { .. } => true,
            ConnectError::Rejected { status: 403, .. } => true,
            ConnectError::Rejected { code, .. } => matches!(
                code.as_deref(),
                Some("token-missing" | "token-missing-claim" | "invalid-static-token")
            ),
            _ => false,
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
    /// The client's task is gone: the runtime that it lived in was shut down, or code of a row's
    /// type (`PartialEq`, `Clone`, a serde impl, a default) panicked in it.
    #[error("the client's task stopped: its runtime was shut down, or a row's own code panicked")]
    Stopped,
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
