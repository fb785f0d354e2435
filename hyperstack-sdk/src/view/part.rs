//! Which rows of a view a handle stands for.

use std::sync::Arc;

use serde_json::Value;

use crate::patch::{self, FilterError, Patchable, Record};
use crate::session::{Filters, Window};
use crate::store::Predicate;

/// A window, and what its rows have in common.
#[derive(Debug)]
pub(super) struct Part<T: Patchable> {
    pub(super) window: Window,
    /// What every row holds, as patches; or why no row can.
    held: Result<Vec<T::Patch>, FilterError>,
}

impl<T: Patchable> Part<T> {
    pub(super) fn new(window: Window) -> Self {
        Part {
            window,
            held: Ok(Vec::new()),
        }
    }

    /// Those of these rows whose field at `path` is `value`.
    pub(super) fn filter(mut self, path: &str, value: Value) -> Self {
        self.window.filtered = true;
        self.held = self.held.and_then(|mut held| {
            held.push(patch::filter::filter::<T>(path, value)?);
            Ok(held)
        });
        self
    }
}

impl<T: Record> Part<T> {
    /// Tells which rows these are; `None` if all of the window.
    pub(super) fn predicate(&self) -> Result<Option<Predicate<T>>, FilterError> {
        let held = self.held.clone()?;
        Ok((!held.is_empty()).then(|| -> Predicate<T> {
            Arc::new(move |row| held.iter().all(|patch| T::holds(row, patch)))
        }))
    }
}

impl<T: Patchable> Part<T> {
    /// The dotted paths whose values decide, and each value as the field's own type writes it. An object
    /// stands for its fields.
    ///
    /// None if a v2 server would compare otherwise than the field's own type does: to it `null` is not a
    /// missing value, and `20` is not `20.0`. Then the client filters.
    pub(super) fn filters(&self) -> Filters {
        let mut filters = Filters::new();
        for patch in self.held.iter().flatten() {
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
            held: self.held.clone(),
        }
    }
}
