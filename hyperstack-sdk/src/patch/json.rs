//! `serde_json::Value`, which merges as on the server.

use super::context::Context;
use super::error::PatchError;
use super::field::{replace, Field, Rule, Slot};
use super::filter::{Asked, FilterError};
use super::list::{append_capped, keep_newest};
use super::paths::Paths;
use crate::json;
use serde::{Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// A change of raw JSON. Objects merge key by key. Any other value replaces.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JsonPatch {
    /// The JSON to merge.
    pub value: Value,
    /// The dotted paths of the arrays in `value` that are appended. The empty path is the value itself.
    pub append: Vec<String>,
    /// Whether appended arrays keep only their newest 100 elements, as on a v2 server.
    pub is_capped: bool,
}

impl From<Value> for JsonPatch {
    /// Creates a patch without append paths.
    fn from(value: Value) -> Self {
        Self {
            value,
            append: Vec::new(),
            is_capped: false,
        }
    }
}

impl Field for Value {
    type Change = JsonPatch;
    type Rule = Json;

    fn decode_field<'de, D: Deserializer<'de>>(
        d: D,
        cx: &mut Context<'_>,
    ) -> Result<JsonPatch, D::Error> {
        Ok(JsonPatch {
            value: json::read(d)?,
            append: cx.append_below(),
            is_capped: cx.is_capped(),
        })
    }

    fn encode_field<S: Serializer>(patch: &JsonPatch, s: S) -> Result<S::Ok, S::Error> {
        patch.value.serialize(s)
    }
}

/// The rule of raw JSON: null if never sent.
#[derive(Debug)]
pub enum Json {}

impl Rule<Value, JsonPatch> for Json {
    fn absent() -> Result<Value, PatchError> {
        Ok(Value::Null)
    }

    fn null() -> Option<Value> {
        Some(Value::Null)
    }

    fn make(patch: JsonPatch) -> Result<Value, PatchError> {
        Ok(patch.value)
    }

    fn check(_: Option<&Value>, _: &JsonPatch) -> Result<(), PatchError> {
        Ok(())
    }

    fn holds(value: &Value, patch: &JsonPatch) -> bool {
        holds(value, &patch.value)
    }

    fn merge(value: &mut Value, patch: JsonPatch) -> Result<bool, PatchError> {
        let append = Below::new(&patch.append, patch.is_capped);
        Ok(merge(value, patch.value, &append))
    }

    fn then(first: &mut JsonPatch, second: JsonPatch) {
        first.is_capped |= second.is_capped;
        let append = (
            Below::new(&first.append, first.is_capped),
            Below::new(&second.append, second.is_capped),
        );
        let mut still = Vec::new();
        then(&mut first.value, second.value, append, "", &mut still);
        // Sorted and without duplicates, so that `then` is associative.
        still.sort_unstable();
        still.dedup();
        first.append = still;
    }

    fn fresh(patch: JsonPatch) -> JsonPatch {
        patch.value.into()
    }

    fn diff(value: &Value, later: &Value) -> Slot<JsonPatch> {
        match diff(value, later)? {
            Value::Null => Some(None),
            set => Some(Some(set.into())),
        }
    }

    fn whole(value: &Value) -> Slot<JsonPatch> {
        match value {
            Value::Null => Some(None),
            value => Some(Some(value.clone().into())),
        }
    }

    fn answers(_: Asked<'_>) -> Result<(), FilterError> {
        Ok(())
    }

    fn paths(patch: &JsonPatch, at: &mut Paths) {
        paths(&patch.value, at);
    }
}

/// Collects the paths that merging `value` sets.
fn paths(value: &Value, at: &mut Paths) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let mut fields: Vec<_> = map.iter().collect();
            // With serde_json's `preserve_order`, a map keeps the order of the message.
            fields.sort_unstable_by_key(|(key, _)| *key);
            for (key, value) in fields {
                at.under(key, |at| paths(value, at));
            }
        }
        Value::Object(_) => at.empty(),
        _ => at.here(),
    }
}

/// Append paths, relative to a place in the JSON.
#[derive(Clone, Default)]
struct Below<'a> {
    paths: Vec<&'a str>,
    /// Whether appended arrays keep only their newest elements.
    is_capped: bool,
}

impl<'a> Below<'a> {
    fn new(paths: &'a [String], is_capped: bool) -> Self {
        Self {
            paths: paths.iter().map(String::as_str).collect(),
            is_capped,
        }
    }

    /// Whether the value at this place is appended.
    fn here(&self) -> bool {
        self.paths.contains(&"")
    }

    /// Returns the paths below `key`, relative to it.
    fn under(&self, key: &str) -> Self {
        let relative = |path: &&'a str| {
            let rest = path.strip_prefix(key)?;
            rest.strip_prefix('.').or(rest.is_empty().then_some(""))
        };
        Self {
            paths: self.paths.iter().filter_map(relative).collect(),
            is_capped: self.is_capped,
        }
    }
}

/// Merges as the server's cache does, and returns whether anything changed.
fn merge(base: &mut Value, patch: Value, append: &Below<'_>) -> bool {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => merge_objects(base, patch, append),
        (Value::Array(base), Value::Array(patch)) if append.here() && append.is_capped => {
            append_capped(base, patch)
        }
        (Value::Array(base), Value::Array(patch)) if append.here() => {
            let changed = !patch.is_empty();
            base.extend(patch);
            changed
        }
        (base, patch) => replace(base, patch),
    }
}

fn merge_objects(
    base: &mut Map<String, Value>,
    patch: Map<String, Value>,
    append: &Below<'_>,
) -> bool {
    let mut changed = false;
    for (key, patch) in patch {
        changed |= match base.get_mut(&key) {
            Some(base) => merge(base, patch, &append.under(&key)),
            None => {
                base.insert(key, patch);
                true
            }
        };
    }
    changed
}

/// Whether merging `patch` into `value` changes nothing.
fn holds(value: &Value, patch: &Value) -> bool {
    match (value, patch) {
        (Value::Object(value), Value::Object(patch)) => patch.iter().all(|(key, patch)| {
            let value = value.get(key);
            value.is_some_and(|value| holds(value, patch))
        }),
        (value, patch) => value == patch,
    }
}

/// Combines both patches into `first`. Collects the paths at which the result appends in `still`.
fn then(
    first: &mut Value,
    second: Value,
    append: (Below<'_>, Below<'_>),
    path: &str,
    still: &mut Vec<String>,
) {
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => {
            for (key, value) in first.iter() {
                if !second.contains_key(key) {
                    keep(value, &append.0.under(key), &join(path, key), still);
                }
            }
            for (key, second) in second {
                let (path, below) = (join(path, &key), append.1.under(&key));
                match first.get_mut(&key) {
                    Some(first) => {
                        then(first, second, (append.0.under(&key), below), &path, still);
                    }
                    None => {
                        keep(&second, &below, &path, still);
                        first.insert(key, second);
                    }
                }
            }
        }
        (Value::Array(first), Value::Array(second)) if append.1.here() => {
            first.extend(second);
            if append.1.is_capped {
                keep_newest(first);
            }
            if append.0.here() {
                still.push(path.to_owned());
            }
        }
        // An array that is appended to a value that is not an array replaces it.
        (first, second) => *first = second,
    }
}

/// Collects the append paths of a value that only one of the two patches has.
fn keep(value: &Value, append: &Below<'_>, path: &str, still: &mut Vec<String>) {
    match value {
        Value::Array(_) if append.here() => still.push(path.to_owned()),
        Value::Object(map) if !append.paths.is_empty() => {
            for (key, value) in map {
                keep(value, &append.under(key), &join(path, key), still);
            }
        }
        _ => {}
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// Returns the JSON that turns `value` into `later` when merged. It cannot remove keys, because a merge does not.
fn diff(value: &Value, later: &Value) -> Option<Value> {
    let (Value::Object(value), Value::Object(later)) = (value, later) else {
        return (value != later).then(|| later.clone());
    };
    let changed = later.iter().filter_map(|(key, later)| {
        let set = match value.get(key) {
            Some(value) => diff(value, later)?,
            None => later.clone(),
        };
        Some((key.clone(), set))
    });
    let changed: Map<_, _> = changed.collect();
    (!changed.is_empty()).then_some(Value::Object(changed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patch(value: Value, append: &[&str]) -> JsonPatch {
        JsonPatch {
            value,
            append: append.iter().map(|path| (*path).to_owned()).collect(),
            is_capped: false,
        }
    }

    #[test]
    fn merges_as_the_server_does() {
        let mut value = json!({"a": {"b": 1, "c": [1]}, "d": 5, "e": [1], "f": null});
        let patch = patch(
            json!({"a": {"b": null, "c": [2]}, "d": {"x": 1}, "e": [2], "f": [3], "g": [4]}),
            &["a.c", "f", "g"],
        );
        assert_eq!(Json::merge(&mut value, patch.clone()), Ok(true));
        let merged = json!(
            {"a": {"b": null, "c": [1, 2]}, "d": {"x": 1}, "e": [2], "f": [3], "g": [4]}
        );
        assert_eq!(value, merged);
        let again = JsonPatch::from(json!({"a": {"b": null}, "d": {"x": 1}, "e": [2]}));
        assert_eq!(Json::merge(&mut value, again), Ok(false));
    }

    #[test]
    fn a_capped_append_keeps_the_newest_elements() {
        let numbers = |range: std::ops::Range<u32>| json!(range.collect::<Vec<_>>());
        let capped = |log: Value| JsonPatch {
            is_capped: true,
            ..patch(json!({"a": {"log": log}}), &["a.log"])
        };
        let mut value = json!({"a": {"log": numbers(0..99)}});
        assert_eq!(Json::merge(&mut value, capped(numbers(99..102))), Ok(true));
        assert_eq!(value["a"]["log"], numbers(2..102));
        let mut both = capped(numbers(102..160));
        Json::then(&mut both, capped(numbers(160..220)));
        assert_eq!(Json::merge(&mut value, both), Ok(true));
        assert_eq!(value["a"]["log"], numbers(120..220));
        let mut same = json!({"a": {"log": vec![7; 100]}});
        assert_eq!(Json::merge(&mut same, capped(json!([7]))), Ok(false));
        assert_eq!(same["a"]["log"], json!(vec![7; 100]));
    }

    #[test]
    fn holds_what_a_merge_would_not_change() {
        let value = json!({"a": {"b": null, "c": [1]}, "d": 5});
        for (patch, held) in [
            (json!({}), true),
            (json!({"a": {"b": null}}), true),
            (json!({"a": {"c": [1]}, "d": 5}), true),
            (json!({"a": {"c": []}}), false),
            (json!({"a": {"x": null}}), false),
            (json!({"d": {}}), false),
            (json!(null), false),
        ] {
            assert_eq!(Json::holds(&value, &patch.into()), held);
        }
    }

    #[test]
    fn then_keeps_what_still_appends() {
        let base = json!({"a": [0], "b": [0], "c": {"d": [0]}, "e": [0]});
        let first = patch(json!({"a": [1], "b": [1], "e": null}), &["a"]);
        let second = patch(
            json!({"a": [2], "b": [2], "c": {"d": [2]}, "e": [2]}),
            &["a", "b", "c.d", "e"],
        );
        let mut both = first.clone();
        Json::then(&mut both, second.clone());
        let mut at_once = base.clone();
        let mut in_turn = base;
        assert_eq!(Json::merge(&mut at_once, both), Ok(true));
        assert_eq!(Json::merge(&mut in_turn, first), Ok(true));
        assert_eq!(Json::merge(&mut in_turn, second), Ok(true));
        assert_eq!(at_once, in_turn);
        let merged = json!({"a": [0, 1, 2], "b": [1, 2], "c": {"d": [0, 2]}, "e": [2]});
        assert_eq!(in_turn, merged);
    }

    #[test]
    fn then_is_associative() {
        let first = patch(json!({"b": []}), &["b"]);
        let second = patch(json!({"a": []}), &["a"]);
        let third = patch(json!({"c": []}), &["c"]);
        let join = |mut first: JsonPatch, second: &JsonPatch| {
            Json::then(&mut first, second.clone());
            first
        };
        let left = join(join(first.clone(), &second), &third);
        assert_eq!(left, join(first, &join(second, &third)));
    }

    #[test]
    fn diff_sets_everything_but_removes_no_key() {
        let value = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        let later = json!({"a": {"b": 1, "c": null}, "d": [1], "e": 1});
        let set = json!({"a": {"c": null}, "e": 1});
        assert_eq!(Json::diff(&value, &later), Some(Some(set.into())));
        assert_eq!(Json::diff(&json!({"a": 1}), &json!({})), None);
        assert_eq!(Json::diff(&json!({"a": 1}), &Value::Null), Some(None));
    }
}
