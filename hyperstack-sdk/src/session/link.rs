//! The state of the connection, and what goes over it.

use super::error::CloseReason;
use crate::wire::Request;

/// The state of the connection, which says what its driver must do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Link {
    /// Fetch a token, and pass it to [`Session::handle_token`](super::Session::handle_token).
    Authorizing {
        /// As for [`Dialing`](Link::Dialing).
        attempt: u32,
    },
    /// Dial.
    Dialing {
        /// The number of attempts since the last healthy connection. 0 for the very first.
        attempt: u32,
    },
    /// Read the socket.
    Open,
    /// Wait for [`Session::poll_timeout`](super::Session::poll_timeout).
    Waiting {
        /// The number of the attempt that follows.
        attempt: u32,
    },
    /// Close the socket, if there is one, and stop.
    Closed(CloseReason),
}

/// Something to put on the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transmit {
    /// A text message.
    Text(Request),
    /// A WebSocket ping.
    Ping,
    /// A WebSocket pong that answers no ping. The server ignores it, but the packet acknowledges what the
    /// server has sent, which the client's TCP stack may delay by 40 milliseconds. Servers do not set
    /// `TCP_NODELAY`, so without it their next small message waits as long.
    Pong,
}
