//! Compares a client's rows with the server's: as JSON, field by field.

use crate::entity::{client_row, Round};
use crate::truth::Row;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the first difference between rows by key.
pub fn by_key(expected: &[Row], found: &BTreeMap<String, Arc<Round>>) -> Option<String> {
    if let Some(key) = found
        .keys()
        .find(|key| expected.iter().all(|(it, _)| it != *key))
    {
        return Some(format!("the row {key} is not on the server"));
    }
    expected.iter().find_map(|(key, row)| match found.get(key) {
        Some(found) => difference(key, row, &client_row(found)),
        None => Some(format!("the row {key} is missing")),
    })
}

/// Returns the first difference between rows in order.
pub fn in_order(expected: &[Row], found: &[Arc<Round>]) -> Option<String> {
    if expected.len() != found.len() {
        let (expected, found) = (expected.len(), found.len());
        return Some(format!("expected {expected} rows in order, found {found}"));
    }
    let mut places = expected.iter().zip(found).enumerate();
    places.find_map(|(place, ((key, row), found))| {
        difference(
            &format!("place {place}, row {key}"),
            row,
            &client_row(found),
        )
    })
}

/// Returns the first difference between two values, with its path.
pub fn difference(path: &str, expected: &Value, found: &Value) -> Option<String> {
    if expected == found {
        return None;
    }
    if let (Value::Object(expected), Value::Object(found)) = (expected, found) {
        let names = expected.keys().chain(found.keys());
        return names.into_iter().find_map(|name| {
            let of = |fields: &serde_json::Map<String, Value>| {
                fields
                    .get(name)
                    .cloned()
                    .unwrap_or("(no such field)".into())
            };
            difference(&format!("{path}.{name}"), &of(expected), &of(found))
        });
    }
    Some(format!("{path}: expected {expected}, found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::server_row;
    use serde_json::json;

    fn row(miners: u64) -> Value {
        let state = json!({"miners": miners, "deployed": 1.5, "squares": [1, 2]});
        json!({"id": {"round_id": "7", "address": "a"}, "state": state, "_seq": "1:2"})
    }

    fn held(miners: u64) -> Arc<Round> {
        let row = serde_json::from_value::<crate::entity::RoundPatch>(row(miners)).unwrap();
        Arc::new(Round::try_from(row).unwrap())
    }

    #[test]
    fn equal_rows_have_no_difference() {
        let expected = [("7".to_owned(), server_row(row(3)))];
        assert_eq!(in_order(&expected, &[held(3)]), None);
        assert_eq!(by_key(&expected, &[("7".to_owned(), held(3))].into()), None);
    }

    #[test]
    fn every_difference_is_found() {
        let expected = ["7", "8"].map(|key| (key.to_owned(), server_row(row(3))));
        let found = |rows: &[(&str, u64)]| {
            let rows = rows
                .iter()
                .map(|(key, miners)| (key.to_string(), held(*miners)));
            by_key(&expected, &rows.collect()).unwrap()
        };
        assert_eq!(
            found(&[("7", 3), ("8", 4)]),
            "8.state.miners: expected 3, found 4"
        );
        assert_eq!(found(&[("7", 3)]), "the row 8 is missing");
        assert_eq!(
            found(&[("7", 3), ("8", 3), ("9", 3)]),
            "the row 9 is not on the server"
        );
        let order = [
            ("a".to_owned(), server_row(row(3))),
            ("b".to_owned(), server_row(row(4))),
        ];
        assert_eq!(
            in_order(&order, &[held(4), held(3)]).unwrap(),
            "place 0, row a.state.miners: expected 3, found 4"
        );
        assert_eq!(
            in_order(&order, &[held(3)]).unwrap(),
            "expected 2 rows in order, found 1"
        );
        let unknown = difference("7", &json!({"a": 1, "new": 2}), &json!({"a": 1})).unwrap();
        assert_eq!(unknown, "7.new: expected 2, found \"(no such field)\"");
    }
}
