//! Keys ordered by a value, ties by key.

use std::collections::{BTreeSet, HashMap};

/// The keys of a view's rows, ordered by each row's sort value.
#[derive(Debug)]
pub(crate) struct Ranking<V> {
    order: BTreeSet<(V, String)>,
    values: HashMap<String, V>,
}

impl<V> Default for Ranking<V> {
    fn default() -> Self {
        Self {
            order: BTreeSet::new(),
            values: HashMap::new(),
        }
    }
}

impl<V: Ord + Clone> Ranking<V> {
    /// Adds a key, or moves it to its new place.
    pub(crate) fn put(&mut self, key: &str, value: V) {
        if self.values.get(key) != Some(&value) {
            self.remove(key);
            self.order.insert((value.clone(), key.to_owned()));
            self.values.insert(key.to_owned(), value);
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        if let Some(value) = self.values.remove(key) {
            self.order.remove(&(value, key.to_owned()));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.order.clear();
        self.values.clear();
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The keys, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(|(_, key)| key.as_str())
    }
}
