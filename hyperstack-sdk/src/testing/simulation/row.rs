//! The row type, and how the simulation reads it from JSON without the SDK's decoder.

use serde_json::Value;

use crate::{Entity, Section};

/// A row with a field of each kind.
#[derive(Debug, Clone, PartialEq, Entity)]
pub(super) struct Pool {
    /// Required. It begins with the row's key, which identifies a row without its key.
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

impl Pool {
    /// Returns the row as a server with this array limit has it.
    pub(super) fn capped(mut self, array_limit: Option<usize>) -> Self {
        let limit = array_limit.unwrap_or(usize::MAX);
        self.log.drain(..self.log.len().saturating_sub(limit));
        self
    }
}

/// Reads a row; `None` if it lacks the required field, or has a value of the wrong type.
pub(super) fn decode(json: &Value) -> Option<Pool> {
    let of_meta = |name| json.get("meta").and_then(|meta| meta.get(name));
    Some(Pool {
        name: json.get("name")?.as_str()?.to_owned(),
        score: optional(json.get("score"), float)?,
        limit: match json.get("limit") {
            None => None,
            some => Some(optional(some, integer)?),
        },
        log: json.get("log").map_or(Some(Vec::new()), list)?,
        meta: Meta {
            status: optional(of_meta("status"), text)?,
            level: optional(of_meta("level"), small)?,
        },
    })
}

/// The valid fields of a patch.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) name: Option<String>,
    pub(super) score: Option<Option<f64>>,
    pub(super) limit: Option<Option<i64>>,
    pub(super) log: Vec<u32>,
    pub(super) status: Option<Option<String>>,
    pub(super) level: Option<Option<u8>>,
}

impl Said {
    pub(super) fn by(patch: &Value) -> Self {
        let of_meta = |name| patch.get("meta").and_then(|meta| meta.get(name));
        Said {
            name: patch.get("name").and_then(text),
            score: said(patch.get("score"), float),
            limit: said(patch.get("limit"), integer),
            log: patch.get("log").and_then(list).unwrap_or_default(),
            status: said(of_meta("status"), text),
            level: said(of_meta("level"), small),
        }
    }
}

fn said<T>(json: Option<&Value>, read: impl FnOnce(&Value) -> Option<T>) -> Option<Option<T>> {
    json.and_then(|json| optional(Some(json), read))
}

/// Reads a field that may be absent or null. The outer `None` means that `read` failed.
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

fn small(json: &Value) -> Option<u8> {
    integer(json)?.try_into().ok()
}

fn text(json: &Value) -> Option<String> {
    Some(json.as_str()?.to_owned())
}

fn list(json: &Value) -> Option<Vec<u32>> {
    let items = json.as_array()?.iter();
    items.map(|item| item.as_u64()?.try_into().ok()).collect()
}
