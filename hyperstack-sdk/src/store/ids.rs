//! Which of a table's rows.

use super::order::Id;

/// A set of rows.
#[derive(Debug, Default)]
pub(super) struct Ids(Vec<u64>);

impl Ids {
    pub(super) fn contains(&self, id: Id) -> bool {
        let word = self.0.get(id as usize / 64);
        word.is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// Puts a row in or takes it out; whether it was in.
    pub(super) fn set(&mut self, id: Id, contained: bool) -> bool {
        let index = id as usize / 64;
        if index >= self.0.len() {
            if !contained {
                return false;
            }
            self.0.resize(index + 1, 0);
        }
        let (word, bit) = (&mut self.0[index], 1 << (id % 64));
        let was = *word & bit != 0;
        match contained {
            true => *word |= bit,
            false => *word &= !bit,
        }
        was
    }

    pub(super) fn set_all(&mut self, ids: &[Id], contained: bool) {
        for id in ids {
            self.set(*id, contained);
        }
    }
}
