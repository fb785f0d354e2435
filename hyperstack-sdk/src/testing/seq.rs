//! The positions of changes.

use crate::wire::Seq;

/// The source of the [`Seq`] of each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeqSource {
    /// Gives each change its own slot, from this one on, with index 0.
    FromSlot(u64),
    /// Gives every change this position, like the changes of one event.
    Fixed(Seq),
    /// Gives changes no position: neither `seq` nor `_seq`.
    Off,
}

impl SeqSource {
    /// Returns the position of the next change.
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
