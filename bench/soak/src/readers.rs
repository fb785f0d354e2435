//! The readers, each with the rows that its own items add up to.

use crate::entity::{Round, RoundViews};
use hyperstack_sdk::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Rows by key.
pub type Rows = BTreeMap<String, Arc<Round>>;

/// The key of the row that has its own reader.
pub const KEY: &str = "7";

/// The time that the slow reader takes per item.
const SLOW: Duration = Duration::from_millis(2);

/// The handle of a reader.
pub struct Reader {
    pub name: &'static str,
    rows: Mutex<Rows>,
    items: AtomicU64,
    /// The number of items that contradict the reader's rows.
    gaps: AtomicU64,
}

/// All readers. The single row has its own client, because beside a reader of the whole view it would be
/// served from that.
pub struct Readers {
    pub list: Arc<Reader>,
    pub rich: Arc<Reader>,
    pub slow: Arc<Reader>,
    pub window: Arc<Reader>,
    pub key: Arc<Reader>,
}

impl Readers {
    pub fn start(hs: &HyperStack, other: &HyperStack) -> Self {
        let views = hs.views::<RoundViews>();
        Readers {
            list: watch("list", hs.watch::<Round>(), Duration::ZERO),
            rich: watch_rich(hs.watch_rich::<Round>()),
            slow: watch("slow", hs.watch::<Round>().conflate(64), SLOW),
            window: watch("window", views.top().watch(), Duration::ZERO),
            key: watch("key", other.watch_key::<Round>(KEY), Duration::ZERO),
        }
    }

    pub fn all(&self) -> [&Reader; 5] {
        [&self.list, &self.rich, &self.slow, &self.window, &self.key]
    }
}

impl Reader {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Reader {
            name,
            rows: Mutex::default(),
            items: AtomicU64::new(0),
            gaps: AtomicU64::new(0),
        })
    }

    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    pub fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::Relaxed)
    }

    fn take(&self, key: String, row: Option<Arc<Round>>) {
        self.items.fetch_add(1, Ordering::Relaxed);
        match row {
            Some(row) => drop(self.rows().insert(key, row)),
            None => drop(self.rows().remove(&key)),
        }
    }
}

fn watch(name: &'static str, updates: EntityStream<Round>, pause: Duration) -> Arc<Reader> {
    let reader = Reader::new(name);
    let (handle, mut updates) = (reader.clone(), updates.shared());
    tokio::spawn(async move {
        while let Some(update) = updates.next().await {
            handle.take(update.key().to_owned(), update.into_data());
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    });
    reader
}

/// Reads updates with their previous rows. Each must be the row that was read last.
fn watch_rich(mut updates: RichEntityStream<Round>) -> Arc<Reader> {
    let reader = Reader::new("rich");
    let handle = reader.clone();
    tokio::spawn(async move {
        while let Some(update) = updates.next().await {
            let is_next = handle.rows().get(update.key()).map(|row| &**row) == update.before();
            handle
                .gaps
                .fetch_add(u64::from(!is_next), Ordering::Relaxed);
            let row = update.data().cloned().map(Arc::new);
            handle.take(update.key().to_owned(), row);
        }
    });
    reader
}
