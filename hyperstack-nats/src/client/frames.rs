//! The messages of protocol v2 for one subscription.
//!
//! Rows and records are copied as they are. The client parses them.

use hyperstack_sdk::wire::Sort;
use serde::Serialize;
use serde_json::{json, Value};

/// The number of rows after which a snapshot's message is full.
const MOST_ROWS: usize = 500;

/// The number of bytes after which a snapshot's message is full.
const MOST_BYTES: usize = 256 << 10;

/// Writes the messages of a subscription.
pub(super) struct Frames {
    id: String,
    view: String,
    /// `"subscriptionId":"1","entity":"Player/list"`, as in most messages.
    route: String,
}

/// The records that a tape retains.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplayWindow {
    pub(super) epoch: String,
    pub(super) earliest: u64,
    pub(super) next: u64,
    pub(super) gap_after: Option<u64>,
}

impl Frames {
    pub(super) fn new(id: String, view: String) -> Self {
        let route = format!(r#""subscriptionId":{},"entity":{}"#, json!(id), json!(view));
        Frames { id, view, route }
    }

    pub(super) fn view(&self) -> &str {
        &self.view
    }

    /// Accepts a query for rows.
    pub(super) fn rows(
        &self,
        key: Option<&str>,
        sort: Option<&Sort>,
        take: Option<u64>,
    ) -> Vec<u8> {
        // One row has no successor.
        let take = take.filter(|_| key.is_none());
        bytes(&json!({
            "op": "subscribed", "subscriptionId": self.id, "wholeEntities": true, "sort": sort,
            "query": {"view": self.view, "key": key, "take": take},
        }))
    }

    /// Accepts a query for records.
    pub(super) fn tape(&self, window: &ReplayWindow) -> Vec<u8> {
        bytes(&json!({
            "op": "subscribed", "subscriptionId": self.id, "wholeEntities": true,
            "query": {"view": self.view}, "replayWindow": window,
        }))
    }

    /// Ends the subscription.
    pub(super) fn error(&self, code: &str, message: &str, details: &Value) -> Vec<u8> {
        let mut error = json!({
            "type": "error", "subscriptionId": self.id, "code": code, "message": message,
        });
        if let (Value::Object(error), Value::Object(details)) = (&mut error, details) {
            error.extend(details.clone());
        }
        bytes(&error)
    }

    pub(super) fn upsert(&self, key: &str, row: &[u8]) -> Vec<u8> {
        let mut frame = self.of_key("upsert", key);
        push(&mut frame, &[b",\"data\":", row, b"}"]);
        frame
    }

    pub(super) fn delete(&self, key: &str) -> Vec<u8> {
        let mut frame = self.of_key("delete", key);
        frame.push(b'}');
        frame
    }

    /// A record. `key`, `patch` and `append` are JSON.
    pub(super) fn record(
        &self,
        key: &str,
        patch: &str,
        append: Option<&str>,
        offset: u64,
    ) -> Vec<u8> {
        let (route, append) = (&self.route, append.unwrap_or("[]"));
        format!(
            r#"{{"op":"patch",{route},"key":{key},"data":{patch},"append":{append},"offset":{offset}}}"#
        )
        .into_bytes()
    }

    /// A message that the client reports as an error of this view.
    pub(super) fn unreadable(&self, what: &str) -> Vec<u8> {
        format!(r#"{{"op":{},{}}}"#, json!(what), self.route).into_bytes()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut bytes = br#"{"op":"snapshot","#.to_vec();
        push(&mut bytes, &[self.route.as_bytes(), b",\"data\":["]);
        Snapshot { bytes, rows: 0 }
    }

    fn of_key(&self, op: &str, key: &str) -> Vec<u8> {
        let key = json!(key);
        format!(r#"{{"op":"{op}",{},"key":{key}"#, self.route).into_bytes()
    }
}

/// A message of a snapshot.
pub(super) struct Snapshot {
    bytes: Vec<u8>,
    rows: usize,
}

impl Snapshot {
    pub(super) fn push(&mut self, key: &str, row: &[u8]) {
        let comma: &[u8] = if self.rows == 0 { b"" } else { b"," };
        let key = json!(key).to_string();
        let parts = [
            comma,
            b"{\"key\":",
            key.as_bytes(),
            b",\"data\":",
            row,
            b"}",
        ];
        push(&mut self.bytes, &parts);
        self.rows += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= MOST_ROWS || self.bytes.len() >= MOST_BYTES
    }

    pub(super) fn finish(mut self, complete: bool) -> Vec<u8> {
        let end = format!("],\"complete\":{complete}}}");
        self.bytes.extend_from_slice(end.as_bytes());
        self.bytes
    }
}

fn push(bytes: &mut Vec<u8>, parts: &[&[u8]]) {
    bytes.reserve(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        bytes.extend_from_slice(part);
    }
}

fn bytes(message: &Value) -> Vec<u8> {
    message.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use hyperstack_sdk::wire::Direction;

    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn frames_are_json() {
        let frames = Frames::new("1".into(), "R/\"x".into());
        let mut snapshot = frames.snapshot();
        snapshot.push("a\n", br#"{"x":1}"#);
        snapshot.push("b", b"{}");
        for (frame, expected) in [
            (
                snapshot.finish(false),
                json!({"op": "snapshot", "subscriptionId": "1", "entity": "R/\"x", "complete": false,
                    "data": [{"key": "a\n", "data": {"x": 1}}, {"key": "b", "data": {}}]}),
            ),
            (
                frames.snapshot().finish(true),
                json!({"op": "snapshot", "subscriptionId": "1", "entity": "R/\"x", "complete": true, "data": []}),
            ),
            (
                frames.upsert("\"", b"{}"),
                json!({"op": "upsert", "subscriptionId": "1", "entity": "R/\"x", "key": "\"", "data": {}}),
            ),
            (
                frames.delete("k"),
                json!({"op": "delete", "subscriptionId": "1", "entity": "R/\"x", "key": "k"}),
            ),
            (
                frames.record("\"k\"", "{}", Some("[\"log\"]"), 7),
                json!({"op": "patch", "subscriptionId": "1", "entity": "R/\"x", "key": "k", "data": {},
                    "append": ["log"], "offset": 7}),
            ),
            (
                frames.unreadable("no \"JSON\""),
                json!({"op": "no \"JSON\"", "subscriptionId": "1", "entity": "R/\"x"}),
            ),
        ] {
            let frame = text(frame);
            assert_eq!(
                serde_json::from_str::<Value>(&frame).unwrap(),
                expected,
                "{frame}"
            );
        }
    }

    #[test]
    fn a_limit_is_not_repeated_for_one_row() {
        let frames = Frames::new("1".into(), "R/top".into());
        let sort = Sort {
            path: vec!["id".into(), "n".into()],
            direction: Direction::Descending,
        };
        let whole: Value =
            serde_json::from_slice(&frames.rows(None, Some(&sort), Some(5))).unwrap();
        assert_eq!(
            whole["query"],
            json!({"view": "R/top", "key": null, "take": 5})
        );
        assert_eq!(
            whole["sort"],
            json!({"field": ["id", "n"], "order": "desc"})
        );
        let row: Value = serde_json::from_slice(&frames.rows(Some("7"), None, Some(5))).unwrap();
        assert_eq!(
            row["query"],
            json!({"view": "R/top", "key": "7", "take": null})
        );
    }
}
