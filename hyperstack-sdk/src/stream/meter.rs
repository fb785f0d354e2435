//! Counters that all readers share.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the client was created, including those of streams and caches that are gone.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Changes that were merged into others.
    pub(crate) conflated: Count,
    /// Changes that streams with `drop_oldest` dropped.
    pub(crate) missed: Count,
    /// Rows that were evicted because of the row limit.
    pub(crate) evicted: Count,
    /// Snapshots of subscriptions that had one before.
    pub(crate) resyncs: Count,
}

/// A count that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
