//! What the frames of the whole list say, recorded without the SDK's cache.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{json, Value};

use super::super::super::merge::Merge;
use super::super::journal::Journal;
use super::super::row::decode;
use crate::wire::Request;

/// The subscription of the whole list.
#[derive(Debug, Default)]
pub(crate) struct Subscription {
    id: String,
    /// Whether its first snapshot is complete.
    is_live: bool,
    /// Whether the current snapshot has more messages to come.
    has_more: bool,
    /// The keys of the current snapshot.
    present: BTreeSet<String>,
}

/// The epoch and the counter of each row's version.
pub(crate) type Versions = BTreeMap<String, (String, u64)>;

impl Journal {
    /// Notes a request. The client ignores the frames of a subscription that it has ended.
    pub(in super::super) fn note_sent(&mut self, request: &Request) {
        if let Request::EndQuery { id } = request {
            if *id == self.list.id {
                self.list = Subscription::default();
            }
        }
    }

    pub(in super::super) fn take_down_v2(&mut self, frame: &Value) {
        let id = frame["subscriptionId"].as_str().unwrap_or_default();
        let op = frame["op"].as_str().unwrap_or_default();
        if op == "subscribed" && frame["query"] == json!({"view": "Pool/list"}) {
            self.list = Subscription {
                id: id.to_owned(),
                ..Subscription::default()
            };
        }
        if id.is_empty() || id != self.list.id {
            return;
        }
        if frame["type"] == "error" {
            self.list = Subscription::default();
            return;
        }
        let key = frame["key"].as_str().unwrap_or_default();
        match op {
            "snapshot" => self.take_down_batch(frame),
            "upsert" if self.is_newer(key, &frame["data"]) => self.replace(key, &frame["data"]),
            "patch" if self.rows.contains_key(key) && self.is_newer(key, &frame["data"]) => {
                let paths = frame["append"].as_array().into_iter().flatten();
                let paths = paths.filter_map(|path| Some(path.as_str()?.to_owned()));
                let append: Vec<String> = paths.collect();
                let merge = Merge {
                    append: &append,
                    ..Merge::default()
                };
                let mut row = self.rows[key].clone();
                merge.apply(&mut row, frame["data"].clone());
                self.note_version(key, &frame["data"]);
                self.change(key, Some(row), true);
            }
            "remove" | "delete" if self.list.is_live => self.change(key, None, false),
            _ => {}
        }
    }

    fn take_down_batch(&mut self, frame: &Value) {
        if !self.list.has_more {
            self.list.present.clear();
        }
        let is_complete = frame["complete"] == true;
        self.list.has_more = !is_complete;
        for row in frame["data"].as_array().into_iter().flatten() {
            let key = row["key"].as_str().unwrap_or_default();
            self.list.present.insert(key.to_owned());
            self.replace(key, &row["data"]);
        }
        if is_complete {
            self.list.is_live = true;
            let absent = self
                .rows
                .keys()
                .filter(|key| !self.list.present.contains(*key));
            for key in absent.cloned().collect::<Vec<_>>() {
                self.change(&key, None, false);
            }
        }
    }

    /// Replaces a row, unless the new one lacks a required field and the old one does not.
    fn replace(&mut self, key: &str, row: &Value) {
        let is_whole = |row: &Value| decode(row).is_some();
        if is_whole(row) || !self.rows.get(key).is_some_and(is_whole) {
            self.note_version(key, row);
            self.change(key, Some(row.clone()), false);
        }
    }

    /// Whether a live change is newer than the row.
    fn is_newer(&self, key: &str, data: &Value) -> bool {
        let held = self
            .versions
            .get(key)
            .filter(|_| self.rows.contains_key(key));
        let is_old = held
            .zip(version(data))
            .is_some_and(|(held, version)| held.0 == version.0 && version.1 <= held.1);
        self.list.is_live && !is_old
    }

    fn note_version(&mut self, key: &str, data: &Value) {
        let version = version(data);
        self.versions
            .extend(version.map(|version| (key.to_owned(), version)));
    }
}

/// The epoch and the counter.
fn version(data: &Value) -> Option<(String, u64)> {
    let (epoch, counter) = data["_version"].as_str()?.split_once(':')?;
    Some((epoch.to_owned(), counter.parse().ok()?))
}
