//! The readers, each with what its own items add up to.

use crate::compare::{differing, displaced, Row, Truth};
use crate::entity::{Round, RoundViews};
use crate::options::Kind;
use crate::tape::{self, Tally};
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::WindowRows;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::RwLock;

/// The keys that have readers of their own.
const KEY: &[&str] = &["7"];
const KEYS: &[&str] = &["1", "2", "3", "250", "299"];

/// The time that the slow reader takes per item.
const SLOW: Duration = Duration::from_millis(2);

/// Stops all readers while it is held for writing.
pub type Gate = Arc<RwLock<()>>;

/// A reader.
pub struct Reader {
    pub name: &'static str,
    pub counts: Arc<Counts>,
    /// Returns the number of rows that differ from the server's.
    pub differs: Box<dyn Fn(&Truth) -> usize>,
}

#[derive(Default)]
pub struct Counts {
    items: AtomicU64,
    wrong: AtomicU64,
}

impl Counts {
    /// Returns the number of items.
    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Returns the number of items that contradict what was read before.
    pub fn wrong(&self) -> u64 {
        self.wrong.load(Ordering::Relaxed)
    }

    /// Counts an item that contradicts what was read before.
    pub fn note_wrong(&self) {
        self.wrong.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns a part of the server's rows.
type Part = Arc<dyn Fn(&Truth) -> Vec<Row>>;

/// All readers.
pub struct Readers {
    pub all: Vec<Reader>,
    pub tape: Option<Arc<Mutex<Tally>>>,
}

/// Starts all readers. Those of keys have a client of their own, because over v1 a reader of the whole view would
/// serve them too.
pub fn start(kind: Kind, hs: &HyperStack, other: &HyperStack, gate: &Gate) -> Readers {
    let views = hs.views::<RoundViews>();
    let (list, ranked) = (views.list(), views.ranked());
    let all = part(|truth| truth.rows.clone());
    let is_even = |row: &Round| row.state.miners.is_multiple_of(2);
    let mut readers = vec![
        view("list", list.clone(), all.clone(), gate),
        owned("owned", list.watch(), Duration::ZERO, all.clone(), gate),
        owned("slow", list.watch().conflate(64), SLOW, all.clone(), gate),
        rich("rich", list.watch_rich(), all, gate),
        window("ranked", ranked.watch_window(), gate),
        view("recent", list.clone().take(10), first(10), gate),
        view(
            "filtered by the server",
            list.clone().filter("open", true),
            filtered(|row| row.open == Some(true)),
            gate,
        ),
        view(
            "filtered by the client",
            list.filter_rows(is_even),
            filtered(is_even),
            gate,
        ),
        owned(
            "key",
            other.watch_keys::<Round>(KEY),
            Duration::ZERO,
            of(KEY),
            gate,
        ),
        owned(
            "keys",
            other.watch_keys::<Round>(KEYS),
            Duration::ZERO,
            of(KEYS),
            gate,
        ),
    ];
    for (name, skip, take) in [("first", 0, 5), ("middle", 3, 7), ("last", 10, 10)] {
        let rows = part(move |truth| {
            let rows = truth.ranked.iter().skip(skip).take(take);
            rows.cloned().collect()
        });
        let query = ranked.clone().skip(skip).take(take);
        readers.push(view(name, query, rows, gate));
    }
    let mut tape = None;
    if kind == Kind::Arete {
        let (reader, tally) = tape::reader(views.append().tape(), gate);
        readers.push(reader);
        tape = Some(tally);
    }
    Readers { all: readers, tape }
}

fn part(rows: impl Fn(&Truth) -> Vec<Row> + 'static) -> Part {
    Arc::new(rows)
}

fn first(count: usize) -> Part {
    part(move |truth| truth.rows.iter().take(count).cloned().collect())
}

fn filtered(is_in: impl Fn(&Round) -> bool + 'static) -> Part {
    part(move |truth| {
        let rows = truth.rows.iter().filter(|(_, row)| is_in(row));
        rows.cloned().collect()
    })
}

fn of(keys: &'static [&str]) -> Part {
    part(move |truth| {
        let rows = truth.rows.iter().filter(|(key, _)| keys.contains(&&**key));
        rows.cloned().collect()
    })
}

/// Reads a view's shared rows. The rows that the client has must have the server's order, too.
fn view<Kind: 'static>(
    name: &'static str,
    view: ListView<Round, Kind>,
    rows: Part,
    gate: &Gate,
) -> Reader {
    let updates = view.watch().shared();
    let reader = sum(name, updates, Duration::ZERO, rows.clone(), gate);
    let differs = move |truth: &Truth| {
        let displaced = displaced(&rows(truth), &view.shared().get_sync());
        (reader.differs)(truth) + displaced
    };
    Reader {
        differs: Box::new(differs),
        ..reader
    }
}

fn owned(
    name: &'static str,
    updates: EntityStream<Round>,
    pause: Duration,
    rows: Part,
    gate: &Gate,
) -> Reader {
    let updates = updates.map(|update| update.map(Arc::new));
    sum(name, updates, pause, rows, gate)
}

/// Reads updates, and adds them up.
fn sum(
    name: &'static str,
    updates: impl Stream<Item = Update<Arc<Round>>> + Unpin + Send + 'static,
    pause: Duration,
    rows: Part,
    gate: &Gate,
) -> Reader {
    let held = Arc::<Mutex<BTreeMap<_, _>>>::default();
    let mine = held.clone();
    let counts = read(updates, pause, gate, move |update, _| {
        put(&mine, update.key().to_owned(), update.into_data());
    });
    let differs = move |truth: &Truth| differing(&rows(truth), &lock(&held));
    Reader {
        name,
        counts,
        differs: Box::new(differs),
    }
}

/// Reads updates with their previous rows. Each must be the row that was read last.
fn rich(name: &'static str, updates: RichEntityStream<Round>, rows: Part, gate: &Gate) -> Reader {
    let held = Arc::<Mutex<BTreeMap<String, Arc<Round>>>>::default();
    let mine = held.clone();
    let counts = read(updates, Duration::ZERO, gate, move |update, counts| {
        if lock(&mine).get(update.key()).map(|row| &**row) != update.before() {
            counts.note_wrong();
        }
        let row = update.data().cloned().map(Arc::new);
        put(&mine, update.key().to_owned(), row);
    });
    let differs = move |truth: &Truth| differing(&rows(truth), &lock(&held));
    Reader {
        name,
        counts,
        differs: Box::new(differs),
    }
}

/// Reads the whole derived view after each change.
fn window(name: &'static str, windows: WindowStream<Round>, gate: &Gate) -> Reader {
    let held = Arc::<Mutex<Option<WindowRows<Round>>>>::default();
    let mine = held.clone();
    let counts = read(windows, Duration::ZERO, gate, move |rows, _| {
        *lock(&mine) = Some(rows);
    });
    let differs = move |truth: &Truth| {
        let held = lock(&held);
        displaced(&truth.ranked, held.as_deref().unwrap_or_default())
    };
    Reader {
        name,
        counts,
        differs: Box::new(differs),
    }
}

/// Reads a stream in a task of its own.
pub fn read<S: Stream<Item: Send> + Unpin + Send + 'static>(
    mut stream: S,
    pause: Duration,
    gate: &Gate,
    mut take: impl FnMut(S::Item, &Counts) + Send + 'static,
) -> Arc<Counts> {
    let counts = Arc::<Counts>::default();
    let (mine, gate) = (counts.clone(), gate.clone());
    tokio::spawn(async move {
        while let Some(item) = stream.next().await {
            mine.items.fetch_add(1, Ordering::Relaxed);
            take(item, &mine);
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let _is_open = gate.read().await;
        }
    });
    counts
}

fn put<T>(rows: &Mutex<BTreeMap<String, T>>, key: String, row: Option<T>) {
    match row {
        Some(row) => drop(lock(rows).insert(key, row)),
        None => drop(lock(rows).remove(&key)),
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
