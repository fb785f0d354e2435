//! Why there is no token.

use std::time::Duration;

use crate::wire::{AuthErrorCode, Remedy};

/// Why a token could not be had.
///
/// Its message is shown in errors and logs: it must not contain a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct TokenError {
    message: String,
    code: Option<AuthErrorCode>,
    retry_after: Option<Duration>,
    is_final: bool,
}

impl TokenError {
    /// A failure that may pass: a token is asked for again, after a back-off.
    pub fn new(message: impl Into<String>) -> Self {
        TokenError {
            message: message.into(),
            code: None,
            retry_after: None,
            is_final: false,
        }
    }

    /// A refusal that asking again will not change: the client gives up, and streams end with it.
    pub fn denied(message: impl Into<String>) -> Self {
        TokenError {
            is_final: true,
            ..Self::new(message)
        }
    }

    /// With the machine-readable reason. One that nothing can help against makes the error a
    /// refusal.
    pub fn with_code(mut self, code: impl Into<AuthErrorCode>) -> Self {
        let code = code.into();
        self.is_final |= code.remedy() == Some(Remedy::Nothing);
        self.code = Some(code);
        self
    }

    /// With the least time to wait before a token is asked for again.
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The machine-readable reason, if one was given.
    pub fn code(&self) -> Option<&AuthErrorCode> {
        self.code.as_ref()
    }

    /// The least time to wait before a token is asked for again, if it was said.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether asking again cannot help.
    pub fn is_final(&self) -> bool {
        self.is_final
    }
}
