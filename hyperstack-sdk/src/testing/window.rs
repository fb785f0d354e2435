//! A derived view: every row of its source in order, of which a subscriber sees a window.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::merge::Merge;
use super::sort::{Sort, SortValue};

/// The rows of a derived view, sorted. Unbounded, unlike the cache that feeds it.
#[derive(Debug)]
pub(super) struct SortedRows {
    pub(super) sort: Sort,
    order: BTreeSet<(SortValue, String)>,
    rows: HashMap<String, (SortValue, Value)>,
}

impl SortedRows {
    pub(super) fn new(sort: Sort) -> Self {
        Self {
            sort,
            order: BTreeSet::new(),
            rows: HashMap::new(),
        }
    }

    /// Takes in the cached row after a change. The data is merged over every version seen, and a
    /// row whose sort field has gone (or became null) keeps its place.
    pub(super) fn put(&mut self, key: &str, row: &Value) {
        let value = self.sort.value_of(row);
        match self.rows.get_mut(key) {
            Some((known, data)) => {
                Merge::default().apply(data, row.clone());
                if !value.is_null() && *known != value {
                    self.order.remove(&(known.clone(), key.to_owned()));
                    self.order.insert((value.clone(), key.to_owned()));
                    *known = value;
                }
            }
            None => {
                self.order.insert((value.clone(), key.to_owned()));
                self.rows.insert(key.to_owned(), (value, row.clone()));
            }
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        if let Some((value, _)) = self.rows.remove(key) {
            self.order.remove(&(value, key.to_owned()));
        }
    }

    pub(super) fn clear(&mut self) {
        self.order.clear();
        self.rows.clear();
    }

    /// The rows from `skip` to `skip + take`, in order.
    pub(super) fn window(&self, skip: usize, take: usize) -> impl Iterator<Item = (&str, &Value)> {
        self.order
            .iter()
            .skip(skip)
            .take(take)
            .filter_map(|(_, key)| Some((key.as_str(), &self.rows.get(key)?.1)))
    }
}

/// One subscriber's window: where it lies, and which keys it held last.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) skip: usize,
    pub(super) take: usize,
    held: Vec<String>,
}

/// One step of a window's way to its new content.
#[derive(Debug, PartialEq)]
pub(super) enum Step<'r> {
    Delete(String),
    Upsert(&'r str, &'r Value),
}

impl Window {
    pub(super) fn new(skip: usize, take: usize, rows: &SortedRows) -> Self {
        let mut window = Self {
            skip,
            take,
            held: Vec::new(),
        };
        window.held = window.keys(rows);
        window
    }

    /// What the server sends after any change of the source: whoever left, then the whole window.
    /// A window of one row that becomes empty says nothing.
    pub(super) fn advance<'r>(&mut self, rows: &'r SortedRows) -> Vec<Step<'r>> {
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
        let mut rows = SortedRows::new(Sort::desc("n"));
        for (key, n) in [("a", 1), ("b", 3), ("c", 2)] {
            rows.put(key, &json!({"n": n}));
        }
        rows
    }

    #[test]
    fn deletes_come_before_the_whole_window() {
        let mut rows = filled();
        let mut window = Window::new(0, 2, &rows);
        rows.put("d", &json!({"n": 9}));
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
    fn a_single_row_leaves_without_a_word() {
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
        rows.put("b", &json!({"n": null, "x": 1}));
        let keys: Vec<_> = rows.window(0, 9).map(|(key, _)| key).collect();
        assert_eq!(keys, ["b", "c", "a"]);
    }
}
