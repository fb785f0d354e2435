//! The store's reports to its caller.

use std::fmt;

use crate::stream::{RowError, Wakers};

/// The wake-ups and errors that the caller must pass on when it holds no lock.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Readers with new items.
    pub(crate) wakers: Wakers,
    /// Rows that did not decode.
    pub(crate) row_errors: Vec<RowError>,
    /// Views that have reached the row limit for the first time.
    pub(crate) full: Vec<Full>,
    /// Fields that are missing in all rows of a snapshot.
    pub(crate) missing: Vec<MissingField>,
}

/// A field that is missing in all rows of a snapshot, or in its first 256 rows if it has more. Usually its name on the
/// wire differs: see `#[field(rename = "..")]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{view}: {field}: missing in {rows} of {rows} rows{}", Sent(.sent.as_deref()))]
#[non_exhaustive]
pub struct MissingField {
    /// The view's id.
    pub view: String,
    /// The entity's name and the field's path in wire names, such as `Token.last_price`. `*` stands for any key of
    /// a map.
    pub field: String,
    /// The number of rows that were checked, at most 256.
    pub rows: usize,
    /// The nearest name that the server sends and that no field of the struct has.
    pub sent: Option<String>,
}

/// Rows that are hidden because each lacks a required field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the view \"{view}\" has no complete row ({rows} partial): {field} is required, but {lack}"
)]
#[non_exhaustive]
pub struct PartialRows {
    /// The view's id.
    pub view: String,
    /// The number of rows.
    pub rows: usize,
    /// The entity's name and the path of a field that one of the rows lacks, in wire names.
    pub field: String,
    /// Why the row lacks it.
    pub lack: Lack,
}

/// Why a row lacks a required field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lack {
    /// The server has not sent the field.
    Missing {
        /// If no row has the field, the nearest name that the server sends and that no field of the struct has.
        sent: Option<String>,
    },
    /// The field's value does not fit its type. [`HyperStack::faults`](crate::HyperStack::faults) has the error.
    BadValue,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::Missing { sent } => {
                write!(f, "missing{}", Sent(sent.as_deref()))?;
                f.write_str(
                    " (rename the field with #[field(rename = \"..\")], or make it an `Option`)",
                )
            }
            Lack::BadValue => f.write_str("its value does not fit its type (see `faults()`)"),
        }
    }
}

/// Writes the name that the server sends instead of a missing field.
struct Sent<'a>(Option<&'a str>);

impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; the server sends `{name}`"),
            None => Ok(()),
        }
    }
}

/// A view with more rows than the row limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) view: String,
    pub(crate) rows: usize,
    pub(crate) limit: usize,
}
