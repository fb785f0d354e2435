//! The order of a v2 view.

use crate::session::rank::{BigInteger, Rank, RankValue};
use crate::wire::{text_of, Direction, Scalar, Seq, Sort};

/// The greatest class of values. Descending, the classes follow each other in reverse.
const GREATEST: u8 = 3;

/// The class of rows without a value, after all others in both directions.
const MISSING: u8 = u8::MAX;

/// Ranks a row by the JSON of its sort value.
///
/// Booleans come first, then numbers, then decimal integers in text, which is how the server sends wide
/// integers, then other text by its bytes. A descending order reverses all of it. Rows without a value
/// come last in both directions: those without the field, and those where it is null, an array or an
/// object. `_seq` is compared by slot and index.
pub(crate) fn rank(json: &str, sort: &Sort) -> Rank {
    let value = if sort.is_by_position() {
        position(json)
    } else {
        value(json)
    };
    let (class, value) = value.unwrap_or((MISSING, RankValue::Missing));
    let descending = sort.direction == Direction::Descending;
    let class = match class {
        MISSING => MISSING,
        class if descending => GREATEST - class,
        class => class,
    };
    Rank {
        class,
        value,
        descending,
    }
}

fn position(json: &str) -> Option<(u8, RankValue)> {
    let text = json.starts_with('"').then(|| text_of(json))??;
    Some((0, RankValue::Position(Seq::parse(&text))))
}

/// The value and its class.
fn value(json: &str) -> Option<(u8, RankValue)> {
    if json.starts_with('"') {
        let text = text_of(json)?;
        return Some(match decimal(&text) {
            Some(value) => (2, value),
            None => (GREATEST, RankValue::Text((*text).into())),
        });
    }
    match Scalar::read(json)? {
        Scalar::Bool(value) => Some((0, RankValue::Bool(value))),
        Scalar::Integer(value) => Some((1, RankValue::Integer(value))),
        // Adding zero turns `-0.0` into `0.0`, which equals the integer.
        Scalar::Float(value) => Some((1, RankValue::Float(value + 0.0))),
        Scalar::Null | Scalar::Text(_) => None,
    }
}

/// An integer in decimal digits, of any size.
fn decimal(text: &str) -> Option<RankValue> {
    let unsigned = text.strip_prefix('-');
    let digits = unsigned.unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match text.parse() {
        Ok(value) => RankValue::Integer(value),
        Err(_) => RankValue::BigInteger(BigInteger {
            is_negative: unsigned.is_some(),
            digits: digits.trim_start_matches('0').into(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sorts values of a field, each as JSON.
    fn sorted(path: &str, direction: Direction, values: &[&'static str]) -> Vec<&'static str> {
        let sort = Sort {
            path: vec![path.to_owned()],
            direction,
        };
        let mut values = values.to_vec();
        values.sort_by_key(|json| rank(json, &sort));
        values
    }

    /// Checks that the values are in ascending order, and that descending order reverses them.
    fn assert_order(values: &[&'static str]) {
        let mut shuffled = values.to_vec();
        shuffled.reverse();
        shuffled.rotate_left(values.len() / 2);
        assert_eq!(sorted("n", Direction::Ascending, &shuffled), values);
        let mut reversed = values.to_vec();
        reversed.reverse();
        assert_eq!(sorted("n", Direction::Descending, &shuffled), reversed);
    }

    #[test]
    fn kinds_of_values_are_ordered_and_descending_order_reverses_them() {
        assert_order(&[
            "false",
            "true",
            "-1e300",
            "5",
            r#""-3""#,
            r#""9""#,
            r#""10""#,
            r#""""#,
            r#""+5""#,
            r#""-""#,
            r#""1.5""#,
            r#""Alice""#,
            r#""bob""#,
            r#""éa""#,
        ]);
    }

    #[test]
    fn integers_of_any_size_in_text_compare_by_value() {
        assert_order(&[
            r#""-340282366920938463463374607431768211456""#,
            r#""-340282366920938463463374607431768211455""#,
            r#""-170141183460469231731687303715884105728""#,
            r#""-1""#,
            r#""0007""#,
            r#""18446744073709551615""#,
            r#""00000018446744073709551616""#,
            r#""170141183460469231731687303715884105727""#,
            r#""170141183460469231731687303715884105728""#,
            r#""0000340282366920938463463374607431768211455""#,
            r#""340282366920938463463374607431768211456""#,
            r#""1000000000000000000000000000000000000000""#,
        ]);
    }

    #[test]
    fn numbers_compare_exactly() {
        assert_order(&[
            "-1.5",
            "-1",
            "9007199254740992.0",
            "9007199254740993",
            "9223372036854775807",
            "18446744073709551614",
            "18446744073709551615",
            "1e+20",
        ]);
        let equal = ["0", "-0", "-0.0", "0e5"];
        assert_eq!(sorted("n", Direction::Ascending, &equal), equal);
    }

    #[test]
    fn rows_without_a_value_come_last_in_both_directions() {
        let values = ["null", "[1]", r#"{"n":1}"#, r#""a""#, "false"];
        let ascending = ["false", r#""a""#, "null", "[1]", r#"{"n":1}"#];
        assert_eq!(sorted("n", Direction::Ascending, &values), ascending);
        let descending = [r#""a""#, "false", "null", "[1]", r#"{"n":1}"#];
        assert_eq!(sorted("n", Direction::Descending, &values), descending);
    }

    #[test]
    fn positions_compare_by_slot_and_index_in_both_directions() {
        let values = [r#""100000000:1""#, "null", r#""7:10""#, "5", r#""7:9""#];
        let ascending = [r#""7:9""#, r#""7:10""#, r#""100000000:1""#, "null", "5"];
        assert_eq!(sorted("_seq", Direction::Ascending, &values), ascending);
        let descending = [r#""100000000:1""#, r#""7:10""#, r#""7:9""#, "null", "5"];
        assert_eq!(sorted("_seq", Direction::Descending, &values), descending);
    }
}
