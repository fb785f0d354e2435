//! Dotted paths into rows, for `--fields` and the columns of the table.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

/// The wire names that lead to a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Path(Vec<String>);

impl FromStr for Path {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.split('.').any(str::is_empty) {
            Err("expected names joined by dots, such as `id.round_id`")
        } else {
            Ok(Path(text.split('.').map(str::to_owned).collect()))
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl Path {
    /// Returns the row's value at this path.
    pub(super) fn find<'r>(&self, row: &'r Value) -> Option<&'r Value> {
        self.0.iter().try_fold(row, |inner, name| inner.get(name))
    }

    /// Returns the last name.
    pub(super) fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Returns whether this path equals `other` or leads into it.
    pub(super) fn is_in(&self, other: &Path) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Returns the suffixes of the path, from the last name to the whole path.
    pub(super) fn suffixes(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.0.len()).rev().map(|from| self.0[from..].join("."))
    }

    /// Sets the value at this path in an object.
    fn put(&self, object: &mut Map<String, Value>, value: Value) {
        let Some((last, parents)) = self.0.split_last() else {
            return;
        };
        let mut object = object;
        for name in parents {
            let inner = object
                .entry(name.as_str())
                .or_insert_with(|| Value::Object(Map::new()));
            match inner {
                Value::Object(inner) => object = inner,
                // A shorter path already set the whole value.
                _ => return,
            }
        }
        object.insert(last.clone(), value);
    }
}

/// Returns the part of a row at these paths, in the row's shape, or `None` if the row has none of them.
pub(crate) fn pick(row: &Value, paths: &[Path]) -> Option<Value> {
    let mut picked = Map::new();
    for path in paths {
        if let Some(value) = path.find(row) {
            path.put(&mut picked, value.clone());
        }
    }
    (!picked.is_empty()).then_some(Value::Object(picked))
}

/// Returns every path in a row, including those of nested objects.
pub(super) fn paths(row: &Value) -> Vec<Path> {
    let parts = row.as_object().into_iter().flatten();
    let below = |(name, value): (&String, &Value)| {
        let mut found = vec![Path(Vec::new())];
        found.extend(paths(value));
        for path in &mut found {
            path.0.insert(0, name.clone());
        }
        found
    };
    parts.flat_map(below).collect()
}

/// Returns all values of a row that are not objects, with their paths. Skips positions.
pub(super) fn leaves(row: &Value) -> Vec<(Path, &Value)> {
    let mut found = Vec::new();
    collect(row, &mut Vec::new(), &mut found);
    found
}

/// Returns whether a field is the server's position or version of the row's last change.
pub(super) fn is_position(name: &str) -> bool {
    matches!(name, "_seq" | "_version")
}

fn collect<'r>(value: &'r Value, here: &mut Vec<String>, found: &mut Vec<(Path, &'r Value)>) {
    let Value::Object(map) = value else {
        found.push((Path(here.clone()), value));
        return;
    };
    for (name, value) in map {
        if !is_position(name) {
            here.push(name.clone());
            collect(value, here, found);
            here.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(texts: &[&str]) -> Vec<Path> {
        texts.iter().filter_map(|text| text.parse().ok()).collect()
    }

    #[test]
    fn picked_fields_keep_their_place() {
        let row = json!({"id": {"n": 7, "address": "x"}, "state": null, "log": [1]});
        let picked = pick(&row, &parsed(&["id.n", "state", "no.such", "log"]));
        let wanted = json!({"id": {"n": 7}, "state": null, "log": [1]});
        assert_eq!(picked, Some(wanted));
        assert_eq!(
            pick(&row, &parsed(&["id", "id.n"])),
            Some(json!({"id": {"n": 7, "address": "x"}}))
        );
        assert_eq!(pick(&json!(7), &parsed(&["id"])), None);
    }

    #[test]
    fn leaves_are_the_values_that_are_not_objects() {
        let row = json!({"_seq": "1:2", "_version": "a:3", "a": {"b": 1, "c": [1], "d": null}, "e": "x", "f": {}});
        let found: Vec<_> = leaves(&row).into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, parsed(&["a.b", "a.c", "a.d", "e"]));
        assert!(found[0].is_in(&found[0]) && found[0].is_in(&parsed(&["a"])[0]));
        assert!(!found[3].is_in(&found[0]));
        assert_eq!(found[0].suffixes().collect::<Vec<_>>(), ["b", "a.b"]);
    }

    #[test]
    fn paths_include_nested_objects() {
        let row = json!({"a": {"b": 1, "c": {}}, "d": [{"e": 1}]});
        assert_eq!(paths(&row), parsed(&["a", "a.b", "a.c", "d"]));
    }

    #[test]
    fn an_empty_name_is_an_error() {
        for text in ["", ".", "a.", ".a", "a..b"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
        assert_eq!(
            "a.b".parse::<Path>().map(|path| path.to_string()),
            Ok("a.b".to_owned())
        );
    }
}
