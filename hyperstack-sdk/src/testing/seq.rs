//! Where the positions of mutations come from.

use crate::wire::Seq;

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
