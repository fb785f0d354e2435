//! The readers, each with what its own items add up to.

use crate::compare::{by_key, in_order};
use crate::entity::{Round, RoundViews};
use crate::fault::MARK;
use crate::options::Kind;
use crate::tape::{self, Tally};
use crate::truth::{Row, Truth};
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::{StreamError, WindowRows};
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::RwLock;
use tokio::task::JoinHandle;

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
    pub log: Arc<Log>,
    pub task: JoinHandle<()>,
    /// Returns what the server has, as far as it is read.
    pub rows: Part,
    /// Whether there can be pauses without a row to compare.
    pub may_be_empty: bool,
    /// Returns the first difference from what the server has.
    pub differs: Box<dyn Fn(&Truth) -> Option<String>>,
    /// Reads the rows once.
    pub read: Option<Box<dyn Fn() -> Reading>>,
}

type Reading = Pin<Box<dyn Future<Output = std::result::Result<Vec<Arc<Round>>, ReadError>>>>;

/// What a reader has noticed.
#[derive(Default)]
pub struct Log {
    items: AtomicU64,
    decode_errors: AtomicU64,
    marks: AtomicU64,
    complaints: Mutex<Vec<String>>,
}

impl Log {
    /// Returns the number of items.
    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Returns the number of rows and messages that the stream has reported as malformed.
    pub fn decode_errors(&self) -> u64 {
        self.decode_errors.load(Ordering::Relaxed)
    }

    /// Notes something that must not happen.
    pub fn complain(&self, complaint: String) {
        lock(&self.complaints).push(complaint);
    }

    fn note(&self, error: &StreamError) {
        match error {
            StreamError::Resynced => {}
            StreamError::Row(_) | StreamError::Frame(_) => {
                self.decode_errors.fetch_add(1, Ordering::Relaxed);
            }
            error => self.complain(format!("yields an error: {error}")),
        }
    }
}

impl Reader {
    /// Returns what must not have happened.
    pub fn complaint(&self) -> Option<String> {
        if let Some(complaint) = lock(&self.log.complaints).first() {
            return Some(complaint.clone());
        }
        self.task
            .is_finished()
            .then(|| "has ended or panicked".to_owned())
    }
}

/// Returns a part of the server's rows.
pub type Part = Arc<dyn Fn(&Truth) -> Vec<Row>>;

/// All readers.
pub struct Readers {
    pub all: Vec<Reader>,
    pub tape: Option<Arc<Mutex<Tally>>>,
}

impl Readers {
    /// Returns the number of items that were read.
    pub fn items(&self) -> u64 {
        self.all.iter().map(|reader| reader.log.items()).sum()
    }

    /// Returns the number of rows and messages that the streams have reported as malformed.
    pub fn decode_errors(&self) -> u64 {
        let logs = self.all.iter().map(|reader| &reader.log);
        logs.map(|log| log.decode_errors()).sum()
    }

    /// Returns the number of rows of unrequested snapshots that the streams have yielded since the last call.
    pub fn take_marks(&self) -> u64 {
        let logs = self.all.iter().map(|reader| &reader.log);
        logs.map(|log| log.marks.swap(0, Ordering::Relaxed)).sum()
    }

    /// Returns what must not have happened.
    pub fn complaint(&self) -> Option<String> {
        let mut complaints = self.all.iter();
        complaints.find_map(|reader| Some(format!("{} {}", reader.name, reader.complaint()?)))
    }

    /// Returns the first difference from what the server has.
    pub fn difference(&self, truth: &Truth) -> Option<String> {
        let mut differences = self.all.iter();
        differences
            .find_map(|reader| Some(format!("{}: {}", reader.name, (reader.differs)(truth)?)))
    }

    /// Reads all views once. Their rows must be the server's, in its order.
    pub async fn read(&self, truth: &Truth) -> crate::Result<()> {
        for reader in &self.all {
            let Some(read) = &reader.read else { continue };
            let read = read().await.map_err(|error| error.to_string());
            let wrong = read.map(|rows| in_order(&(reader.rows)(truth), &rows));
            if let Err(wrong) | Ok(Some(wrong)) = wrong {
                return Err(format!("{}: a read: {wrong}", reader.name).into());
            }
        }
        Ok(())
    }
}

/// Starts all readers. Those of keys have a client of their own, because over v1 a reader of the whole view would
/// serve them too.
pub fn start(kind: Kind, hs: &HyperStack, other: &HyperStack, gate: &Gate) -> Readers {
    let views = hs.views::<RoundViews>();
    let (list, ranked) = (views.list(), views.ranked());
    let all = part(|truth| truth.rows.clone());
    let shared = |update: Update<Round>| Ok(update.map(Arc::new));
    let owned = list.watch().map(shared);
    let slow = list.watch().conflate(64).map(shared);
    let key = other.watch_keys::<Round>(KEY).map(shared);
    let keys = other.watch_keys::<Round>(KEYS).with_errors().shared();
    let mut readers = vec![
        view("list", list.clone(), all.clone(), gate),
        sum("owned", owned, Duration::ZERO, all.clone(), gate),
        sum("slow", slow, SLOW, all.clone(), gate),
        rich("rich", list.watch_rich(), all, gate),
        window(
            "ranked",
            ranked.watch_window().map(Ok),
            ranked_from(0, usize::MAX),
            gate,
        ),
        view("recent", list.clone().take(10), first(10), gate),
        view(
            "filtered by the server",
            list.clone().filter("open", true),
            filtered(|row| row["open"] == true),
            gate,
        ),
        view(
            "filtered by the client",
            list.filter_rows(|row| row.state.miners.is_multiple_of(2)),
            filtered(|row| {
                row["state"]["miners"]
                    .as_u64()
                    .is_some_and(|it| it.is_multiple_of(2))
            }),
            gate,
        ),
        sparse(sum("key", key, Duration::ZERO, of(KEY), gate)),
        sparse(sum("keys", keys, Duration::ZERO, of(KEYS), gate)),
    ];
    for (name, skip, take) in [("first", 0, 5), ("middle", 3, 7), ("last", 10, 10)] {
        let query = ranked.clone().skip(skip).take(take);
        readers.push(view(name, query, ranked_from(skip, take), gate));
    }
    let middle = ranked.skip(3).take(7).watch().windows().with_errors();
    readers.push(window("middle as a whole", middle, ranked_from(3, 7), gate));
    let mut tape = None;
    if kind == Kind::Arete {
        let (reader, tally) = tape::reader(views.append().tape(), gate);
        readers.push(reader);
        tape = Some(tally);
    }
    Readers { all: readers, tape }
}

fn sparse(reader: Reader) -> Reader {
    Reader {
        may_be_empty: true,
        ..reader
    }
}

fn part(rows: impl Fn(&Truth) -> Vec<Row> + 'static) -> Part {
    Arc::new(rows)
}

fn ranked_from(skip: usize, take: usize) -> Part {
    part(move |truth| truth.ranked.iter().skip(skip).take(take).cloned().collect())
}

fn first(count: usize) -> Part {
    part(move |truth| truth.rows.iter().take(count).cloned().collect())
}

fn filtered(is_in: impl Fn(&Value) -> bool + 'static) -> Part {
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

/// Reads a view's shared rows and errors. The rows that the client has must have the server's order, too.
fn view<Kind: Send + Sync + 'static>(
    name: &'static str,
    view: ListView<Round, Kind>,
    rows: Part,
    gate: &Gate,
) -> Reader {
    let updates = view.watch().with_errors().shared();
    let reader = sum(name, updates, Duration::ZERO, rows.clone(), gate);
    let held = view.clone().shared();
    let differs = move |truth: &Truth| {
        let held = held.get_sync();
        (reader.differs)(truth).or_else(|| in_order(&rows(truth), &held))
    };
    let view = view.shared();
    Reader {
        differs: Box::new(differs),
        read: Some(Box::new(move || {
            let view = view.clone();
            Box::pin(async move { view.try_get().await })
        })),
        ..reader
    }
}

/// Reads updates, and adds them up.
fn sum(
    name: &'static str,
    updates: impl Stream<Item = Result<Update<Arc<Round>>, StreamError>> + Unpin + Send + 'static,
    pause: Duration,
    rows: Part,
    gate: &Gate,
) -> Reader {
    let held = Arc::<Mutex<BTreeMap<_, _>>>::default();
    let mine = held.clone();
    let (log, task) = read(updates, pause, gate, move |update, log| match update {
        Ok(update) => {
            if update.data().is_some_and(|row| row.note == Some(MARK)) {
                log.marks.fetch_add(1, Ordering::Relaxed);
            }
            put(&mine, update.key().to_owned(), update.into_data());
        }
        Err(error) => log.note(&error),
    });
    Reader {
        name,
        log,
        task,
        rows: rows.clone(),
        differs: Box::new(move |truth| by_key(&rows(truth), &lock(&held))),
        may_be_empty: false,
        read: None,
    }
}

/// Reads updates with their previous rows. Each must be the row that was read last.
fn rich(name: &'static str, updates: RichEntityStream<Round>, rows: Part, gate: &Gate) -> Reader {
    let held = Arc::<Mutex<BTreeMap<String, Arc<Round>>>>::default();
    let mine = held.clone();
    let (log, task) = read(updates, Duration::ZERO, gate, move |update, log| {
        if lock(&mine).get(update.key()).map(|row| &**row) != update.before() {
            log.complain(format!("yields another row before a change: {update:?}"));
        }
        let row = update.data().cloned().map(Arc::new);
        put(&mine, update.key().to_owned(), row);
    });
    Reader {
        name,
        log,
        task,
        rows: rows.clone(),
        differs: Box::new(move |truth| by_key(&rows(truth), &lock(&held))),
        may_be_empty: false,
        read: None,
    }
}

/// Reads a whole window after each change.
fn window(
    name: &'static str,
    windows: impl Stream<Item = Result<WindowRows<Round>, StreamError>> + Unpin + Send + 'static,
    rows: Part,
    gate: &Gate,
) -> Reader {
    let held = Arc::<Mutex<Option<WindowRows<Round>>>>::default();
    let mine = held.clone();
    let (log, task) = read(
        windows,
        Duration::ZERO,
        gate,
        move |window, log| match window {
            Ok(window) => *lock(&mine) = Some(window),
            Err(error) => log.note(&error),
        },
    );
    Reader {
        name,
        log,
        task,
        rows: rows.clone(),
        differs: Box::new(move |truth| {
            in_order(&rows(truth), lock(&held).as_deref().unwrap_or_default())
        }),
        may_be_empty: false,
        read: None,
    }
}

/// Reads a stream in a task of its own.
pub fn read<S: Stream<Item: Send> + Unpin + Send + 'static>(
    mut stream: S,
    pause: Duration,
    gate: &Gate,
    mut take: impl FnMut(S::Item, &Log) + Send + 'static,
) -> (Arc<Log>, JoinHandle<()>) {
    let log = Arc::<Log>::default();
    let (mine, gate) = (log.clone(), gate.clone());
    let task = tokio::spawn(async move {
        while let Some(item) = stream.next().await {
            mine.items.fetch_add(1, Ordering::Relaxed);
            take(item, &mine);
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let _is_open = gate.read().await;
        }
    });
    (log, task)
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
