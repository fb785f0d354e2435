//! Counters and gauges for the recorder of the crate `metrics`. The guide `observing` lists them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{
    counter, describe_counter, describe_gauge, gauge, Counter, Gauge, SharedString, Unit,
};

use super::stats::Stats;
use crate::store::{Difference, Tallied};

/// The metrics of one client. Their recorder is the one that was installed when the client was created.
pub(super) struct Metrics {
    host: SharedString,
    totals: Vec<(Counter, Value)>,
    connected: Gauge,
    published: Mutex<Published>,
}

/// What was published so far.
#[derive(Default)]
struct Published {
    stats: Stats,
    is_connected: bool,
    views: HashMap<Arc<str>, View>,
}

/// The metrics of one view.
struct View {
    frames: Counter,
    subscriptions: Gauge,
    rows: Gauge,
    partial_rows: Gauge,
    /// The sums of what was published.
    sums: Tallied,
}

/// Reads a counter's value.
type Value = fn(&Stats) -> u64;

/// A counter of a client.
struct Total {
    name: &'static str,
    unit: Unit,
    description: &'static str,
    value: Value,
}

impl Total {
    const fn new(name: &'static str, unit: Unit, value: Value, description: &'static str) -> Self {
        Total {
            name,
            unit,
            description,
            value,
        }
    }
}

const TOTALS: [Total; 8] = [
    Total::new(
        "hyperstack_frames_total",
        Unit::Count,
        |stats| stats.frames,
        "Messages received, without pings and pongs",
    ),
    Total::new(
        "hyperstack_bytes_total",
        Unit::Bytes,
        |stats| stats.bytes,
        "Bytes of messages received, before decompression",
    ),
    Total::new(
        "hyperstack_malformed_frames_total",
        Unit::Count,
        |stats| stats.frame_errors,
        "Malformed messages, or malformed rows of messages",
    ),
    Total::new(
        "hyperstack_reconnects_total",
        Unit::Count,
        |stats| stats.reconnects,
        "Restored connections",
    ),
    Total::new(
        "hyperstack_resyncs_total",
        Unit::Count,
        |stats| stats.resyncs,
        "Snapshots of subscriptions that had one before",
    ),
    Total::new(
        "hyperstack_conflated_changes_total",
        Unit::Count,
        |stats| stats.conflated,
        "Changes that streams merged into others",
    ),
    Total::new(
        "hyperstack_missed_changes_total",
        Unit::Count,
        |stats| stats.missed,
        "Changes that streams dropped",
    ),
    Total::new(
        "hyperstack_evicted_rows_total",
        Unit::Count,
        |stats| stats.evicted_rows,
        "Rows evicted because of the row limit",
    ),
];

const DECODE_ERRORS: &str = "hyperstack_decode_errors_total";
const VIEW_FRAMES: &str = "hyperstack_view_frames_total";
const CONNECTED: &str = "hyperstack_connected";
const SUBSCRIPTIONS: &str = "hyperstack_subscriptions";
const ROWS: &str = "hyperstack_rows";
const PARTIAL_ROWS: &str = "hyperstack_partial_rows";

impl Metrics {
    /// Creates the metrics of a client. `url` has no query and no user.
    pub(super) fn new(url: &str) -> Self {
        describe_counter!(DECODE_ERRORS, Unit::Count, "Decode errors of rows");
        describe_counter!(
            VIEW_FRAMES,
            Unit::Count,
            "Messages received with rows or deletions of a view"
        );
        describe_gauge!(CONNECTED, Unit::Count, "Open connections");
        describe_gauge!(SUBSCRIPTIONS, Unit::Count, "Subscriptions of a view");
        describe_gauge!(ROWS, Unit::Count, "Rows in the cache");
        describe_gauge!(
            PARTIAL_ROWS,
            Unit::Count,
            "Rows in the cache that lack a required field"
        );
        let host: SharedString = host(url).to_owned().into();
        let totals = TOTALS.into_iter().map(|total| {
            describe_counter!(total.name, total.unit, total.description);
            (counter!(total.name, "host" => host.clone()), total.value)
        });
        Metrics {
            totals: totals.collect(),
            connected: gauge!(CONNECTED, "host" => host.clone()),
            published: Mutex::default(),
            host,
        }
    }

    /// Counts a decode error.
    pub(super) fn note_row_error(&self, view: &str) {
        let labels = [
            ("host", self.host.clone()),
            ("view", view.to_owned().into()),
        ];
        counter!(DECODE_ERRORS, &labels).increment(1);
    }

    /// Publishes the difference to what was published before. `read` returns the present counts, whether the client
    /// is connected, and the changes of views.
    pub(super) fn publish(&self, read: impl FnOnce() -> (Stats, bool, Vec<Difference>)) {
        let mut published = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (stats, is_connected, differences) = read();
        for (counter, value) in &self.totals {
            let more = value(&stats).saturating_sub(value(&published.stats));
            if more > 0 {
                counter.increment(more);
            }
        }
        published.stats = stats;
        if std::mem::replace(&mut published.is_connected, is_connected) != is_connected {
            self.connected
                .increment(if is_connected { 1.0 } else { -1.0 });
        }
        for Difference { view, by } in differences {
            let metrics = published.views.entry(view);
            let metrics = metrics.or_insert_with_key(|view| View::new(&self.host, view));
            metrics.add(by);
        }
    }
}

impl Drop for Metrics {
    /// The gauges no longer count this client.
    fn drop(&mut self) {
        let published = self.published.get_mut();
        let published = published.unwrap_or_else(PoisonError::into_inner);
        if published.is_connected {
            self.connected.decrement(1.0);
        }
        for view in published.views.values_mut() {
            let sums = view.sums;
            view.add(Tallied {
                subscriptions: -sums.subscriptions,
                rows: -sums.rows,
                partial_rows: -sums.partial_rows,
                frames: 0,
            });
        }
    }
}

impl View {
    fn new(host: &SharedString, view: &str) -> Self {
        let labels = [("host", host.clone()), ("view", view.to_owned().into())];
        View {
            frames: counter!(VIEW_FRAMES, &labels),
            subscriptions: gauge!(SUBSCRIPTIONS, &labels),
            rows: gauge!(ROWS, &labels),
            partial_rows: gauge!(PARTIAL_ROWS, &labels),
            sums: Tallied::default(),
        }
    }

    fn add(&mut self, by: Tallied) {
        let sums = &mut self.sums;
        sums.subscriptions += by.subscriptions;
        sums.rows += by.rows;
        sums.partial_rows += by.partial_rows;
        if by.frames > 0 {
            self.frames.increment(by.frames);
        }
        for (gauge, by) in [
            (&self.subscriptions, by.subscriptions),
            (&self.rows, by.rows),
            (&self.partial_rows, by.partial_rows),
        ] {
            if by != 0 {
                // Exact up to 2^53.
                gauge.increment(by as f64);
            }
        }
    }
}

/// Returns the host and port of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}
