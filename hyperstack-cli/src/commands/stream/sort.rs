//! `--sort`: an order of the table's rows by a field.

use std::cmp::Reverse;
use std::str::FromStr;

use hyperstack_sdk::Value;

use super::cells::text;
use super::number::Number;
use super::path::Path;

/// A field to sort by, and the direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sort {
    pub(super) path: Path,
    pub(super) is_descending: bool,
}

impl FromStr for Sort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, is_descending) = match text.split_once(':') {
            None => (text, false),
            Some((path, "asc")) => (path, false),
            Some((path, "desc")) => (path, true),
            Some(_) => {
                return Err("expected PATH, PATH:asc or PATH:desc, such as state.motherlode:desc")
            }
        };
        Ok(Sort {
            path: path.parse()?,
            is_descending,
        })
    }
}

/// The place of a value: numbers by value, then everything else by its text.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Number(Number),
    Text(String),
}

impl Rank {
    fn of(value: &Value) -> Self {
        match Number::of(value) {
            Some(number) => Rank::Number(number),
            None => Rank::Text(text(value)),
        }
    }
}

/// The place of a row. A sort has one direction, so the first two never meet.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Ascending(Rank),
    Descending(Reverse<Rank>),
    /// The field is null, or the row does not have it.
    Last,
}

impl Sort {
    /// Returns the sort key of a row; the lowest comes first. Rows with equal values are ordered by their keys.
    pub(super) fn rank(&self, key: &str, row: Option<&Value>) -> impl Ord {
        let value = row.and_then(|row| self.path.find(row));
        let place = match value.filter(|value| !value.is_null()).map(Rank::of) {
            None => Place::Last,
            Some(rank) if self.is_descending => Place::Descending(Reverse(rank)),
            Some(rank) => Place::Ascending(rank),
        };
        (place, Rank::of(&Value::from(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Sorts rows with the keys `9`, `10`, `11` and so on.
    fn sorted(sort: &str, values: &[Value]) -> Vec<String> {
        let sort: Sort = sort.parse().unwrap();
        let rows = values.iter().enumerate();
        let mut rows: Vec<_> = rows
            .map(|(n, value)| ((n + 9).to_string(), json!({"a": {"b": value}})))
            .collect();
        rows.sort_by_cached_key(|(key, row)| sort.rank(key, Some(row)));
        rows.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn numbers_come_before_text_and_null_comes_last() {
        let values = [
            json!(null),
            json!("beta"),
            json!(10),
            json!("9"),
            json!("alpha"),
        ];
        assert_eq!(sorted("a.b", &values), ["12", "11", "13", "10", "9"]);
        assert_eq!(sorted("a.b:asc", &values), sorted("a.b", &values));
        assert_eq!(sorted("a.b:desc", &values), ["10", "13", "11", "12", "9"]);
    }

    #[test]
    fn equal_values_are_ordered_by_key() {
        let values = [json!(1), json!(1), json!("1"), json!(2)];
        assert_eq!(sorted("a.b", &values), ["9", "10", "11", "12"]);
        assert_eq!(sorted("a.b:desc", &values), ["12", "9", "10", "11"]);
        assert_eq!(sorted("no.such", &values), ["9", "10", "11", "12"]);
    }

    #[test]
    fn a_direction_is_asc_or_desc() {
        for invalid in ["", ":desc", "a:", "a:down", "a:asc:asc", "a..b", "a:desc:x"] {
            assert!(invalid.parse::<Sort>().is_err(), "{invalid}");
        }
    }
}
