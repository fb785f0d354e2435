//! A record of a tape.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::patch::Patchable;
use crate::wire::Cursor;

/// A record of a [`Tape`](crate::Tape): one change of an entity, as the server received it.
///
/// As JSON: `{"key": .., "patch": .., "cursor": ".."}`.
#[non_exhaustive]
pub struct TapeRecord<T: Patchable> {
    /// The entity's key.
    pub key: String,
    /// The fields that the change set.
    pub patch: T::Patch,
    /// The position of this record. [`Tape::after`](crate::Tape::after) with it continues with the next record.
    ///
    /// A server that is about to stop can send records that it does not number. They have the cursor of the record
    /// before, and the tape yields them only once.
    pub cursor: Cursor,
}

impl<T: Patchable> Clone for TapeRecord<T> {
    fn clone(&self) -> Self {
        TapeRecord {
            key: self.key.clone(),
            patch: self.patch.clone(),
            cursor: self.cursor.clone(),
        }
    }
}

impl<T: Patchable> PartialEq for TapeRecord<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.patch == other.patch && self.cursor == other.cursor
    }
}

impl<T: Patchable> fmt::Debug for TapeRecord<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapeRecord")
            .field("key", &self.key)
            .field("patch", &self.patch)
            .field("cursor", &self.cursor)
            .finish()
    }
}

impl<T: Patchable> Serialize for TapeRecord<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("TapeRecord", 3)?;
        record.serialize_field("key", &self.key)?;
        record.serialize_field("patch", &self.patch)?;
        record.serialize_field("cursor", &self.cursor)?;
        record.end()
    }
}
