//! The part of a view that a handle reads.

use std::sync::Arc;

use serde_json::Value;

use crate::patch::{self, FilterError, Patchable, Record};
use crate::session::{Filters, Window};
use crate::store::Predicate;

/// A window and the filters on its rows.
pub(super) struct Part<T: Patchable> {
    pub(super) window: Window,
    /// The values that every row must have, one patch for each filter, or why a filter is invalid.
    filters: Result<Vec<T::Patch>, FilterError>,
    /// The closures that every row must pass.
    predicates: Vec<Predicate<T>>,
}

impl<T: Patchable> Part<T> {
    pub(super) fn new(window: Window) -> Self {
        Part {
            window,
            filters: Ok(Vec::new()),
            predicates: Vec::new(),
        }
    }

    /// Adds a closure that every row must pass.
    pub(super) fn filter_rows(mut self, predicate: Predicate<T>) -> Self {
        self.window.filtered = true;
        self.predicates.push(predicate);
        self
    }

    /// Adds a filter: the field at `path` must equal `value`.
    pub(super) fn filter(mut self, path: &str, value: Value) -> Self {
        self.window.filtered = true;
        self.filters = self.filters.and_then(|mut filters| {
            filters.push(patch::filter::filter::<T>(path, value)?);
            Ok(filters)
        });
        self
    }
}

impl<T: Record> Part<T> {
    /// Returns the predicate that all filters make together, or `None` if there are no filters.
    pub(super) fn predicate(&self) -> Result<Option<Predicate<T>>, FilterError> {
        let filters = self.filters.clone()?;
        let predicates = self.predicates.clone();
        Ok(self.window.filtered.then(|| -> Predicate<T> {
            Arc::new(move |row| {
                filters.iter().all(|patch| T::holds(row, patch))
                    && predicates.iter().all(|predicate| predicate(row))
            })
        }))
    }
}

impl<T: Patchable> Part<T> {
    /// Returns the filters for a v2 server: dotted paths, and each value as the field's type writes it. An
    /// object becomes one filter for each of its fields.
    ///
    /// Returns none, so that the client filters, if there are closures, or if the server would compare a value
    /// differently than the field's type does: for the server, `null` is not a missing value, and `20` does not equal
    /// `20.0`.
    pub(super) fn filters(&self) -> Filters {
        let mut filters = Filters::new();
        if !self.predicates.is_empty() {
            return filters;
        }
        for patch in self.filters.iter().flatten() {
            // A patch is made of strings, numbers and booleans: it always serializes.
            let json = serde_json::to_value(patch).unwrap_or_default();
            collect(&mut filters, String::new(), &json);
        }
        let is_inexact =
            |json: &str| json == "null" || (json.parse::<f64>().is_ok() && !is_integer(json));
        if filters.iter().any(|(_, json)| is_inexact(json)) {
            return Filters::new();
        }
        filters.sort_unstable();
        filters.dedup();
        filters
    }
}

fn is_integer(json: &str) -> bool {
    json.trim_start_matches('-')
        .bytes()
        .all(|byte| byte.is_ascii_digit())
}

fn collect(filters: &mut Filters, path: String, json: &Value) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect(filters, path, value);
            }
        }
        value => filters.push((path, value.to_string())),
    }
}

impl<T: Patchable> Clone for Part<T> {
    fn clone(&self) -> Self {
        Part {
            window: self.window,
            filters: self.filters.clone(),
            predicates: self.predicates.clone(),
        }
    }
}
