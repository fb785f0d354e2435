//! The merge of the server's cache, written from its description, without its cap of 100.

use serde_json::{Map, Value};

/// Merges objects key by key, appends to arrays at the append paths, and replaces anything else.
pub(crate) fn merge(base: &mut Value, patch: Value, append: &[&str]) {
    merge_at(base, patch, "", append);
}

fn merge_at(base: &mut Value, patch: Value, path: &str, append: &[&str]) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => members(base, patch, path, append),
        (Value::Array(base), Value::Array(patch)) if append.contains(&path) => base.extend(patch),
        (base, patch) => *base = patch,
    }
}

fn members(base: &mut Map<String, Value>, patch: Map<String, Value>, path: &str, append: &[&str]) {
    for (key, patch) in patch {
        let path = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        match base.get_mut(&key) {
            Some(base) => merge_at(base, patch, &path, append),
            None => drop(base.insert(key, patch)),
        }
    }
}
