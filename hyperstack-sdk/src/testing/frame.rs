//! What the frames of both generations share: modes, batches and compression.

use std::io::Write;

use flate2::write::GzEncoder;
use flate2::Compression;
use serde_json::Value;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// Rows in the first message of a snapshot, and in each later one.
const FIRST_BATCH: usize = 50;
const LATER_BATCH: usize = 100;
/// The size in bytes from which the server tries to compress a message.
const COMPRESS_FROM: usize = 1024;

/// The kind of a view, as its frames name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Many rows: `X/list` and every derived view.
    List,
    /// One row by key: `X/state`.
    State,
    /// Many rows under another name: `X/append`.
    Append,
}

impl Mode {
    /// Returns the mode's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::State => "state",
            Self::Append => "append",
        }
    }

    /// Returns the mode with this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::List, Self::State, Self::Append]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }
}

/// Splits the rows of a snapshot into messages: 50 rows in the first, then 100 each. No rows make one empty
/// batch.
pub(super) fn batches<T>(rows: &[T]) -> Vec<&[T]> {
    let (first, later) = rows.split_at(rows.len().min(FIRST_BATCH));
    std::iter::once(first)
        .chain(later.chunks(LATER_BATCH))
        .collect()
}

/// An uncompressed data message.
pub(super) fn binary(json: String) -> Message {
    Message::Binary(json.into())
}

/// A compressed data message.
pub(super) fn gzipped(json: &str) -> Message {
    Message::Binary(gzip(json.as_bytes()))
}

/// A snapshot message, compressed if it is large enough and shrinks.
pub(super) fn compressed_if_smaller(json: String) -> Message {
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
    // Writing to a vector cannot fail. If it did, the frame would stay uncompressed.
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(zipped) => zipped.into(),
        Err(_) => Bytes::copy_from_slice(bytes),
    }
}

pub(super) fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_fifty_rows_first_and_a_hundred_in_each_later_batch() {
        let sizes = |rows: usize| -> Vec<usize> {
            let rows = vec![(); rows];
            batches(&rows).iter().map(|batch| batch.len()).collect()
        };
        assert_eq!(sizes(0), [0]);
        assert_eq!(sizes(50), [50]);
        assert_eq!(sizes(51), [50, 1]);
        assert_eq!(sizes(150), [50, 100]);
        assert_eq!(sizes(220), [50, 100, 70]);
    }

    #[test]
    fn only_messages_of_1024_bytes_or_more_are_compressed() {
        let zipped = |json: String| compressed_if_smaller(json).into_data().starts_with(&[0x1f]);
        assert!(!zipped("a".repeat(1023)));
        assert!(zipped("a".repeat(1024)));
    }
}
