//! A row that could not be taken in.

use crate::patch::{DecodeError, PatchError};

/// A row of a frame that does not fit its Rust type. The last good value stays in the cache.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{view}, key \"{key}\": {cause}")]
#[non_exhaustive]
pub struct RowError {
    /// The view's id.
    pub view: String,
    /// The row's key.
    pub key: String,
    /// What did not fit; names the field.
    #[source]
    pub cause: RowErrorCause,
}

/// What did not fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RowErrorCause {
    /// A value is not of its field's type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Every value is of its type, but together they make no row: a required field is missing, or
    /// is null.
    #[error(transparent)]
    Patch(#[from] PatchError),
}

impl RowError {
    /// The path of the field at fault in wire names, such as `state.bets[3]`.
    pub fn path(&self) -> &str {
        match &self.cause {
            RowErrorCause::Decode(error) => error.path(),
            RowErrorCause::Patch(error) => error.path(),
        }
    }
}
