//! How a derived view orders its rows, quirks of the real server included.

use std::cmp::Ordering;

use serde_json::Value;

use super::merge::lookup;

/// The direction of a [`Sort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest first.
    Asc,
    /// Greatest first; strings ascend all the same, as they do on the real server.
    Desc,
}

impl Order {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

/// What a view is sorted by: a path into the row, and a direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The object keys that lead to the sorted field.
    pub field: Vec<String>,
    /// The direction.
    pub order: Order,
}

impl Sort {
    /// Ascending by the field at a dotted path.
    pub fn asc(path: &str) -> Self {
        Self::by(path, Order::Asc)
    }

    /// Descending by the field at a dotted path.
    pub fn desc(path: &str) -> Self {
        Self::by(path, Order::Desc)
    }

    /// What the server reports for a list that has no sort of its own: most recent first.
    pub fn recent() -> Self {
        Self::desc("_seq")
    }

    fn by(path: &str, order: Order) -> Self {
        Self {
            field: path.split('.').map(str::to_owned).collect(),
            order,
        }
    }

    /// The sort value of a row; a missing field is null.
    pub(super) fn value_of(&self, row: &Value) -> SortValue {
        lookup(row, &self.field).map_or(SortValue::Null, |value| SortValue::new(value, self.order))
    }
}

/// The value a row is sorted by, negated already where the order descends.
///
/// Null is first in either direction, then booleans, numbers and text; text ascends in either
/// direction, and arrays and objects count as null.
#[derive(Debug, Clone)]
pub(super) enum SortValue {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl SortValue {
    fn new(value: &Value, order: Order) -> Self {
        let descends = order == Order::Desc;
        match value {
            Value::Bool(value) => Self::Bool(*value != descends),
            // An integer in a row is exact as a float: greater ones are text by now.
            Value::Number(number) => number.as_f64().map_or(Self::Null, |number| {
                Self::Number(if descends { -number } else { number } + 0.0)
            }),
            Value::String(text) => Self::Text(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Null,
        }
    }

    pub(super) fn is_null(&self) -> bool {
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
        values.sort_by_key(|value| sort.value_of(&json!({"v": value})));
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
        assert!(Sort::asc("a.b").value_of(&json!({"a": 1})).is_null());
    }
}
