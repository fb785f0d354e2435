//! The frames of protocol v1, with fields in the server's order.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::frame::{batches, binary, compressed_if_smaller, quote, Mode};
use super::super::sort::Sort;
use super::integers;

/// The view that a data frame belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    pub(crate) mode: Mode,
    pub(crate) view: &'a str,
}

impl Header<'_> {
    fn op(self, op: &str) -> String {
        let (mode, view) = (self.mode.as_str(), quote(self.view));
        format!(r#"{{"mode":"{mode}","entity":{view},"op":"{op}""#)
    }

    /// A patch.
    pub(crate) fn patch(self, key: &str, data: &Value, append: &[String], seq: &str) -> Message {
        let mut json = self.op("patch");
        json.push_str(&format!(
            r#","key":{},"data":{}"#,
            quote(key),
            integers::json(data)
        ));
        if !append.is_empty() {
            json.push_str(&format!(r#","append":{}"#, Value::from(append)));
        }
        if !seq.is_empty() {
            json.push_str(&format!(r#","seq":{}"#, quote(seq)));
        }
        json.push('}');
        binary(json)
    }

    pub(crate) fn upsert(self, key: &str, data: &Value) -> Message {
        let (op, key, data) = (self.op("upsert"), quote(key), integers::json(data));
        binary(format!(r#"{op},"key":{key},"data":{data}}}"#))
    }

    pub(crate) fn delete(self, key: &str) -> Message {
        let (op, key) = (self.op("delete"), quote(key));
        binary(format!(r#"{op},"key":{key},"data":null}}"#))
    }

    /// The messages of a snapshot, in order: none if there are no rows. The last one is `complete`.
    pub(crate) fn snapshot<'r>(
        self,
        rows: impl IntoIterator<Item = (&'r str, &'r Value)>,
    ) -> Vec<Message> {
        let rows: Vec<_> = rows.into_iter().collect();
        if rows.is_empty() {
            return Vec::new();
        }
        let batches = batches(&rows);
        let last = batches.len() - 1;
        let messages = batches.iter().enumerate();
        messages
            .map(|(i, batch)| compressed_if_smaller(self.batch(batch, i == last)))
            .collect()
    }

    fn batch(self, rows: &[(&str, &Value)], complete: bool) -> String {
        let rows: Vec<_> = rows
            .iter()
            .map(|(key, data)| {
                format!(
                    r#"{{"key":{},"data":{}}}"#,
                    quote(key),
                    integers::json(data)
                )
            })
            .collect();
        let (op, rows) = (self.op("snapshot"), rows.join(","));
        format!(r#"{op},"data":[{rows}],"complete":{complete}}}"#)
    }
}

/// The answer to a subscription.
pub(crate) fn subscribed(header: Header<'_>, sort: Option<&Sort>) -> Message {
    let (view, mode) = (quote(header.view), header.mode.as_str());
    let sort = sort.map_or(String::new(), |sort| {
        let (field, order) = (Value::from(sort.field.as_slice()), sort.order.as_str());
        format!(r#","sort":{{"field":{field},"order":"{order}"}}"#)
    });
    binary(format!(
        r#"{{"op":"subscribed","view":{view},"mode":"{mode}"{sort}}}"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LIST: Header<'static> = Header {
        mode: Mode::List,
        view: "Round/list",
    };

    fn text(message: &Message) -> String {
        String::from_utf8(message.clone().into_data().to_vec()).unwrap()
    }

    #[test]
    fn frames_match_the_servers_byte_for_byte() {
        let append = ["log".to_owned()];
        assert_eq!(
            text(&LIST.patch("42", &json!({"a": 1}), &append, "7:000000000001")),
            r#"{"mode":"list","entity":"Round/list","op":"patch","key":"42","data":{"a":1},"append":["log"],"seq":"7:000000000001"}"#
        );
        assert_eq!(
            text(&LIST.patch("42", &json!({}), &[], "")),
            r#"{"mode":"list","entity":"Round/list","op":"patch","key":"42","data":{}}"#
        );
        assert_eq!(
            text(&LIST.delete("a\"b")),
            r#"{"mode":"list","entity":"Round/list","op":"delete","key":"a\"b","data":null}"#
        );
        assert_eq!(
            text(&subscribed(LIST, Some(&Sort::desc("id.round_id")))),
            r#"{"op":"subscribed","view":"Round/list","mode":"list","sort":{"field":["id","round_id"],"order":"desc"}}"#
        );
    }

    #[test]
    fn an_empty_snapshot_has_no_message() {
        assert!(LIST.snapshot([]).is_empty());
    }
}
