//! The state of the connection, as users see it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::session::{CloseReason, ConnectError, Link};

/// The state of a client's connection.
///
/// As JSON, an object: `{"state":"connected"}`, `{"state":"reconnecting","attempt":3}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum ConnectionState {
    /// The client closed: you called [`disconnect`](crate::HyperStack::disconnect) or dropped the client, or it lost the
    /// connection and [`auto_reconnect`](crate::HyperStackBuilder::auto_reconnect) is off.
    Disconnected,
    /// The client makes its first connection.
    Connecting,
    /// The connection is open.
    Connected,
    /// The client lost the connection and tries to reconnect.
    Reconnecting {
        /// The number of the attempt, counted from 1.
        attempt: u32,
    },
    /// The client closed after an error; [`end_reason`](crate::HyperStack::end_reason) says which.
    Error,
}

impl ConnectionState {
    /// Returns whether the connection is open.
    pub fn is_connected(self) -> bool {
        self == ConnectionState::Connected
    }

    /// Converts the session's state. `first` says that there has been no connection yet.
    pub(super) fn of(link: &Link, first: bool) -> Self {
        match link {
            Link::Authorizing { .. } | Link::Dialing { .. } | Link::Waiting { .. } if first => {
                ConnectionState::Connecting
            }
            Link::Authorizing { attempt }
            | Link::Dialing { attempt }
            | Link::Waiting { attempt } => {
                let attempt = *attempt;
                ConnectionState::Reconnecting { attempt }
            }
            Link::Open => ConnectionState::Connected,
            Link::Closed(
                CloseReason::Disconnected | CloseReason::Dropped | CloseReason::Lost(_),
            ) => ConnectionState::Disconnected,
            Link::Closed(_) => ConnectionState::Error,
        }
    }
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectionState::Disconnected => f.write_str("disconnected"),
            ConnectionState::Connecting => f.write_str("connecting"),
            ConnectionState::Connected => f.write_str("connected"),
            ConnectionState::Reconnecting { attempt } => {
                write!(f, "reconnecting (attempt {attempt})")
            }
            ConnectionState::Error => f.write_str("closed after an error"),
        }
    }
}

/// A change of the connection's state. Streamed by
/// [`HyperStack::connection_states`](crate::HyperStack::connection_states).
///
/// As JSON, the state with the cause as text: `{"state":"connected","cause":null}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StateChange {
    /// The new state.
    #[serde(flatten)]
    pub state: ConnectionState,
    /// The error that caused the change: why the connection was lost, or why the last attempt failed. `None` if the
    /// client connected or you closed it.
    pub cause: Option<ConnectError>,
}

impl StateChange {
    pub(super) fn new(
        state: ConnectionState,
        last_error: Option<&ConnectError>,
        link: &Link,
    ) -> Self {
        let cause = match link {
            Link::Open => None,
            Link::Closed(
                CloseReason::Failed(cause) | CloseReason::AttemptsExhausted { cause, .. },
            ) => Some(cause.clone()),
            Link::Closed(CloseReason::Lost(_))
            | Link::Authorizing { .. }
            | Link::Dialing { .. }
            | Link::Waiting { .. } => last_error.cloned(),
            Link::Closed(_) => None,
        };
        StateChange { state, cause }
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectionState, StateChange};
    use crate::session::ConnectError;

    #[test]
    fn states_are_objects() {
        for (state, json) in [
            (ConnectionState::Connected, r#"{"state":"connected"}"#),
            (
                ConnectionState::Reconnecting { attempt: 3 },
                r#"{"state":"reconnecting","attempt":3}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&state).unwrap(), json);
            assert_eq!(
                serde_json::from_str::<ConnectionState>(json).unwrap(),
                state
            );
        }
    }

    #[test]
    fn a_change_has_the_cause_as_text() {
        let cause = ConnectError::Timeout {
            url: "wss://ore.example/".into(),
            after: std::time::Duration::from_secs(10),
            reason: String::new(),
        };
        let change = StateChange {
            state: ConnectionState::Reconnecting { attempt: 1 },
            cause: Some(cause.clone()),
        };
        let json = format!(r#"{{"state":"reconnecting","attempt":1,"cause":"{cause}"}}"#);
        assert_eq!(serde_json::to_string(&change).unwrap(), json);
    }
}
