//! What goes wrong, one after the other.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// All connections end, without a Close frame.
    Drop,
    /// Nothing is read and nothing written, for longer than the ping deadline.
    Freeze,
    /// The server's process is another one; its cache fills again.
    Restart,
    /// Bytes that are no message, and messages that are none of the protocol's.
    Garbage,
    /// A message over the limit, and one so far over it that it is not received.
    Oversized,
    /// A handshake is refused, for a second.
    Refuse,
    /// A snapshot that nobody asked for.
    Snapshot,
    /// The server forgets its connections, and answers their pings all the same.
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
