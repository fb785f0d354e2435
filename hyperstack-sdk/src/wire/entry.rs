//! One recorded message, as a line of JSON.

use serde_json::Value;

/// One message of a [`Recording`](crate::testing::Recording).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The time of the message, in milliseconds since the start of the recording.
    pub ms: u64,
    /// The sender.
    pub from: Side,
    /// The kind of WebSocket message.
    pub kind: Kind,
    /// Whether the payload was compressed on the wire.
    pub gzip: bool,
    /// The payload, inflated.
    pub text: String,
}

/// The sender of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// The kind of a WebSocket message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Requests, errors, and replies to a token refresh.
    Text,
    /// Frames.
    Binary,
}

/// Writes the entry as a line of a recording.
impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let from = match self.from {
            Side::Client => "client",
            Side::Server => "server",
        };
        let kind = match self.kind {
            Kind::Text => "text",
            Kind::Binary => "binary",
        };
        let (ms, gzip, text) = (self.ms, self.gzip, Value::from(self.text.as_str()));
        write!(
            f,
            r#"{{"ms":{ms},"from":"{from}","kind":"{kind}","gzip":{gzip},"text":{text}}}"#
        )
    }
}
