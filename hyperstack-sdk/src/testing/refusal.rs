//! The errors that a server sends: at the handshake, or as a message.

use serde_json::{json, Value};

use crate::wire::ReplayWindow;

/// An error that the server sends: a rejected handshake, or an `error` message.
///
/// ```
/// use hyperstack_sdk::testing::Refusal;
///
/// let refusal = Refusal::new("rate-limit-exceeded").retry_after(1);
/// assert_eq!((refusal.status, refusal.retryable), (429, true));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status of a rejected handshake.
    pub status: u16,
    /// The kebab-case code.
    pub code: String,
    /// The human-readable message.
    pub message: String,
    /// Whether the server says that another attempt may succeed.
    pub retryable: bool,
    /// The seconds to wait before another attempt, if the server names them.
    pub retry_after: Option<u64>,
    /// The server's suggestion of what to do.
    pub suggested_action: Option<String>,
    /// What it says about a tape.
    pub(super) tape: Option<Box<TapeRefusal>>,
}

/// What an error says about a tape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TapeRefusal {
    /// The retained records, because the cursor is refused.
    Window(ReplayWindow),
    /// The cursor from which the tape can be resumed.
    RecoverFrom(String),
}

impl Refusal {
    /// Creates an error with the status and `retryable` that the server gives to this code. An unknown code
    /// becomes a retryable 500.
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
            | "subscription-rejected"
            | "cursor-expired"
            | "cursor-epoch-changed"
            | "cursor-unknown"
            | "invalid-cursor"
            | "replay-gap"
            | "replay-lagged" => (400, false),
            _ => (500, true),
        };
        Self {
            status,
            code: code.to_owned(),
            message: format!("Refused: {}", code.replace('-', " ")),
            retryable,
            retry_after: None,
            suggested_action: None,
            tape: None,
        }
    }

    /// Sets the HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Sets the human-readable message.
    pub fn message(mut self, message: &str) -> Self {
        self.message = message.to_owned();
        self
    }

    /// Sets whether another attempt may succeed.
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// Sets the seconds to wait: the `Retry-After` header of a handshake, or `retry_after` of a message.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Sets the suggested action.
    pub fn suggested_action(mut self, action: &str) -> Self {
        self.suggested_action = Some(action.to_owned());
        self
    }

    /// Sets the retained records of the tape.
    pub(super) fn replay_window(mut self, window: ReplayWindow) -> Self {
        self.tape = Some(Box::new(TapeRefusal::Window(window)));
        self
    }

    /// Sets the cursor from which the tape can be resumed.
    pub(super) fn recover_from(mut self, cursor: String) -> Self {
        self.tape = Some(Box::new(TapeRefusal::RecoverFrom(cursor)));
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
