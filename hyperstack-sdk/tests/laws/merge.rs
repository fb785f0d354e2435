//! The merge of the server's cache, written from its description, without its cap of 100.

use serde_json::Value;

/// Merges objects key by key, appends to arrays at the append paths, and replaces anything else.
pub(crate) fn merge_json(base: &Value, patch: &Value, append: &[String]) -> Value {
    merge(base, patch, "", append)
}

fn merge(base: &Value, patch: &Value, path: &str, append: &[String]) -> Value {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            let mut merged = base.clone();
            for (key, patch) in patch {
                let value = match base.get(key) {
                    Some(base) => merge(base, patch, &join(path, key), append),
                    None => patch.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(base), Value::Array(patch)) if append.iter().any(|a| a == path) => {
            Value::Array(base.iter().chain(patch).cloned().collect())
        }
        _ => patch.clone(),
    }
}

/// The path of a key.
pub(crate) fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}
