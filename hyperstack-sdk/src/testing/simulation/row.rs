//! The row, and how this test reads one from JSON without the SDK's decoder.

use serde_json::Value;

use crate::{Entity, Section};

/// A row with a field of each kind.
#[derive(Debug, Clone, PartialEq, Entity)]
pub(super) struct Pool {
    /// Required. It begins with the row's key, so that a bare row tells whose it is.
    pub(super) name: String,
    pub(super) score: Option<f64>,
    pub(super) limit: Option<Option<i64>>,
    pub(super) log: Vec<u32>,
    pub(super) meta: Meta,
}

#[derive(Debug, Clone, PartialEq, Section)]
pub(super) struct Meta {
    pub(super) status: Option<String>,
    pub(super) level: Option<u8>,
}

/// Reads a row; `None` if it lacks the required field, or has a value of the wrong type.
pub(super) fn decode(json: &Value) -> Option<Pool> {
    let meta = json.get("meta");
    let of_meta = |name| meta.and_then(|meta| meta.get(name));
    Some(Pool {
        name: json.get("name")?.as_str()?.to_owned(),
        score: optional(json.get("score"), float)?,
        limit: match json.get("limit") {
            None => None,
            some => Some(optional(some, integer)?),
        },
        log: match json.get("log") {
            None => Vec::new(),
            Some(list) => {
                let items = list.as_array()?.iter();
                let items = items.map(|item| item.as_u64()?.try_into().ok());
                items.collect::<Option<_>>()?
            }
        },
        meta: Meta {
            status: optional(of_meta("status"), |text| Some(text.as_str()?.to_owned()))?,
            level: optional(of_meta("level"), |level| integer(level)?.try_into().ok())?,
        },
    })
}

/// What is absent or null, or else read by `read`; the outer `None` where that fails.
fn optional<T>(json: Option<&Value>, read: impl FnOnce(&Value) -> Option<T>) -> Option<Option<T>> {
    match json {
        None | Some(Value::Null) => Some(None),
        Some(value) => read(value).map(Some),
    }
}

fn float(json: &Value) -> Option<f64> {
    json.as_f64().or_else(|| integer(json).map(|n| n as f64))
}

fn integer(json: &Value) -> Option<i64> {
    json.as_i64().or_else(|| json.as_str()?.parse().ok())
}
