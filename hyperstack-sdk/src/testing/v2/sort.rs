//! How protocol v2 orders the rows of a view.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::super::merge::lookup;
use super::super::sort::{Order, Sort};
use crate::wire::Seq;

/// The value by which a row is sorted, with its direction.
///
/// Ascending, booleans come first, then numbers, then decimal strings by value, then other strings by
/// bytes; descending reverses that. A row without a value, or with null, comes last in both directions.
#[derive(Debug, Clone)]
pub(crate) struct SortValue {
    value: Option<Scalar>,
    order: Order,
}

#[derive(Debug, Clone)]
enum Scalar {
    Bool(bool),
    Integer(i128),
    Float(f64),
    Decimal(Decimal),
    Text(String),
    Position(Seq),
}

/// An integer of any size, from a string.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    /// Without leading zeros.
    digits: String,
}

impl SortValue {
    /// The sort value of a row. Arrays and objects count as null.
    pub(crate) fn of(row: &Value, sort: &Sort) -> Self {
        let value = lookup(row, &sort.field);
        let value = if sort.is_recent() {
            value
                .and_then(Value::as_str)
                .map(Seq::parse)
                .map(Scalar::Position)
        } else {
            value.and_then(Scalar::of)
        };
        Self {
            value,
            order: sort.order,
        }
    }
}

impl Scalar {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(number) => Some(Self::of_number(number)),
            Value::String(text) => {
                Some(Decimal::parse(text).map_or_else(|| Self::Text(text.clone()), Self::Decimal))
            }
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn of_number(number: &Number) -> Self {
        match (number.as_i64(), number.as_u64()) {
            (Some(n), _) => Self::Integer(n.into()),
            (_, Some(n)) => Self::Integer(n.into()),
            _ => Self::Float(number.as_f64().unwrap_or_default()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Integer(_) | Self::Float(_) => 1,
            Self::Decimal(_) => 2,
            Self::Text(_) => 3,
            Self::Position(_) => 4,
        }
    }
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_decimal.then(|| {
            let digits = digits.trim_start_matches('0').to_owned();
            Self {
                negative: negative && !digits.is_empty(),
                digits,
            }
        })
    }
}

/// Compares an integer with a float, exactly.
fn compare_mixed(integer: i128, float: f64) -> Ordering {
    // Beyond the range of i128, the cast saturates, which does not change the order.
    let whole = float.trunc() as i128;
    let fraction = 0.0_f64.partial_cmp(&float.fract());
    integer
        .cmp(&whole)
        .then(fraction.unwrap_or(Ordering::Equal))
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = |a: &Self, b: &Self| {
            let length = a.digits.len().cmp(&b.digits.len());
            length.then_with(|| a.digits.cmp(&b.digits))
        };
        match (self.negative, other.negative) {
            (false, false) => magnitude(self, other),
            (true, true) => magnitude(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            // JSON has no NaN.
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Integer(a), Self::Float(b)) => compare_mixed(*a, *b),
            (Self::Float(a), Self::Integer(b)) => compare_mixed(*b, *a).reverse(),
            (Self::Decimal(a), Self::Decimal(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Position(a), Self::Position(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scalar {}

impl Ord for SortValue {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.value, &other.value) {
            (Some(a), Some(b)) if self.order == Order::Desc => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => b.is_some().cmp(&a.is_some()),
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

    fn sorted(sort: &Sort, values: Value) -> Value {
        let mut values: Vec<Value> = values.as_array().cloned().unwrap_or_default();
        values.sort_by_key(|value| SortValue::of(&json!({"v": value}), sort));
        json!(values)
    }

    #[test]
    fn descending_order_reverses_everything_but_null() {
        let values = json!(["bob", "9", null, true, 5, "éa", "10", 1.5, false, "Alice", "-3"]);
        let ascending = json!([false, true, 1.5, 5, "-3", "9", "10", "Alice", "bob", "éa", null]);
        let descending = json!(["éa", "bob", "Alice", "10", "9", "-3", 5, 1.5, true, false, null]);
        assert_eq!(sorted(&Sort::asc("v"), values.clone()), ascending);
        assert_eq!(sorted(&Sort::desc("v"), values), descending);
    }

    #[test]
    fn wide_numbers_compare_by_value() {
        let values = json!([
            "18446744073709551617",
            "-18446744073709551617",
            "18446744073709551616",
            18446744073709551615_u64,
            18446744073709551614_u64,
            9007199254740993_i64,
            9007199254740992.0,
            "-2"
        ]);
        let ascending = json!([
            9007199254740992.0,
            9007199254740993_i64,
            18446744073709551614_u64,
            18446744073709551615_u64,
            "-18446744073709551617",
            "-2",
            "18446744073709551616",
            "18446744073709551617"
        ]);
        assert_eq!(sorted(&Sort::asc("v"), values), ascending);
    }

    #[test]
    fn positions_compare_by_slot_and_index() {
        let of = |seq: Value| SortValue::of(&json!({"_seq": seq}), &Sort::recent());
        assert!(of(json!("100000000:1")) < of(json!("99999999:000000000002")));
        assert!(of(json!("7:10")) < of(json!("7:9")));
        assert!(of(json!("0:0")) < of(Value::Null));
    }
}
