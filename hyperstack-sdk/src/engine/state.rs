//! Where the connection stands, for people.

use crate::session::{CloseReason, ConnectError, Link};

/// Where the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// Closed for good, by [`disconnect`](crate::HyperStack::disconnect), or lost while
    /// reconnecting is off.
    Disconnected,
    /// The first connection is being made.
    Connecting,
    /// Up.
    Connected,
    /// Lost, and being restored.
    Reconnecting {
        /// The number of the attempt, from 1.
        attempt: u32,
    },
    /// Given up: see [`end_reason`](crate::HyperStack::end_reason).
    Error,
}

impl ConnectionState {
    /// `first` as long as there has been no connection.
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
            Link::Closed(CloseReason::Disconnected | CloseReason::Lost(_)) => {
                ConnectionState::Disconnected
            }
            Link::Closed(_) => ConnectionState::Error,
        }
    }
}

/// Where the connection stands now, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// Where the connection stands.
    pub state: ConnectionState,
    /// What made it leave the state before, where that was no wish of the user's and no success: the
    /// loss, or what the last attempt met.
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
            Link::Closed(CloseReason::Lost(cause)) => Some(cause.clone().into()),
            Link::Closed(
                CloseReason::Failed(cause) | CloseReason::AttemptsExhausted { cause, .. },
            ) => Some(cause.clone()),
            Link::Closed(_) => None,
            Link::Authorizing { .. } | Link::Dialing { .. } | Link::Waiting { .. } => {
                last_error.cloned()
            }
        };
        StateChange { state, cause }
    }
}
