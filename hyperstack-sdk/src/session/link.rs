//! The state of the connection, and the messages to send.

use super::error::CloseReason;
use crate::wire::Request;

/// The state of the connection, which tells the driver what to do.
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
    /// Read the connection.
    Open,
    /// Wait for [`Session::poll_timeout`](super::Session::poll_timeout).
    Waiting {
        /// The number of the attempt that follows.
        attempt: u32,
    },
    /// Close the connection, if there is one, and stop.
    Closed(CloseReason),
}

/// Something to send over the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transmit {
    /// A text message.
    Text(Request),
    /// A ping that is not a message, as a WebSocket has it.
    Ping,
    /// A pong that answers no ping, as a WebSocket has it. The server ignores it, but its packet acknowledges the server's data,
    /// which the client's TCP stack could delay by 40 milliseconds. Servers do not set `TCP_NODELAY`, so their next
    /// small message would wait for that acknowledgement.
    Pong,
}
