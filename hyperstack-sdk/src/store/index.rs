//! From a key to its row.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::order::Id;

/// Finds rows by key. It holds ids alone and asks for the keys of those that may be meant: so it is
/// small, and a row is found with few looks at memory that is not at hand.
#[derive(Debug, Default)]
pub(super) struct Index {
    ids: HashTable<Id>,
    hasher: DefaultHashBuilder,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The row of this key, where `key_of` tells the keys of rows.
    pub(super) fn get<'k>(&self, key: &str, key_of: impl Fn(Id) -> &'k str) -> Option<Id> {
        let is_meant = |id: &Id| key_of(*id) == key;
        self.ids.find(self.hasher.hash_one(key), is_meant).copied()
    }

    /// Adds a row that is not there.
    pub(super) fn insert<'k>(&mut self, id: Id, key_of: impl Fn(Id) -> &'k str) {
        let hash = |id: &Id| self.hasher.hash_one(key_of(*id));
        self.ids.insert_unique(hash(&id), id, hash);
    }

    pub(super) fn remove<'k>(&mut self, key: &str, key_of: impl Fn(Id) -> &'k str) -> Option<Id> {
        let is_meant = |id: &Id| key_of(*id) == key;
        let entry = self.ids.find_entry(self.hasher.hash_one(key), is_meant);
        Some(entry.ok()?.remove().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_until_they_are_removed() {
        let keys: Vec<String> = (0..1000).map(|id: Id| format!("key {id}")).collect();
        let key_of = |id: Id| keys[id as usize].as_str();
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
