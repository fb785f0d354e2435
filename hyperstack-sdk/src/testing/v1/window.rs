//! A derived view under protocol v1: its sorted rows, and a subscription's window.

use std::collections::HashMap;

use serde_json::Value;

use super::super::merge::Merge;
use super::super::ranking::Ranking;
use super::super::sort::Sort;
use super::sort::SortValue;

/// The sorted rows of a derived view. Unlike the cache, it has no row limit.
#[derive(Debug, Default)]
pub(crate) struct SortedRows {
    ranking: Ranking<SortValue>,
    rows: HashMap<String, Value>,
}

impl SortedRows {
    /// Updates a row from the cache after a change. Its data is merged over all earlier versions. If the sort
    /// field disappears or becomes null, the row keeps its place.
    pub(crate) fn put(&mut self, key: &str, row: &Value, sort: &Sort) {
        let value = SortValue::of(row, sort);
        if !value.is_null() || !self.ranking.contains(key) {
            self.ranking.put(key, value);
        }
        match self.rows.get_mut(key) {
            Some(data) => Merge::default().apply(data, row.clone()),
            None => {
                self.rows.insert(key.to_owned(), row.clone());
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.ranking.remove(key);
        self.rows.remove(key);
    }

    pub(crate) fn clear(&mut self) {
        self.ranking.clear();
        self.rows.clear();
    }

    /// The rows from `skip` to `skip + take`, in order.
    pub(crate) fn window(&self, skip: usize, take: usize) -> impl Iterator<Item = (&str, &Value)> {
        let keys = self.ranking.keys().skip(skip).take(take);
        keys.filter_map(|key| Some((key, self.rows.get(key)?)))
    }
}

/// A subscription's window: its position, and the keys that it last held.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) skip: usize,
    pub(crate) take: usize,
    held: Vec<String>,
}

/// A frame that moves a client to the window's new content.
#[derive(Debug, PartialEq)]
pub(crate) enum Step<'r> {
    Delete(String),
    Upsert(&'r str, &'r Value),
}

impl Window {
    pub(crate) fn new(skip: usize, take: usize, rows: &SortedRows) -> Self {
        let mut window = Self {
            skip,
            take,
            held: Vec::new(),
        };
        window.held = window.keys(rows);
        window
    }

    /// Returns the frames after a change: deletes of the rows that left, then the whole window. A window of
    /// one row that becomes empty sends nothing.
    pub(crate) fn advance<'r>(&mut self, rows: &'r SortedRows) -> Vec<Step<'r>> {
        let now = self.keys(rows);
        let left = std::mem::replace(&mut self.held, now);
        let silent = self.take == 1 && self.held.is_empty();
        let deletes = left
            .into_iter()
            .filter(|key| !silent && !self.held.contains(key))
            .map(Step::Delete);
        let upserts = rows
            .window(self.skip, self.take)
            .map(|(key, row)| Step::Upsert(key, row));
        deletes.chain(upserts).collect()
    }

    fn keys(&self, rows: &SortedRows) -> Vec<String> {
        rows.window(self.skip, self.take)
            .map(|(key, _)| key.to_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filled() -> SortedRows {
        let mut rows = SortedRows::default();
        for (key, n) in [("a", 1), ("b", 3), ("c", 2)] {
            put(&mut rows, key, json!({"n": n}));
        }
        rows
    }

    fn put(rows: &mut SortedRows, key: &str, row: Value) {
        rows.put(key, &row, &Sort::desc("n"));
    }

    #[test]
    fn deletes_come_before_the_whole_window() {
        let mut rows = filled();
        let mut window = Window::new(0, 2, &rows);
        put(&mut rows, "d", json!({"n": 9}));
        assert_eq!(
            window.advance(&rows),
            [
                Step::Delete("c".into()),
                Step::Upsert("d", &json!({"n": 9})),
                Step::Upsert("b", &json!({"n": 3})),
            ]
        );
    }

    #[test]
    fn a_single_row_window_sends_no_delete_when_it_empties() {
        let mut rows = filled();
        let mut single = Window::new(2, 1, &rows);
        let mut wide = Window::new(2, 5, &rows);
        rows.remove("b");
        assert_eq!(single.advance(&rows), []);
        assert_eq!(wide.advance(&rows), [Step::Delete("a".into())]);
    }

    #[test]
    fn a_row_keeps_its_place_when_its_sort_field_goes() {
        let mut rows = filled();
        put(&mut rows, "b", json!({"n": null, "x": 1}));
        let keys: Vec<_> = rows.window(0, 9).map(|(key, _)| key).collect();
        assert_eq!(keys, ["b", "c", "a"]);
    }
}
