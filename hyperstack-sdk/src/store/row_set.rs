//! A set of rows of one table.

use super::order::RowId;

/// A set of rows, as bits.
#[derive(Debug, Default)]
pub(super) struct RowSet(Vec<u64>);

impl RowSet {
    pub(super) fn contains(&self, id: RowId) -> bool {
        let word = self.0.get(id as usize / 64);
        word.is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// Adds or removes a row. Returns whether it was in the set.
    pub(super) fn set(&mut self, id: RowId, contained: bool) -> bool {
        let index = id as usize / 64;
        if index >= self.0.len() {
            if !contained {
                return false;
            }
            self.0.resize(index + 1, 0);
        }
        let (word, bit) = (&mut self.0[index], 1 << (id % 64));
        let was = *word & bit != 0;
        if contained {
            *word |= bit;
        } else {
            *word &= !bit;
        }
        was
    }

    pub(super) fn set_all(&mut self, ids: &[RowId], contained: bool) {
        for id in ids {
            self.set(*id, contained);
        }
    }
}
