//! Protocol v1 writes integers beyond ±(2^53 - 1) as strings, because some JSON readers cannot hold them.

use serde_json::{Number, Value};

/// The greatest integer that every JSON reader holds exactly.
const SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Whether a number is an integer beyond ±(2^53 - 1).
pub(crate) fn is_wide(number: &Number) -> bool {
    match (number.as_u64(), number.as_i64()) {
        (Some(n), _) => n > SAFE_INTEGER,
        (None, Some(n)) => n.unsigned_abs() > SAFE_INTEGER,
        (None, None) => false,
    }
}

/// Returns the JSON of a value with its wide integers as strings, at any depth. Floats stay numbers.
pub(super) fn json(value: &Value) -> String {
    if !has_wide(value) {
        return value.to_string();
    }
    stringified(value).to_string()
}

/// Returns a value with its wide integers as strings, at any depth.
pub(crate) fn stringified(value: &Value) -> Value {
    let mut value = value.clone();
    stringify(&mut value);
    value
}

fn has_wide(value: &Value) -> bool {
    match value {
        Value::Number(number) => is_wide(number),
        Value::Array(items) => items.iter().any(has_wide),
        Value::Object(fields) => fields.values().any(has_wide),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn stringify(value: &mut Value) {
    match value {
        Value::Number(number) if is_wide(number) => *value = Value::String(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(stringify),
        Value::Object(fields) => fields.values_mut().for_each(stringify),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn integers_beyond_the_limit_become_text() {
        let value = json!([
            9007199254740991_u64,
            9007199254740992_u64,
            -9007199254740991_i64,
            {"deep": -9007199254740992_i64},
            1e17,
            u64::MAX
        ]);
        assert_eq!(
            super::json(&value),
            json!([
                9007199254740991_u64,
                "9007199254740992",
                -9007199254740991_i64,
                {"deep": "-9007199254740992"},
                1e17,
                "18446744073709551615"
            ])
            .to_string()
        );
    }
}
