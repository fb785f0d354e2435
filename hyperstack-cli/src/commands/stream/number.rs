//! Numbers in rows: JSON numbers, and wide integers that servers send as text.

use std::cmp::Ordering;

use hyperstack_sdk::Value;

/// A number of any width. Numbers are ordered by value, and integers up to 128 bits exactly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    /// The nearest float, which is finite.
    pub(super) float: f64,
    /// The exact value of an integer that fits.
    pub(super) integer: Option<i128>,
}

impl Number {
    /// Reads a JSON number, or a decimal number as text.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let (float, integer) = match value {
            Value::Number(number) => {
                let signed = number.as_i64().map(i128::from);
                let integer = signed.or_else(|| number.as_u64().map(i128::from));
                (number.as_f64()?, integer)
            }
            Value::String(text) if is_decimal(text) => (text.parse().ok()?, text.parse().ok()),
            _ => return None,
        };
        float.is_finite().then_some(Number { float, integer })
    }
}

/// Returns whether the text consists of digits, with at most one sign in front and one point between digits.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        // Rounding keeps the order of integers, so the exact values matter only if the floats are equal.
        let floats = self.float.total_cmp(&other.float);
        floats.then_with(|| self.integer.cmp(&other.integer))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn number(value: Value) -> Number {
        Number::of(&value).unwrap_or_else(|| panic!("{value} is a number"))
    }

    #[test]
    fn decimal_text_is_a_number() {
        assert_eq!(number(json!("-12.5")).float, -12.5);
        assert_eq!(
            number(json!("340282366920938463463")).integer,
            Some(340_282_366_920_938_463_463)
        );
        for text in [
            "", "-", "1.", ".5", "1e3", "inf", "NaN", "+1", "0x1", "1 ", "1.2.3",
        ] {
            assert_eq!(Number::of(&json!(text)), None, "{text}");
        }
        for value in [json!(null), json!(true), json!([1]), json!({"a": 1})] {
            assert_eq!(Number::of(&value), None, "{value}");
        }
        assert_eq!(Number::of(&json!("9".repeat(400))), None);
    }

    #[test]
    fn integers_that_round_to_the_same_float_keep_their_order() {
        let (less, more) = ("18446744073709551614", "18446744073709551615");
        assert_eq!(number(json!(less)).float, number(json!(more)).float);
        assert!(number(json!(less)) < number(json!(more)));
        assert!(number(json!(9)) < number(json!("10")));
        assert!(number(json!(-1.5)) < number(json!("-1")));
        assert_eq!(number(json!("7")), number(json!(7)));
    }
}
