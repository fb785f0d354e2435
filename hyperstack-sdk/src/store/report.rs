//! What the store passes on to its caller.

use std::fmt;

use crate::patch::PatchError;
use crate::stream::{RowError, Wakers};

/// What the caller must pass on once it holds no lock.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Readers that have something to read.
    pub(crate) wakers: Wakers,
    /// Rows that did not decode.
    pub(crate) row_errors: Vec<RowError>,
    /// Views that have reached the row limit for the first time.
    pub(crate) full: Vec<Full>,
    /// Fields that no row of a snapshot had.
    pub(crate) missing: Vec<MissingField>,
}

/// A field that no row of a snapshot had. Usually it has another name on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{view}: {field}: missing in {rows} of {rows} rows{}", Sent(.sent.as_deref()))]
#[non_exhaustive]
pub struct MissingField {
    /// The view's id.
    pub view: String,
    /// The struct's name and the field's path in wire names, such as `Token.last_price`. A `*` in the path
    /// stands for the keys of a map.
    pub field: String,
    /// The number of rows in the snapshot.
    pub rows: usize,
    /// The nearest name that the server sends and that is not a field of the struct.
    pub sent: Option<String>,
}

/// Rows that are not shown, because each lacks a required field.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) rows: usize,
    /// What one of them lacks.
    pub(crate) error: PatchError,
    /// The nearest name that the server sent instead.
    pub(crate) sent: Option<String>,
}

/// Writes what the server sends instead of a field that is missing.
pub(crate) struct Sent<'a>(pub(crate) Option<&'a str>);

impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; the server sends `{name}`"),
            None => Ok(()),
        }
    }
}

/// A view that has more rows than are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) view: String,
    pub(crate) rows: usize,
    pub(crate) limit: usize,
}
