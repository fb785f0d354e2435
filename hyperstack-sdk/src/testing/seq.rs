//! Positions in the chain: the `seq` of a frame, the `_seq` of a row.

use std::fmt;

/// When a change happened: a slot, and an index within it. Ordered as numbers, never as text.
///
/// On the wire it is `"<slot>:<index>"`, the index padded to twelve digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq {
    /// The slot.
    pub slot: u64,
    /// The index within the slot.
    pub index: u64,
}

impl Seq {
    /// The position `index` of `slot`.
    pub fn new(slot: u64, index: u64) -> Self {
        Self { slot, index }
    }

    /// Reads a position as the server does: a part that is no number counts as zero.
    pub fn parse_lossy(text: &str) -> Self {
        let (slot, index) = text.split_once(':').unwrap_or((text, ""));
        Self {
            slot: slot.parse().unwrap_or(0),
            index: index.parse().unwrap_or(0),
        }
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:012}", self.slot, self.index)
    }
}

/// Where the server's mutations take their [`Seq`] from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeqSource {
    /// The next mutation is in this slot, each later one in the slot after; the index is 0.
    FromSlot(u64),
    /// Every mutation has this position, as the mutations of one event do.
    Fixed(Seq),
    /// Mutations without slot context: no `seq`, no `_seq`.
    Off,
}

impl SeqSource {
    /// The position of the next mutation.
    pub(super) fn advance(&mut self) -> Option<Seq> {
        match self {
            Self::FromSlot(slot) => {
                let seq = Seq::new(*slot, 0);
                *slot = slot.saturating_add(1);
                Some(seq)
            }
            Self::Fixed(seq) => Some(*seq),
            Self::Off => None,
        }
    }
}

impl Default for SeqSource {
    fn default() -> Self {
        Self::FromSlot(300_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_padded_and_order_is_numeric() {
        assert_eq!(Seq::new(99, 7).to_string(), "99:000000000007");
        assert!(Seq::parse_lossy("99:000000000007") < Seq::parse_lossy("100:000000000001"));
        assert_eq!(Seq::parse_lossy("garbage"), Seq::default());
    }

    #[test]
    fn slots_count_up_until_they_are_fixed() {
        let mut source = SeqSource::FromSlot(5);
        assert_eq!(source.advance(), Some(Seq::new(5, 0)));
        assert_eq!(source.advance(), Some(Seq::new(6, 0)));
        source = SeqSource::Fixed(Seq::new(1, 2));
        assert_eq!(source.advance(), source.advance());
        assert_eq!(SeqSource::Off.advance(), None);
    }
}
