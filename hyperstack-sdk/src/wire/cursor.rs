//! The position of a reader in a tape.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::Text;

/// A position in a tape: the last record that you have read.
///
/// Each [`TapeRecord`](crate::TapeRecord) has one. Store it together with the result of processing the record, if
/// possible in the same transaction, and pass it to [`Tape::after`](crate::Tape::after) to continue with the next
/// record.
///
/// As text and as JSON, a cursor is `"<epoch>:<offset>"`, as on the wire. The epoch names the server's numbering of
/// records, and the offset is the record's number in it. A cursor before the first record is `"<epoch>:start"`.
///
/// ```
/// use hyperstack_sdk::Cursor;
///
/// let cursor: Cursor = "df9b6710:41".parse()?;
/// assert_eq!((cursor.epoch(), cursor.offset()), ("df9b6710", Some(41)));
/// assert_eq!(cursor.to_string(), "df9b6710:41");
/// # Ok::<(), hyperstack_sdk::CursorError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    epoch: Arc<str>,
    /// The number of the first record after the cursor.
    next: u64,
}

/// The error of a text that is not a [`Cursor`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid cursor \"{text}\": expected \"<epoch>:<offset>\", such as \"df9b6710:41\"")]
#[non_exhaustive]
pub struct CursorError {
    /// The text.
    pub text: String,
}

/// Stands for the offset in the text of a cursor before the first record.
const START: &str = "start";

impl Cursor {
    /// The cursor before the record with the number `next`.
    pub(crate) fn before(epoch: &str, next: u64) -> Self {
        let epoch = epoch.into();
        Cursor { epoch, next }
    }

    /// Returns the name of the server's numbering of records.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Returns the number of the record up to which you have read, or `None` before the first record.
    pub fn offset(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }

    /// Returns the number of the first record after the cursor.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Moves the cursor before the record with the number `next`.
    pub(crate) fn move_to(&mut self, next: u64) {
        self.next = next;
    }

    /// Returns the cursor for the server, or `None` before the first record, for which the protocol has no cursor.
    pub(crate) fn on_wire(&self) -> Option<String> {
        self.offset().map(|_| self.to_string())
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset() {
            Some(offset) => write!(f, "{}:{offset}", self.epoch),
            None => write!(f, "{}:{START}", self.epoch),
        }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor(\"{self}\")")
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let read = || {
            let (epoch, offset) = text.rsplit_once(':')?;
            let is_number = offset.bytes().all(|byte| byte.is_ascii_digit());
            let next = match offset {
                START => 0,
                _ if is_number => offset.parse::<u64>().ok()?.checked_add(1)?,
                _ => return None,
            };
            (!epoch.is_empty()).then(|| Cursor::before(epoch, next))
        };
        read().ok_or_else(|| CursorError { text: text.into() })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_its_text() {
        for text in [
            "a:0",
            "df9b-67:41",
            "a:b:7",
            "a:18446744073709551614",
            "a:start",
        ] {
            let cursor: Cursor = text.parse().unwrap();
            assert_eq!(cursor.to_string(), text);
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        }
        let start: Cursor = "a:start".parse().unwrap();
        assert_eq!((start.offset(), start.on_wire()), (None, None));
    }

    #[test]
    fn other_text_is_not_a_cursor() {
        for text in [
            "",
            ":",
            "a",
            ":1",
            "a:",
            "a:-1",
            "a:+1",
            "a:x",
            "a:18446744073709551615",
        ] {
            let error = text.parse::<Cursor>().unwrap_err();
            assert_eq!(error.text, text);
            assert!(serde_json::from_value::<Cursor>(text.into()).is_err());
        }
        assert!(serde_json::from_str::<Cursor>("7").is_err());
    }
}
