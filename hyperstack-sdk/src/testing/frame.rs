//! The messages a server sends, as it spells them: field order, batches, compression.

use std::io::Write;

use flate2::write::GzEncoder;
use flate2::Compression;
use serde_json::Value;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::sort::Sort;

/// Rows in the first message of a snapshot, and in each later one.
const FIRST_BATCH: usize = 50;
const LATER_BATCH: usize = 100;
/// The least JSON that the server tries to compress, in bytes.
const COMPRESS_FROM: usize = 1024;

/// How a view behaves, as its frames name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Many rows: `X/list` and every derived view.
    List,
    /// One row by key: `X/state`.
    State,
    /// A list by another name: `X/append`.
    Append,
}

impl Mode {
    /// The mode's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::State => "state",
            Self::Append => "append",
        }
    }

    /// The mode of this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::List, Self::State, Self::Append]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }
}

/// The view that a data frame belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    pub(super) mode: Mode,
    pub(super) view: &'a str,
}

impl Header<'_> {
    fn op(self, op: &str) -> String {
        let (mode, view) = (self.mode.as_str(), quote(self.view));
        format!(r#"{{"mode":"{mode}","entity":{view},"op":"{op}""#)
    }

    /// A patch; `data` is JSON already, since every subscriber gets the same.
    pub(super) fn patch(self, key: &str, data: &str, append: &[String], seq: &str) -> String {
        let mut json = self.op("patch");
        json.push_str(&format!(r#","key":{},"data":{data}"#, quote(key)));
        if !append.is_empty() {
            json.push_str(&format!(r#","append":{}"#, Value::from(append)));
        }
        if !seq.is_empty() {
            json.push_str(&format!(r#","seq":{}"#, quote(seq)));
        }
        json.push('}');
        json
    }

    pub(super) fn upsert(self, key: &str, data: &Value) -> Message {
        let (op, key) = (self.op("upsert"), quote(key));
        binary(format!(r#"{op},"key":{key},"data":{data}}}"#))
    }

    pub(super) fn delete(self, key: &str) -> Message {
        let (op, key) = (self.op("delete"), quote(key));
        binary(format!(r#"{op},"key":{key},"data":null}}"#))
    }

    /// The messages of a snapshot, in order: none for no rows, the last one `complete`.
    pub(super) fn snapshot<'r>(
        self,
        rows: impl IntoIterator<Item = (&'r str, &'r Value)>,
    ) -> Vec<Message> {
        let rows: Vec<_> = rows.into_iter().collect();
        let (first, later) = rows.split_at(rows.len().min(FIRST_BATCH));
        let batches: Vec<_> = std::iter::once(first)
            .filter(|batch| !batch.is_empty())
            .chain(later.chunks(LATER_BATCH))
            .collect();
        let last = batches.len().saturating_sub(1);
        batches
            .iter()
            .enumerate()
            .map(|(i, batch)| compressed_if_smaller(self.batch(batch, i == last)))
            .collect()
    }

    fn batch(self, rows: &[(&str, &Value)], complete: bool) -> String {
        let rows: Vec<_> = rows
            .iter()
            .map(|(key, data)| format!(r#"{{"key":{},"data":{data}}}"#, quote(key)))
            .collect();
        let (op, rows) = (self.op("snapshot"), rows.join(","));
        format!(r#"{op},"data":[{rows}],"complete":{complete}}}"#)
    }
}

/// The answer to a subscription.
pub(super) fn subscribed(header: Header<'_>, sort: Option<&Sort>) -> Message {
    let (view, mode) = (quote(header.view), header.mode.as_str());
    let sort = sort.map_or(String::new(), |sort| {
        let (field, order) = (Value::from(sort.field.as_slice()), sort.order.as_str());
        format!(r#","sort":{{"field":{field},"order":"{order}"}}"#)
    });
    binary(format!(
        r#"{{"op":"subscribed","view":{view},"mode":"{mode}"{sort}}}"#
    ))
}

/// An uncompressed data message.
pub(super) fn binary(json: String) -> Message {
    Message::Binary(json.into())
}

/// A compressed data message.
pub(super) fn gzipped(json: &str) -> Message {
    Message::Binary(gzip(json.as_bytes()))
}

/// A snapshot's message: compressed where the server would.
fn compressed_if_smaller(json: String) -> Message {
    if json.len() >= COMPRESS_FROM {
        let zipped = gzip(json.as_bytes());
        if zipped.len() < json.len() {
            return Message::Binary(zipped);
        }
    }
    binary(json)
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector cannot fail; were it to, the frame stays as it was.
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(zipped) => zipped.into(),
        Err(_) => Bytes::copy_from_slice(bytes),
    }
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
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
    fn frames_are_spelled_as_the_server_spells_them() {
        let append = ["log".to_owned()];
        assert_eq!(
            LIST.patch("42", r#"{"a":1}"#, &append, "7:000000000001"),
            r#"{"mode":"list","entity":"Round/list","op":"patch","key":"42","data":{"a":1},"append":["log"],"seq":"7:000000000001"}"#
        );
        assert_eq!(
            LIST.patch("42", "{}", &[], ""),
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
    fn snapshots_come_in_batches() {
        let row = json!({});
        let sizes = |count| -> Vec<_> {
            LIST.snapshot(vec![("k", &row); count])
                .iter()
                .map(Message::len)
                .collect::<Vec<_>>()
        };
        assert!(sizes(0).is_empty());
        assert_eq!(sizes(50).len(), 1);
        assert_eq!(sizes(51).len(), 2);
        assert_eq!(sizes(150).len(), 2);
        assert_eq!(sizes(220).len(), 3);
    }

    #[test]
    fn only_what_shrinks_is_compressed() {
        let zipped = |json: String| compressed_if_smaller(json).into_data().starts_with(&[0x1f]);
        assert!(!zipped("a".repeat(1023)));
        assert!(zipped("a".repeat(1024)));
    }
}
