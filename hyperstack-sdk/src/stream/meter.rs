//! What is counted beside the readers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

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
    /// Views that have come to hold more rows than allowed, until somebody is told.
    full: Mutex<Vec<Full>>,
}

/// A view with more rows than are kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) view: String,
    pub(crate) rows: usize,
    pub(crate) limit: usize,
}

impl Meter {
    pub(crate) fn note_full(&self, full: Full) {
        self.full
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(full);
    }

    pub(crate) fn take_full(&self) -> Vec<Full> {
        std::mem::take(&mut *self.full.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
