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
    /// Whether the server would compare each value as the client does.
    are_exact: bool,
    /// The closures that every row must pass.
    predicates: Vec<Predicate<T>>,
}

impl<T: Patchable> Part<T> {
    pub(super) fn new(window: Window) -> Self {
        Part {
            window,
            filters: Ok(Vec::new()),
            are_exact: true,
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
            let patch = patch::filter::filter::<T>(path, value.clone())?;
            self.are_exact &= is_exact::<T>(path, value, &patch);
            filters.push(patch);
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
    /// Returns the filters, one patch for each.
    pub(super) fn values(&self) -> Result<Vec<T::Patch>, FilterError> {
        self.filters.clone()
    }

    /// Returns the method that selected rows in a way that records cannot be selected.
    pub(super) fn rows_only(&self) -> Option<&'static str> {
        let window = self.window;
        let options = [
            ("`filter_rows`", !self.predicates.is_empty()),
            ("`skip`", window.skip > 0),
            ("`take`", window.take.is_some()),
            ("`with_snapshot`", window.no_snapshot),
            ("`after`", window.after.is_some()),
            ("`with_snapshot_limit`", window.snapshot_limit.is_some()),
        ];
        let set = options.into_iter().find(|(_, is_set)| *is_set);
        set.map(|(option, _)| option)
    }

    /// Returns the filters for a v2 server's tape.
    ///
    /// A tape compares a record as it was sent, where an integer is a number or text, depending on the type that the
    /// stack declares. So the client compares integers.
    pub(super) fn record_filters(&self) -> Filters {
        let mut filters = self.filters();
        filters.retain(|(_, json)| {
            let is_number = json.trim_matches('"').parse::<f64>().is_ok();
            !is_number && (json.starts_with('"') || json == "true" || json == "false")
        });
        filters
    }

    /// Returns the filters for a v2 server: dotted paths, and each value as the field's type writes it. An
    /// object becomes one filter for each of its fields.
    ///
    /// Returns none, so that the client filters, if there are closures, if two filters concern the same field, or if
    /// the server would compare a value differently than the field's type does: for the server, `null` and an empty
    /// list are not missing values, and `20` does not equal `20.0`.
    pub(super) fn filters(&self) -> Filters {
        let mut filters = Filters::new();
        if !self.predicates.is_empty() || !self.are_exact {
            return filters;
        }
        for patch in self.filters.iter().flatten() {
            // A patch is made of strings, numbers and booleans: it always serializes.
            let json = serde_json::to_value(patch).unwrap_or_default();
            collect(&mut filters, String::new(), &json);
        }
        let is_inexact = |json: &str| {
            json == "null" || json == "[]" || (json.parse::<f64>().is_ok() && !is_integer(json))
        };
        if filters.iter().any(|(_, json)| is_inexact(json)) {
            return Filters::new();
        }
        filters.sort_unstable();
        filters.dedup();
        // The server keeps one value for each path.
        let overlap = |(a, _): &(String, String), (b, _): &(String, String)| {
            b.strip_prefix(a.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let mut rest = filters.as_slice();
        while let Some((first, others)) = rest.split_first() {
            if others.iter().any(|other| overlap(first, other)) {
                return Filters::new();
            }
            rest = others;
        }
        filters
    }
}

/// Whether the server would find the rows that have this value at this path. It would not if the field has another
/// name on the wire, or stores the value as one of many: a leaf's `other` variant without text.
fn is_exact<T: Patchable>(path: &str, value: Value, patch: &T::Patch) -> bool {
    let asked = patch::filter::nested(path, value.clone());
    // A patch is made of strings, numbers and booleans: it always serializes.
    let sent = serde_json::to_value(patch).unwrap_or_default();
    let unheard = without_text(value.clone());
    let is_one_of_many =
        || unheard != value && patch::filter::filter::<T>(path, unheard).as_ref() == Ok(patch);
    is_same(&asked, &sent) && !is_one_of_many()
}

/// Whether two values are equal, except that a number may be text.
fn is_same(asked: &Value, sent: &Value) -> bool {
    match (asked, sent) {
        (Value::Object(asked), Value::Object(sent)) => {
            let mut fields = asked.iter();
            asked.len() == sent.len()
                && fields
                    .all(|(name, asked)| sent.get(name).is_some_and(|sent| is_same(asked, sent)))
        }
        (Value::Array(asked), Value::Array(sent)) => {
            let mut pairs = asked.iter().zip(sent);
            asked.len() == sent.len() && pairs.all(|(asked, sent)| is_same(asked, sent))
        }
        (Value::String(_), Value::Number(_)) | (Value::Number(_), _) => true,
        _ => asked == sent,
    }
}

/// Replaces every text by one that no server sends.
fn without_text(value: Value) -> Value {
    match value {
        Value::String(_) => Value::String("\0".to_owned()),
        Value::Array(items) => items.into_iter().map(without_text).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|(name, value)| (name, without_text(value)));
            Value::Object(fields.collect())
        }
        other => other,
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
            are_exact: self.are_exact,
            predicates: self.predicates.clone(),
        }
    }
}
