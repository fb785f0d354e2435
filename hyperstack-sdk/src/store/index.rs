//! Finds rows by key.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::order::RowId;

/// An index of rows by key. It stores only row ids and gets the keys of candidates from the caller, so it is small and
/// a lookup touches little memory.
#[derive(Debug, Default)]
pub(super) struct Index {
    ids: HashTable<RowId>,
    hasher: DefaultHashBuilder,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns the row with this key. `key_of` returns the key of a row.
    pub(super) fn get<'k>(&self, key: &str, key_of: impl Fn(RowId) -> &'k str) -> Option<RowId> {
        let matches_key = |id: &RowId| key_of(*id) == key;
        self.ids
            .find(self.hasher.hash_one(key), matches_key)
            .copied()
    }

    /// Adds a row that the index does not have.
    pub(super) fn insert<'k>(&mut self, id: RowId, key_of: impl Fn(RowId) -> &'k str) {
        let hash = |id: &RowId| self.hasher.hash_one(key_of(*id));
        self.ids.insert_unique(hash(&id), id, hash);
    }

    pub(super) fn remove<'k>(
        &mut self,
        key: &str,
        key_of: impl Fn(RowId) -> &'k str,
    ) -> Option<RowId> {
        let matches_key = |id: &RowId| key_of(*id) == key;
        let entry = self.ids.find_entry(self.hasher.hash_one(key), matches_key);
        Some(entry.ok()?.remove().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_until_they_are_removed() {
        let keys: Vec<String> = (0..1000).map(|id: RowId| format!("key {id}")).collect();
        let key_of = |id: RowId| keys[id as usize].as_str();
        let mut index = Index::default();
        (0..1000).for_each(|id| index.insert(id, key_of));
        for id in (0..1000).step_by(2) {
            assert_eq!(index.remove(key_of(id), key_of), Some(id));
        }
        assert_eq!((index.len(), index.get("key", key_of)), (500, None));
        for id in 0..1000 {
            let found = index.get(key_of(id), key_of);
            assert_eq!(found, (id % 2 == 1).then_some(id));
        }
    }
}
