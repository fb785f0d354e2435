//! What goes wrong and is survived.

use crate::session::ConnectError;
use crate::store::MissingField;
use crate::stream::RowError;
use crate::wire::{FrameError, Issue};

/// Something that went wrong and was survived.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A field of a row did not fit its type. It keeps its last good value.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A message could not be understood; it changed nothing.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A view has more rows than are kept of one: those furthest from its front leave. Told once, the
    /// first time.
    #[error("the view \"{view}\" has {rows} rows, over the limit of {limit}: the last ones are left out")]
    Full {
        /// The view's id.
        view: String,
        /// How many rows there were.
        rows: usize,
        /// The limit.
        limit: usize,
    },
    /// No row of a snapshot has a field, although the server sends its name in another spelling, or although the field is required.
    /// Reported once per view and field.
    #[error(transparent)]
    MissingField(#[from] MissingField),
    /// The server complained.
    #[error("the server says {}: {}", .0.code, .0.message)]
    Issue(Issue),
    /// The connection was lost, or an attempt to restore it failed.
    #[error(transparent)]
    Connection(#[from] ConnectError),
}
