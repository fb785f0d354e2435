//! What is counted beside the readers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the client was made, of streams and caches that are gone too.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Changes that were folded into others.
    pub(crate) conflated: Count,
    /// Changes that readers asked to miss rather than to have folded.
    pub(crate) missed: Count,
    /// Rows that the limit on entries took out.
    pub(crate) evicted: Count,
    /// Snapshots of what had one before.
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
