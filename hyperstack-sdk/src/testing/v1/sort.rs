//! How protocol v1 orders the rows of a derived view, quirks of the real server included.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::merge::lookup;
use super::super::sort::{Order, Sort};
use super::integers::is_wide;

/// The value by which a row is sorted, already negated if the order is descending.
///
/// Null is first in either direction, then booleans, numbers and text; text ascends in either
/// direction, and arrays and objects count as null.
#[derive(Debug, Clone)]
pub(crate) enum SortValue {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl SortValue {
    /// The sort value of a row; a missing field is null.
    pub(crate) fn of(row: &Value, sort: &Sort) -> Self {
        lookup(row, &sort.field).map_or(Self::Null, |value| Self::new(value, sort.order))
    }

    fn new(value: &Value, order: Order) -> Self {
        let descends = order == Order::Desc;
        match value {
            Value::Bool(value) => Self::Bool(*value != descends),
            Value::Number(number) if is_wide(number) => Self::Text(number.to_string()),
            // Any other integer is exact as a float.
            Value::Number(number) => number.as_f64().map_or(Self::Null, |number| {
                Self::Number(if descends { -number } else { number } + 0.0)
            }),
            Value::String(text) => Self::Text(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Null,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
        }
    }
}

impl Ord for SortValue {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for SortValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SortValue {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sorted(sort: &Sort, values: Value) -> Vec<Value> {
        let mut values: Vec<Value> = values.as_array().cloned().unwrap_or_default();
        values.sort_by_key(|value| SortValue::of(&json!({"v": value}), sort));
        values
    }

    #[test]
    fn null_leads_and_text_follows_numbers_either_way() {
        let values = json!(["b", 2, true, "a", null, 1.5, false, -3]);
        assert_eq!(
            json!(sorted(&Sort::asc("v"), values.clone())),
            json!([null, false, true, -3, 1.5, 2, "a", "b"])
        );
        assert_eq!(
            json!(sorted(&Sort::desc("v"), values)),
            json!([null, true, false, 2, 1.5, -3, "a", "b"])
        );
    }

    #[test]
    fn a_missing_field_is_null() {
        assert!(SortValue::of(&json!({"a": 1}), &Sort::asc("a.b")).is_null());
    }
}
