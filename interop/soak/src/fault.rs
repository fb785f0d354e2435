//! The faults.

use crate::options::Kind;
use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The proxy closes all connections.
    Cut,
    /// The proxy resets all connections.
    Reset,
    /// Nothing passes the proxy, for longer than the ping deadline.
    Stall,
    /// The server's side of each connection is gone, and the client's side stays open.
    HalfOpen,
    /// All readers stop reading until the comparison.
    Pause,
    /// A new server process has the rows of the old one.
    Restart,
    /// The server is down while its rows change.
    Kill,
    /// A new server process has no rows.
    Loss,
    /// More changes at once than the server keeps for a slow subscription.
    Lag,
    /// Bytes that are not a message, and messages that violate the protocol.
    Garbage,
    /// A message over the size limit, and one so large that it is not received at all.
    Oversized,
    /// A handshake is refused with a retry after one second.
    Refuse,
    /// An unrequested snapshot.
    Snapshot,
    /// The server forgets its connections, but still answers their pings.
    Mute,
    /// A Close frame, as hosted servers send.
    Close,
}

impl Fault {
    /// Returns the faults that a server supports.
    pub fn of(kind: Kind) -> &'static [Fault] {
        use Fault::*;
        match kind {
            Kind::Arete => &[Cut, Reset, Stall, HalfOpen, Pause, Restart, Kill, Loss, Lag],
            Kind::Test => &[
                Cut, Reset, Stall, HalfOpen, Pause, Restart, Garbage, Oversized, Refuse, Snapshot,
                Mute, Close,
            ],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Kind::Arete, Kind::Test].map(Fault::of);
        let mut all = all.into_iter().flatten().copied();
        all.find(|fault| fault.to_string() == name)
            .ok_or_else(|| format!("no such fault: {name}"))
    }
}
