//! The descriptions of views that a bridge writes and a client reads.

use std::time::Duration;

use hyperstack_sdk::wire::Sort;
use hyperstack_sdk::Protocol;
use serde::{Deserialize, Serialize};

/// The description of a view: the value of its id, escaped, in the bucket of descriptions.
///
/// A bridge writes it again at each interval while it is connected to the server and has written all that it knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta {
    /// The view's id, such as `OreRound/list`.
    pub(crate) view: String,
    /// What the view has: rows or records.
    pub(crate) kind: Kind,
    /// The server's URL, without secrets.
    pub(crate) source: String,
    /// The server's protocol.
    pub(crate) protocol: Protocol,
    /// The milliseconds after which the bridge writes this description again.
    pub(crate) interval: u64,
    /// The ids of all views that the bridge copies.
    #[serde(default)]
    pub(crate) views: Vec<String>,
    /// The position of a tape's last message, in case the stream has dropped that message when a bridge starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<LastMessage>,
}

/// The last message of a tape: its place in the stream, and in the server's tape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastMessage {
    /// The message's sequence number in the stream.
    pub(crate) sequence: u64,
    /// The cursor of the server's tape.
    pub(crate) cursor: String,
}

/// Records that a tape lost: the payload of a message on the tape's subject without a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gap {
    /// The server's cursor before the gap.
    pub(crate) after: String,
    /// The server's cursor at the end of the gap: the records after it follow.
    pub(crate) resumed: String,
    /// The number of lost records, if it is known.
    pub(crate) lost: Option<u64>,
    /// Why the records are lost, such as `expired`.
    pub(crate) cause: String,
    /// The same as a sentence.
    pub(crate) message: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Kind {
    Rows {
        /// The order of the rows, or `None` for the order of arrival.
        sort: Option<Sort>,
        /// The number of rows to which the view is limited.
        take: Option<u64>,
    },
    Tape,
}

impl Meta {
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_millis(self.interval)
    }
}
