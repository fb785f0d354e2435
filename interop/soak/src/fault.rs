//! The faults, and what a client must notice of each.

use crate::options::Kind;
use crate::witness::{Sign, Signs};
use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// The malformed messages of [`Fault::Garbage`].
pub const MALFORMED: u64 = 5;

/// The note in a row of the snapshot of [`Fault::Snapshot`]. No change makes it.
pub const MARK: i64 = -1;

/// The handshakes that [`Fault::Refuse`] refuses.
pub const REFUSED: u64 = 2;

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

    /// Returns what each client must notice, and what they must notice together, at least that often.
    fn effects(self) -> [&'static [(Sign, u64)]; 2] {
        use Sign::*;
        match self {
            Fault::Cut | Fault::Reset | Fault::Restart | Fault::Kill | Fault::Loss => {
                [&[(Closed, 1), (Reconnect, 1)], &[]]
            }
            Fault::Mute | Fault::Close => [&[(Closed, 1), (Reconnect, 1)], &[]],
            Fault::Stall | Fault::HalfOpen => [&[(Silent, 1), (Reconnect, 1)], &[]],
            Fault::Pause => [&[], &[(Queued, 1)]],
            Fault::Lag => [&[], &[(Resync, 1)]],
            Fault::Snapshot => [&[], &[(Marked, 1)]],
            Fault::Garbage => [&[(BadMessage, MALFORMED), (BadRow, 1)], &[]],
            Fault::Oversized => [&[(BadMessage, 1), (TooLarge, 1), (Reconnect, 1)], &[]],
            Fault::Refuse => [&[(Closed, 1), (Reconnect, 1)], &[(Rejected, REFUSED)]],
        }
    }

    /// Returns what the clients should have noticed, but have not.
    pub fn missing(self, clients: &[&Signs]) -> Option<String> {
        let [each, together] = self.effects();
        let lacks = |(sign, least): &(Sign, u64), clients: &[&Signs]| {
            let found = clients.iter().filter_map(|signs| signs.get(sign));
            let found: u64 = found.sum();
            (found < *least).then(|| format!("expected {least} {sign}, found {found}"))
        };
        let mut one_by_one = clients.chunks(1);
        one_by_one
            .find_map(|client| each.iter().find_map(|effect| lacks(effect, client)))
            .or_else(|| together.iter().find_map(|effect| lacks(effect, clients)))
    }

    /// Whether malformed messages arrive.
    pub fn is_malformed(self) -> bool {
        self.explains(Sign::BadMessage)
    }

    /// Whether this fault can cause what a client has noticed.
    pub fn explains(self, sign: Sign) -> bool {
        let mut effects = self.effects().into_iter().flatten();
        effects.any(|(effect, _)| *effect == sign)
            || match sign {
                Sign::TapeRenewed => self == Fault::Loss,
                Sign::Unreachable => matches!(self, Fault::Restart | Fault::Kill | Fault::Loss),
                _ => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_without_effect_on_one_client_is_found() {
        let noticed = Signs::from([(Sign::Closed, 1), (Sign::Reconnect, 1)]);
        assert_eq!(Fault::Cut.missing(&[&noticed, &noticed]), None);
        let missing = Fault::Cut.missing(&[&noticed, &Signs::new()]);
        assert_eq!(missing.unwrap(), "expected 1 connections closed, found 0");
        let one = Signs::from([(Sign::Closed, 1), (Sign::Reconnect, 1), (Sign::Rejected, 1)]);
        assert_eq!(Fault::Refuse.missing(&[&one, &one]), None);
        assert!(Fault::Refuse.missing(&[&one, &noticed]).is_some());
        assert!(Fault::Pause.missing(&[&noticed, &noticed]).is_some());
    }

    #[test]
    fn each_kind_of_fault_has_an_effect() {
        for fault in [Kind::Arete, Kind::Test].into_iter().flat_map(Fault::of) {
            let nothing = Signs::new();
            assert!(fault.missing(&[&nothing, &nothing]).is_some(), "{fault}");
            assert!(!fault.explains(Sign::Other));
        }
    }
}
