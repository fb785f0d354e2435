//! The rows of one entity, as the server caches them: most recently changed first.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::merge::Merge;

/// A cache in the order of the last change, optionally bounded.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: HashMap<String, Row>,
    /// Keys by the time of their last change.
    recency: BTreeMap<u64, String>,
    clock: u64,
}

#[derive(Debug)]
struct Row {
    changed: u64,
    data: Value,
}

impl Rows {
    /// Merges a patch into the row, which it makes the most recent one, and drops the least recent
    /// rows beyond `row_limit`: whoever is dropped starts again from the next bare patch.
    pub(super) fn merge(
        &mut self,
        key: &str,
        patch: Value,
        merge: Merge<'_>,
        row_limit: Option<usize>,
    ) -> &Value {
        self.clock += 1;
        let changed = self.clock;
        match self.rows.get_mut(key) {
            Some(row) => {
                self.recency.remove(&row.changed);
                row.changed = changed;
                merge.apply(&mut row.data, patch);
            }
            None => {
                let data = merge.trimmed(patch);
                self.rows.insert(key.to_owned(), Row { changed, data });
            }
        }
        self.recency.insert(changed, key.to_owned());
        // The row that has just changed is the last to go.
        let row_limit = row_limit.map_or(usize::MAX, |limit| limit.max(1));
        while self.rows.len() > row_limit {
            match self.recency.pop_first() {
                Some((_, oldest)) => self.rows.remove(&oldest),
                None => break,
            };
        }
        self.rows.get(key).map_or(&Value::Null, |row| &row.data)
    }

    /// Forgets a row; whether there was one.
    pub(super) fn remove(&mut self, key: &str) -> bool {
        let Some(row) = self.rows.remove(key) else {
            return false;
        };
        self.recency.remove(&row.changed);
        true
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.rows.get(key).map(|row| &row.data)
    }

    /// The row and the cache's own copy of its key.
    pub(super) fn entry(&self, key: &str) -> Option<(&str, &Value)> {
        let (key, row) = self.rows.get_key_value(key)?;
        Some((key, &row.data))
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
    fn the_last_change_comes_first() {
        let mut rows = Rows::default();
        for key in ["a", "b", "c", "a"] {
            rows.merge(key, json!({}), Merge::default(), None);
        }
        assert_eq!(keys(&rows), ["a", "c", "b"]);
        assert!(rows.remove("c"));
        assert!(!rows.remove("c"));
        assert_eq!(keys(&rows), ["a", "b"]);
    }

    #[test]
    fn a_row_that_was_dropped_restarts_from_the_patch() {
        let mut rows = Rows::default();
        rows.merge("a", json!({"x": 1, "y": 1}), Merge::default(), Some(1));
        rows.merge("b", json!({"x": 2}), Merge::default(), Some(1));
        assert_eq!(keys(&rows), ["b"]);
        let row = rows.merge("a", json!({"y": 2}), Merge::default(), Some(1));
        assert_eq!(row, &json!({"y": 2}));
    }
}
