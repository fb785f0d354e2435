//! Counts.

use crate::wire::{Protocol, Seq};

/// Counts since the client was made, except where a field says "now".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Messages received, of every kind but pings and pongs.
    pub frames: u64,
    /// Their bytes, as they arrived.
    pub bytes: u64,
    /// Messages that could not be understood.
    pub frame_errors: u64,
    /// Rows that did not fit their Rust type.
    pub row_errors: u64,
    /// Changes that were folded into others, of readers that were behind.
    pub conflated: u64,
    /// Changes that were dropped, of readers that were behind and had asked for that.
    pub missed: u64,
    /// How often a view got another snapshot: after a lost connection, because a reader wants more of the
    /// view, because the view was silent for [`stale_after`](crate::HyperStackBuilder::stale_after), or
    /// because a v2 server sent one to a subscription that lagged.
    pub resyncs: u64,
    /// The protocol generation in use. With [`Protocol::Auto`], it is a guess until the server's first message.
    pub protocol: Protocol,
    /// How often a lost connection was restored.
    pub reconnects: u64,
    /// Views that are read, or lately were, now.
    pub views: usize,
    /// Rows in the cache now.
    pub rows: usize,
    /// Rows in the cache now that still lack a required field, and that nobody sees.
    pub partial_rows: usize,
    /// Rows that the limit on entries took out.
    pub evicted_rows: u64,
    /// The changes that wait to be read now by the reader that is furthest behind.
    pub queue_depth: usize,
    /// The greatest position among the changes that are held now; none where they carry no positions.
    pub last_seq: Option<Seq>,
}
