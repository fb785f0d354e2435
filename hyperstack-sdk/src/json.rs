//! Reads JSON as a tree. Features of serde_json that other crates turn on do not change the result.

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The key under which serde_json passes the text of a number if `arbitrary_precision` is on.
const NUMBER: &str = "$serde_json::private::Number";

/// The name that asks serde_json for the text of a value, and the key under which serde_json passes it.
pub(crate) const RAW: &str = "$serde_json::private::RawValue";

/// Whether a map whose first key is `key` is a number.
pub(crate) fn is_number(key: &str) -> bool {
    // Without the feature, the map is an object that the server sent.
    key == NUMBER && has_arbitrary_precision()
}

/// Whether `arbitrary_precision` is on. Without it, a `Number` holds at most 64 bits.
fn has_arbitrary_precision() -> bool {
    Number::from_u128(u128::MAX).is_some()
}

/// Parses JSON.
pub(crate) fn parse(json: impl AsRef<[u8]>) -> serde_json::Result<Value> {
    let mut json = serde_json::Deserializer::from_slice(json.as_ref());
    let value = read(&mut json)?;
    json.end()?;
    Ok(value)
}

/// Reads any value.
///
/// `Value`'s own impl depends on features: it parses the text under the private key of `raw_value`, and with
/// `arbitrary_precision` it compares numbers by their spelling.
pub(crate) fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Value, D::Error> {
    d.deserialize_any(AnyValue)
}

/// Reads an object.
pub(crate) fn read_object<'de, D: Deserializer<'de>>(d: D) -> Result<Map<String, Value>, D::Error> {
    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Map<String, Value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            entries(map, Map::new())
        }
    }

    d.deserialize_map(Object)
}

fn entries<'de, A: MapAccess<'de>>(
    mut map: A,
    mut object: Map<String, Value>,
) -> Result<Map<String, Value>, A::Error> {
    while let Some((key, Tree(value))) = map.next_entry()? {
        object.insert(key, value);
    }
    Ok(object)
}

/// A nested value.
struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        read(d).map(Self)
    }
}

/// Reads any value.
pub(crate) struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Number::from_u128(value).map_or_else(|| (value as f64).into(), Value::Number))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Number::from_i128(value).map_or_else(|| (value as f64).into(), Value::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(unsigned_zero(value).into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        read(d)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        read(d)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Tree(value)) = seq.next_element()? {
            array.push(value);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        match map.next_key()? {
            Some(key) => after_key(key, map),
            None => Ok(Value::Object(Map::new())),
        }
    }
}

/// Reads the rest of an object after its first key.
pub(crate) fn after_key<'de, A: MapAccess<'de>>(
    key: String,
    mut map: A,
) -> Result<Value, A::Error> {
    if is_number(&key) {
        let text: String = map.next_value()?;
        return number(&text).map(Value::Number).map_err(A::Error::custom);
    }
    let Tree(value) = map.next_value()?;
    let object = Map::from_iter([(key, value)]);
    entries(map, object).map(Value::Object)
}

/// Drops the sign of a zero, because `arbitrary_precision` compares numbers as text, where the two zeros differ.
fn unsigned_zero(float: f64) -> f64 {
    float + 0.0
}

/// Reads a number from its text, for `arbitrary_precision`.
///
/// A number that a 64-bit float holds exactly as written gets the float's spelling: `1e2` becomes `100.0`, as
/// it does without the feature. Every other number keeps its digits.
fn number(text: &str) -> serde_json::Result<Number> {
    if text.contains(['.', 'e', 'E']) || text == "-0" {
        let float = text.parse().unwrap_or(f64::NAN);
        let spelled = Number::from_f64(unsigned_zero(float));
        let exact = |spelled: &Number| Decimal::of(&spelled.to_string()) == Decimal::of(text);
        if let Some(spelled) = spelled.filter(exact) {
            return Ok(spelled);
        }
    }
    text.parse()
}

/// A decimal number without its spelling: equal if the values are equal.
#[derive(PartialEq)]
struct Decimal {
    is_negative: bool,
    /// The digits, without zeros at either end.
    digits: String,
    /// The power of ten that the digits are multiplied by.
    exponent: i64,
}

impl Decimal {
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (is_negative, whole) = match whole.strip_prefix('-') {
            Some(whole) => (true, whole),
            None => (false, whole),
        };
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self {
                is_negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
        let behind = i64::try_from(fraction.len()).ok()?;
        let exponent: i64 = exponent.parse().ok()?;
        Some(Self {
            is_negative,
            digits: significant.trim_start_matches('0').to_owned(),
            exponent: exponent.checked_sub(behind)?.checked_add(zeros)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_spelling_of_a_number_does_not_matter() {
        for (text, other) in [
            ("1.5", "1.50"),
            ("1e2", "100.0"),
            ("1E+2", "100.000"),
            ("-0.001", "-1e-3"),
            ("0.0", "-0"),
            ("-0.0", "0e7"),
            ("0.1", "1e-1"),
        ] {
            assert_eq!(parse(text).unwrap(), parse(other).unwrap(), "{text}");
            assert_eq!(number(text).unwrap(), number(other).unwrap(), "{text}");
        }
        // An integer does not equal a float.
        assert_ne!(parse("100").unwrap(), parse("1e2").unwrap());
        assert_eq!(parse("1e2").unwrap(), json!(100.0));
    }

    #[test]
    fn arbitrary_precision_keeps_digits() {
        for text in [
            "18446744073709551616",
            "-170141183460469231731687303715884105729",
            "0.10000000000000000555111512312578270211815834045410156250",
        ] {
            let read = parse(text).unwrap();
            if has_arbitrary_precision() {
                assert_eq!(read.to_string(), text);
            } else {
                assert_eq!(read, json!(text.parse::<f64>().unwrap()));
            }
        }
    }

    #[test]
    fn reads_as_serde_json_does() {
        let text = r#"{"a": [null, true, 1, -1, 0.5, "x", {}, []], "b": {"c": {"a": 1, "a": 2}}}"#;
        assert_eq!(
            parse(text).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
        assert!(parse("{}{}").is_err() && parse("").is_err() && parse("[1").is_err());
    }

    #[test]
    fn text_in_an_object_stays_text() {
        let text = format!(r#"{{"{RAW}":"[[1]]"}}"#);
        let object = parse(&text).unwrap();
        assert_eq!(object[RAW], json!("[[1]]"));
    }
}
