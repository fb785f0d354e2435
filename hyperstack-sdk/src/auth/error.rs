//! Errors of token providers.

use std::time::Duration;

use crate::wire::{AuthErrorCode, Remedy};

/// Why a [`TokenProvider`](crate::TokenProvider) could not supply a token.
///
/// The message appears in errors and logs, so it must not contain a secret.
///
/// ```
/// use std::time::Duration;
/// use hyperstack_sdk::TokenError;
///
/// let busy = TokenError::new("login service unavailable").with_retry_after(Duration::from_secs(30));
/// assert!(!busy.is_final());
/// assert!(TokenError::denied("account disabled").is_final());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct TokenError {
    message: String,
    code: Option<AuthErrorCode>,
    retry_after: Option<Duration>,
    is_final: bool,
}

impl TokenError {
    /// Creates an error for a temporary failure. The client calls the provider again after a backoff.
    pub fn new(message: impl Into<String>) -> Self {
        TokenError {
            message: message.into(),
            code: None,
            retry_after: None,
            is_final: false,
        }
    }

    /// Creates an error for a final refusal, after which the client does not retry.
    ///
    /// Without a connection, the client closes and all streams end. An open connection stays until its token
    /// expires; then the client calls the provider once more.
    pub fn denied(message: impl Into<String>) -> Self {
        TokenError {
            is_final: true,
            ..Self::new(message)
        }
    }

    /// Sets the machine-readable reason. A reason that no retry can fix makes the error final.
    pub fn with_code(mut self, code: impl Into<AuthErrorCode>) -> Self {
        let code = code.into();
        self.is_final |= code.remedy() == Some(Remedy::Nothing);
        self.code = Some(code);
        self
    }

    /// Sets the shortest time to wait before the client calls the provider again. Default: only the backoff.
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Returns the message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the machine-readable reason, if set.
    pub fn code(&self) -> Option<&AuthErrorCode> {
        self.code.as_ref()
    }

    /// Returns the shortest time to wait before another request, if set.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns whether the error is final, so that another request cannot succeed.
    pub fn is_final(&self) -> bool {
        self.is_final
    }
}
