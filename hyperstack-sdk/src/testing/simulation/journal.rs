//! What the frames of the list say, recorded without the SDK's cache.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::merge::Merge;
use super::row::{decode, Pool};
use super::v2::{Subscription, Versions};
use crate::wire::payload::{self, Limits};

/// The list that results from the delivered frames, and every change that a reader should see.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) rows: BTreeMap<String, Value>,
    pub(super) entries: Vec<Entry>,
    /// The subscription of the list, under v2.
    pub(super) list: Subscription,
    pub(super) versions: Versions,
}

/// A change of a row that is complete before or after it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) before: Option<Pool>,
    pub(super) after: Option<Pool>,
    pub(super) patched: bool,
}

impl Journal {
    /// Returns the complete rows.
    pub(super) fn whole(&self) -> BTreeMap<String, Pool> {
        let rows = self.rows.iter();
        rows.filter_map(|(key, row)| Some((key.clone(), decode(row)?)))
            .collect()
    }

    pub(super) fn take_down(&mut self, message: &[u8]) {
        let json = payload::json(message, Limits::default()).expect("a message");
        let frame: Value = serde_json::from_slice(&json).expect("json");
        if frame["protocolVersion"] == 2 {
            return self.take_down_v2(&frame);
        }
        if frame["entity"] != "Pool/list" {
            return;
        }
        let key = frame["key"].as_str().unwrap_or_default();
        match frame["op"].as_str() {
            Some("snapshot") => {
                for row in frame["data"].as_array().into_iter().flatten() {
                    let key = row["key"].as_str().unwrap_or_default();
                    // A row that lacks a required field does not replace a complete one.
                    let is_whole = |row: &Value| decode(row).is_some();
                    if is_whole(&row["data"]) || !self.rows.get(key).is_some_and(is_whole) {
                        self.change(key, Some(row["data"].clone()), false);
                    }
                }
            }
            Some("patch") => {
                let paths = frame["append"].as_array().into_iter().flatten();
                let paths = paths.filter_map(|path| Some(path.as_str()?.to_owned()));
                let append: Vec<String> = paths.collect();
                let merge = Merge {
                    append: &append,
                    ..Merge::default()
                };
                let mut row = self.rows.get(key).cloned().unwrap_or(Value::Null);
                merge.apply(&mut row, frame["data"].clone());
                self.change(key, Some(row), true);
            }
            Some("delete") => self.change(key, None, false),
            _ => {}
        }
    }

    pub(super) fn change(&mut self, key: &str, row: Option<Value>, patched: bool) {
        let after = row.as_ref().and_then(decode);
        let before = match row {
            Some(row) => self.rows.insert(key.to_owned(), row),
            None => self.rows.remove(key),
        };
        let before = before.as_ref().and_then(decode);
        if before != after {
            self.entries.push(Entry {
                key: key.to_owned(),
                before,
                after,
                patched,
            });
        }
    }
}
