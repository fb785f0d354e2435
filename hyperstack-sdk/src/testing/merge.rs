//! Merges patches into rows, as the server's cache does.

use serde_json::{Map, Value};

/// The options of a merge.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Merge<'a> {
    /// Dotted paths of the arrays that are appended to instead of replaced.
    pub(super) append: &'a [String],
    /// Whether the row is replaced as a whole.
    pub(super) replaces: bool,
    /// How many of its newest elements an array keeps.
    pub(super) array_limit: Option<usize>,
}

impl Merge<'_> {
    /// Merges `patch` into `base`. Objects merge key by key, arrays are appended to or replaced by path, and
    /// anything else is replaced. Null is a value like any other; no patch removes a key.
    pub(super) fn apply(self, base: &mut Value, patch: Value) {
        self.at(base, patch, "");
    }

    fn at(self, base: &mut Value, patch: Value, path: &str) {
        match (base, patch) {
            (Value::Object(base), Value::Object(patch)) => self.objects(base, patch, path),
            (Value::Array(base), Value::Array(patch)) => {
                if self.append.iter().any(|listed| listed == path) {
                    base.extend(patch);
                } else {
                    *base = patch;
                }
                self.trim(base);
            }
            (base, patch) => *base = self.trimmed(patch),
        }
    }

    fn objects(self, base: &mut Map<String, Value>, patch: Map<String, Value>, path: &str) {
        for (name, value) in patch {
            match base.get_mut(&name) {
                Some(known) => {
                    let path = if path.is_empty() {
                        name
                    } else {
                        format!("{path}.{name}")
                    };
                    self.at(known, value, &path);
                }
                None => {
                    base.insert(name, self.trimmed(value));
                }
            }
        }
    }

    /// Returns `value` as it is first cached, with every array cut to its newest elements.
    pub(super) fn trimmed(self, mut value: Value) -> Value {
        if self.array_limit.is_some() {
            self.trim_within(&mut value);
        }
        value
    }

    fn trim_within(self, value: &mut Value) {
        match value {
            Value::Array(items) => {
                self.trim(items);
                items.iter_mut().for_each(|item| self.trim_within(item));
            }
            Value::Object(fields) => fields.values_mut().for_each(|item| self.trim_within(item)),
            _ => {}
        }
    }

    fn trim(self, items: &mut Vec<Value>) {
        if let Some(limit) = self.array_limit {
            items.drain(..items.len().saturating_sub(limit));
        }
    }
}

/// The value at a path of object keys.
pub(super) fn lookup<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(mut base: Value, patch: Value, append: &[&str], array_limit: Option<usize>) -> Value {
        let append: Vec<String> = append.iter().map(|path| path.to_string()).collect();
        let merge = Merge {
            append: &append,
            array_limit,
            ..Merge::default()
        };
        merge.apply(&mut base, patch);
        base
    }

    #[test]
    fn objects_merge_and_null_is_a_value() {
        let base = json!({"a": {"x": 1, "y": 2}, "b": 3});
        let patch = json!({"a": {"y": null, "z": 4}, "b": {"c": 5}});
        assert_eq!(
            merged(base, patch, &[], None),
            json!({"a": {"x": 1, "y": null, "z": 4}, "b": {"c": 5}})
        );
    }

    #[test]
    fn only_listed_arrays_grow() {
        let base = json!({"a": {"log": [1]}, "log": [1]});
        let patch = json!({"a": {"log": [2]}, "log": [2]});
        assert_eq!(
            merged(base, patch, &["a.log"], None),
            json!({"a": {"log": [1, 2]}, "log": [2]})
        );
    }

    #[test]
    fn an_append_to_null_or_a_missing_field_sets_the_value() {
        assert_eq!(
            merged(
                json!({"a": null}),
                json!({"a": [1], "b": [2]}),
                &["a", "b"],
                None
            ),
            json!({"a": [1], "b": [2]})
        );
    }

    #[test]
    fn arrays_keep_their_newest_elements() {
        let patch = json!({"a": [3, 4], "b": [1, 2, 3], "c": {"d": [[1, 2, 3]]}});
        assert_eq!(
            merged(json!({"a": [1, 2]}), patch, &["a"], Some(2)),
            json!({"a": [3, 4], "b": [2, 3], "c": {"d": [[2, 3]]}})
        );
    }
}
