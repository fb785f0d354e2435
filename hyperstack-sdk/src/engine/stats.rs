//! The client's counters.

use serde::Serialize;

use crate::session::Subscribed;
use crate::store::SourceCounts;
use crate::wire::{Protocol, Seq, Sort};

/// A client's counters. Returned by [`HyperStack::stats`](crate::HyperStack::stats).
///
/// Fields described as "now" are current values. All others count since the client was created.
///
/// If a view is unexpectedly empty, check `partial_rows`: rows that lack a required field stay hidden.
///
/// Implements `Serialize` with the names of the fields, for example for a health endpoint.
///
/// ```no_run
/// # fn run(hs: hyperstack_sdk::HyperStack) {
/// let stats = hs.stats();
/// println!("{} rows, {} reconnects", stats.rows, stats.reconnects);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
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
    /// Snapshots of views that had one before. The client requests one after a reconnect, if a reader needs more of the
    /// view, or if the view was silent for too long; see [`stale_after`](crate::HyperStackBuilder::stale_after). A v2
    /// server also sends one to a subscription that lagged.
    pub resyncs: u64,
    /// The protocol version in use. If the client detects it ([`Protocol::Auto`]), this is a guess until the server's
    /// first message.
    pub protocol: Protocol,
    /// How often the client restored a lost connection.
    pub reconnects: u64,
    /// Subscribed views now, including those that [linger](crate::HyperStackBuilder::linger). With a v2 server, each
    /// distinct filter or window of a view, and each row read by key, counts as one.
    pub views: usize,
    /// Rows in the cache now.
    pub rows: usize,
    /// Rows in the cache now that lack a required field, so that reads and streams hide them.
    pub partial_rows: usize,
    /// Rows that the client evicted because of
    /// [`max_entries_per_view`](crate::HyperStackBuilder::max_entries_per_view).
    pub evicted_rows: u64,
    /// The length of the longest queue of a stream now.
    pub queue_depth: usize,
    /// The greatest position of a change in the cache now, or `None` if no change has a position.
    pub last_seq: Option<Seq>,
}

/// The counters of one subscription. Returned by
/// [`HyperStack::subscription_stats`](crate::HyperStack::subscription_stats).
///
/// A v2 server has one subscription for each distinct part of a view and for each row that is read by its key.
/// With a v1 server, all readers of a view count as one subscription.
///
/// Fields described as "now" are current values. All others count since the subscription's first reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SubscriptionStats {
    /// The view's id.
    pub view: String,
    /// The keys of the subscribed rows. Empty if the subscription is for all rows or for a part of the view. With a
    /// v2 server there is at most one.
    pub keys: Vec<String>,
    /// How many rows the subscription leaves out at the front of the view.
    pub skip: u64,
    /// The maximum number of rows. `None` means no limit, or the limit that a derived view declares.
    pub take: Option<u64>,
    /// The filters that the server applies: dotted paths, and the value of each as JSON text. Empty with a v1 server,
    /// which does not filter.
    pub filters: Vec<(String, String)>,
    /// The order that the server announced for the rows. `None` means the order of arrival, or that the server has not
    /// accepted the subscription yet.
    pub sort: Option<Sort>,
    /// The greatest number of rows that a v2 server announced: `take`, or the limit that a derived view declares.
    pub limit: Option<u64>,
    /// The protocol generation.
    pub protocol: Protocol,
    /// Readers now: streams, and reads that are waiting. 0 while the subscription
    /// [lingers](crate::HyperStackBuilder::linger).
    pub readers: usize,
    /// Whether the rows are up to date now: the snapshot is complete, and the connection was not lost since.
    pub is_ready: bool,
    /// Rows in the cache now, including partial ones. If you read the view as several Rust types, each has its own
    /// rows.
    pub rows: usize,
    /// Rows in the cache now that still lack a required field, and are therefore hidden.
    pub partial_rows: usize,
    /// Messages received with rows or deletions: snapshot batches and live updates.
    pub frames: u64,
    /// Decode errors of rows; see [`RowError`](crate::RowError).
    pub row_errors: u64,
    /// The greatest position now of the changes in the cache, or `None` if they have no positions.
    pub last_seq: Option<Seq>,
}

impl SubscriptionStats {
    pub(super) fn new(
        subscribed: Subscribed,
        counts: SourceCounts,
        sort: Option<Sort>,
        protocol: Protocol,
    ) -> Self {
        let keys = subscribed.keys.iter();
        SubscriptionStats {
            view: subscribed.view.to_string(),
            keys: keys.map(|key| key.to_string()).collect(),
            skip: subscribed.window.skip,
            take: subscribed.window.take,
            filters: subscribed.filters,
            sort,
            limit: subscribed.limit,
            protocol,
            readers: subscribed.readers,
            is_ready: counts.is_ready,
            rows: counts.rows,
            partial_rows: counts.partial_rows,
            frames: counts.frames,
            row_errors: counts.row_errors,
            last_seq: counts.last_seq,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stats;
    use crate::wire::{Protocol, Seq};

    #[test]
    fn json_has_the_names_of_the_fields() {
        let stats = Stats {
            frames: 7,
            protocol: Protocol::V2,
            last_seq: Some(Seq::new(5, 1)),
            ..Stats::default()
        };
        let json = serde_json::to_value(stats).unwrap();
        assert_eq!(json["frames"], 7);
        assert_eq!(json["protocol"], "v2");
        assert_eq!(json["last_seq"], "5:000000000001");
    }
}
