//! The cached rows of one entity, most recently changed first.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::merge::Merge;
use super::v2::Epoch;

/// The cached rows in the order of their last change.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: HashMap<String, Row>,
    /// Keys by the number of their last change.
    recency: BTreeMap<u64, String>,
    /// Keys that were evicted or deleted and not created again. A later patch makes a row without the earlier
    /// fields.
    lost: HashSet<String>,
    /// The keys in `lost` that were deleted.
    deleted: HashSet<String>,
    /// The epoch of changes from now on.
    pub(super) epoch: Epoch,
}

#[derive(Debug)]
pub(super) struct Row {
    /// The number of the last change, and its epoch.
    pub(super) change: u64,
    pub(super) epoch: Epoch,
    pub(super) data: Value,
}

impl Rows {
    /// Merges a patch into the row, which becomes the most recent one, and evicts the least recent
    /// rows beyond `row_limit`. Returns the evicted keys.
    pub(super) fn merge(
        &mut self,
        change: u64,
        key: &str,
        patch: Value,
        merge: Merge<'_>,
        row_limit: Option<usize>,
    ) -> Vec<String> {
        match self.rows.get_mut(key) {
            Some(row) => {
                self.recency.remove(&row.change);
                (row.change, row.epoch) = (change, self.epoch);
                if merge.replaces {
                    row.data = merge.trimmed(patch);
                } else {
                    merge.apply(&mut row.data, patch);
                }
            }
            None => {
                let data = merge.trimmed(patch);
                let epoch = self.epoch;
                let row = Row {
                    change,
                    epoch,
                    data,
                };
                self.rows.insert(key.to_owned(), row);
            }
        }
        self.recency.insert(change, key.to_owned());
        // A limit of at least one keeps the row that has just changed.
        let row_limit = row_limit.map_or(usize::MAX, |limit| limit.max(1));
        let mut evicted = Vec::new();
        while self.rows.len() > row_limit {
            let Some((_, oldest)) = self.recency.pop_first() else {
                break;
            };
            self.rows.remove(&oldest);
            self.lost.insert(oldest.clone());
            evicted.push(oldest);
        }
        evicted
    }

    /// Removes a row.
    pub(super) fn remove(&mut self, key: &str) {
        if let Some(row) = self.rows.remove(key) {
            self.recency.remove(&row.change);
            self.lost.insert(key.to_owned());
            self.deleted.insert(key.to_owned());
        }
    }

    /// Marks a key as created again: its next patch makes a whole row.
    pub(super) fn restore(&mut self, key: &str) {
        self.lost.remove(key);
        self.deleted.remove(key);
    }

    /// Whether a key was deleted and not created again.
    pub(super) fn is_deleted(&self, key: &str) -> bool {
        self.deleted.contains(key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.rows.get(key).map(|row| &row.data)
    }

    /// The row and the cache's own copy of its key.
    pub(super) fn entry(&self, key: &str) -> Option<(&str, &Row)> {
        let (key, row) = self.rows.get_key_value(key)?;
        Some((key, row))
    }

    /// Like `entry`, but `None` if the row may lack fields because its key was evicted or deleted.
    pub(super) fn whole(&self, key: &str) -> Option<(&str, &Row)> {
        let whole = !self.lost.contains(key);
        self.entry(key).filter(|_| whole)
    }

    /// Every row, the most recently changed first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.recency
            .values()
            .rev()
            .filter_map(|key| Some((key.as_str(), self.get(key)?)))
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.recency.clear();
        self.lost.clear();
        self.deleted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys(rows: &Rows) -> Vec<&str> {
        rows.iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn the_most_recently_changed_row_comes_first() {
        let mut rows = Rows::default();
        for (change, key) in ["a", "b", "c", "a"].into_iter().enumerate() {
            rows.merge(change as u64, key, json!({}), Merge::default(), None);
        }
        assert_eq!(keys(&rows), ["a", "c", "b"]);
        rows.remove("c");
        rows.remove("c");
        assert_eq!(keys(&rows), ["a", "b"]);
    }

    #[test]
    fn an_evicted_row_restarts_from_its_next_patch_and_is_whole_once_restored() {
        let mut rows = Rows::default();
        let merge = |rows: &mut Rows, change, key, patch| {
            rows.merge(change, key, patch, Merge::default(), Some(1))
        };
        merge(&mut rows, 1, "a", json!({"x": 1, "y": 1}));
        assert_eq!(merge(&mut rows, 2, "b", json!({"x": 2})), ["a"]);
        assert_eq!(keys(&rows), ["b"]);
        merge(&mut rows, 3, "a", json!({"y": 2}));
        assert_eq!(rows.get("a"), Some(&json!({"y": 2})));
        assert!(rows.whole("a").is_none());
        rows.restore("a");
        assert!(rows.whole("a").is_some());
    }
}
