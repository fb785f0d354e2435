//! The client's counters.

use crate::wire::{Protocol, Seq};

/// A client's counters. Returned by [`HyperStack::stats`](crate::HyperStack::stats).
///
/// Fields described as "now" are current values. All others count since the client was created.
///
/// If a view is unexpectedly empty, check `partial_rows`: rows that lack a required field stay hidden.
///
/// ```no_run
/// # fn run(hs: hyperstack_sdk::HyperStack) {
/// let stats = hs.stats();
/// println!("{} rows, {} reconnects", stats.rows, stats.reconnects);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Messages received, without pings and pongs.
    pub frames: u64,
    /// Bytes of those messages, before decompression.
    pub bytes: u64,
    /// Malformed messages, or malformed rows of messages.
    pub frame_errors: u64,
    /// Decode errors of rows; see [`RowError`](crate::RowError).
    pub row_errors: u64,
    /// Changes that streams merged into others because their readers were slow.
    pub conflated: u64,
    /// Changes that streams with [`drop_oldest`](crate::Watch::drop_oldest) dropped.
    pub missed: u64,
    /// Snapshots of views that had one before: after a reconnect, because a reader wants more of the view, because
    /// the view was silent for [`stale_after`](crate::HyperStackBuilder::stale_after), or because a v2 server sent
    /// one to a subscription that lagged.
    pub resyncs: u64,
    /// The protocol generation in use. With [`Protocol::Auto`], it is a guess until the server's first message.
    pub protocol: Protocol,
    /// How often the client restored a lost connection.
    pub reconnects: u64,
    /// Subscribed views now, including those that [linger](crate::HyperStackBuilder::linger). With a v2 server, each
    /// distinct part of a view and each row read by key counts as one.
    pub views: usize,
    /// Rows in the cache now.
    pub rows: usize,
    /// Rows in the cache now that still lack a required field, and are therefore hidden.
    pub partial_rows: usize,
    /// Rows that were evicted because of
    /// [`max_entries_per_view`](crate::HyperStackBuilder::max_entries_per_view).
    pub evicted_rows: u64,
    /// Queued changes now of the slowest reader.
    pub queue_depth: usize,
    /// The greatest position now of the changes in the cache, or `None` if they have no positions.
    pub last_seq: Option<Seq>,
}
