//! The faults, in order.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// All connections end, without a Close frame.
    Drop,
    /// Nothing is read and nothing written, for longer than the ping deadline.
    Freeze,
    /// A new server process replaces the old one, and its cache fills again.
    Restart,
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
    pub const ALL: [Fault; 9] = [
        Fault::Drop,
        Fault::Freeze,
        Fault::Restart,
        Fault::Garbage,
        Fault::Oversized,
        Fault::Refuse,
        Fault::Snapshot,
        Fault::Mute,
        Fault::Close,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|fault| fault.to_string() == name)
            .ok_or_else(|| format!("no such fault: {name}"))
    }
}
