//! The errors a server announces: at the handshake, or in the socket.

use serde_json::{json, Value};

/// An error as the server words it: a rejected handshake, or an `error` message.
///
/// ```
/// use hyperstack_sdk::testing::Refusal;
///
/// let refusal = Refusal::new("rate-limit-exceeded").retry_after(1);
/// assert_eq!((refusal.status, refusal.retryable), (429, true));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, where it rejects a handshake.
    pub status: u16,
    /// The kebab-case code.
    pub code: String,
    /// The text for humans.
    pub message: String,
    /// Whether the server says that another attempt may succeed.
    pub retryable: bool,
    /// Seconds to wait, where the server knows.
    pub retry_after: Option<u64>,
    /// What the server suggests.
    pub suggested_action: Option<String>,
}

impl Refusal {
    /// The error with this code, with the status and `retryable` the server gives it. A code that
    /// the server does not know is a 500 that may be retried.
    pub fn new(code: &str) -> Self {
        let (status, retryable) = match code {
            "token-missing" | "invalid-static-token" => (401, false),
            "token-expired"
            | "token-invalid-signature"
            | "token-invalid-issuer"
            | "token-invalid-audience"
            | "token-key-not-found" => (401, true),
            "token-invalid-format" => (400, true),
            "token-missing-claim" => (400, false),
            "origin-mismatch" | "origin-required" => (403, false),
            "rate-limit-exceeded"
            | "connection-limit-exceeded"
            | "subscription-limit-exceeded"
            | "snapshot-limit-exceeded"
            | "egress-limit-exceeded" => (429, true),
            "malformed-message"
            | "invalid-subscription"
            | "invalid-unsubscription"
            | "duplicate-subscription-id"
            | "unknown-subscription-id"
            | "subscription-rejected" => (400, false),
            _ => (500, true),
        };
        Self {
            status,
            code: code.to_owned(),
            message: format!("Refused: {}", code.replace('-', " ")),
            retryable,
            retry_after: None,
            suggested_action: None,
        }
    }

    /// With this HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With this text for humans.
    pub fn message(mut self, message: &str) -> Self {
        self.message = message.to_owned();
        self
    }

    /// With this word on whether to try again.
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// With this many seconds to wait: the `Retry-After` header, or `retry_after`.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// With this suggestion.
    pub fn suggested_action(mut self, action: &str) -> Self {
        self.suggested_action = Some(action.to_owned());
        self
    }

    /// The body of a rejected handshake.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "error": self.code,
            "message": self.message,
            "code": self.code,
            "retryable": self.retryable,
        });
        if let Some(action) = &self.suggested_action {
            body["suggested_action"] = json!(action);
        }
        body
    }

    /// The message that announces the error on a live connection.
    pub(super) fn issue(&self, fatal: bool) -> Value {
        let mut issue = self.body();
        issue["type"] = json!("error");
        issue["fatal"] = json!(fatal);
        if let Some(seconds) = self.retry_after {
            issue["retry_after"] = json!(seconds);
        }
        issue
    }
}
