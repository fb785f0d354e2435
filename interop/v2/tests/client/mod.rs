//! The SDK against the real server. In each test the client knows the URL and nothing else about the
//! server; whatever happens, its rows, and what a reader of a stream can put together, equal the server's.

mod appends;
mod deletes;
mod generated;
mod generations;
mod keyed;
mod lag;
mod limits;
mod live;
mod queries;
mod random;
mod refusals;
mod restarts;
mod silence;
mod snapshots;
mod sorts;
mod tapes;
mod tokens;
mod values;

use std::collections::BTreeMap;
use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

use hyperstack_interop_socket::deadline;
use hyperstack_interop_v2::Server;
use hyperstack_sdk::prelude::*;
use serde_json::{json, Value};

use crate::support::*;

// Clippy takes two views with one id for a mistake.
#[allow(clippy::duplicated_attributes)]
#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(best, id = "Player/best", single)]
#[view(top, id = "Player/top")]
#[view(ranked, id = "Player/ranked")]
#[view(least, id = "Player/least")]
#[view(places, id = "Player/top", keyed)]
struct Player {
    name: Option<String>,
    score: Option<i64>,
    total: Option<u64>,
    active: Option<bool>,
    note: Option<String>,
    log: Vec<u32>,
}

/// A type for rows of the server.
trait FromRow: Record {
    /// Converts the JSON of the server's cache.
    fn from_row(row: &Value) -> Self;
}

impl FromRow for Player {
    fn from_row(row: &Value) -> Self {
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let log = row["log"].as_array().into_iter().flatten();
        Player {
            name: text("name"),
            score: row["score"].as_i64(),
            total: row["total"].as_u64(),
            active: row["active"].as_bool(),
            note: text("note"),
            log: log
                .map(|n| n.as_u64().expect("an integer") as u32)
                .collect(),
        }
    }
}

/// The row as the server sends it, with its position and version.
impl FromRow for Value {
    fn from_row(row: &Value) -> Self {
        let mut row = row.clone();
        if let Some(total) = row.get_mut("total").filter(|total| total.is_number()) {
            *total = json!(total.to_string());
        }
        row
    }
}

/// A client that knows nothing but the URL.
async fn connect(server: &Server) -> HyperStack {
    connect_to(&server.url()).await
}

async fn connect_to(url: &str) -> HyperStack {
    HyperStack::connect(url).await.expect("a connection")
}

/// A client that knows nothing but the URL, and reconnects at once.
fn client(server: &Server) -> HyperStackBuilder {
    HyperStack::builder()
        .url(server.url())
        .reconnect_intervals(vec![Duration::ZERO])
}

/// A client whose reads wait for an answer however long it takes.
async fn patient(server: &Server) -> HyperStack {
    let builder = client(server).initial_data_timeout(Duration::from_secs(3600));
    builder.connect().await.expect("a connection")
}

/// Longer than any test takes, also by a clock that it moves.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A client that loses no connection while a test moves its clock.
async fn unhurried(server: &Server) -> HyperStack {
    let builder = client(server).ping_interval(DAY);
    builder.connect().await.expect("a connection")
}

/// Moves the client's clock.
async fn forward(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// A reader of a stream, and the rows that it has put together.
struct Reader<T: Record> {
    updates: EntityStream<T>,
    rows: BTreeMap<String, T>,
}

impl<T: FromRow> Reader<T> {
    fn new(updates: EntityStream<T>) -> Self {
        Reader {
            updates,
            rows: BTreeMap::new(),
        }
    }

    /// Reads until it has the server's rows.
    async fn reaches(&mut self, rows: impl IntoIterator<Item = Row>) {
        let rows: BTreeMap<_, _> = typed(rows).collect();
        let read = async {
            while self.rows != rows {
                self.next().await;
            }
        };
        let read = tokio::time::timeout(Duration::from_secs(20), read).await;
        assert!(read.is_ok(), "{:?} should be {rows:?}", self.rows);
    }

    /// Starts the stream, which is lazy. It must have no update yet.
    async fn begins(&mut self) {
        tokio::select! {
            biased;
            update = self.updates.next() => panic!("an update: {update:?}"),
            () = std::future::ready(()) => {}
        }
    }

    /// Reads one update.
    async fn next(&mut self) -> Update<T> {
        let update = deadline(self.updates.next()).await.expect("an update");
        // Conflation can make an update of a row that comes and goes, or becomes what it was.
        let is_exact = self.updates.conflated() == 0;
        match &update {
            Update::Upsert { key, data } | Update::Patch { key, data } => {
                let before = self.rows.insert(key.clone(), data.clone());
                assert!(
                    !is_exact || before.as_ref() != Some(data),
                    "no change: {update:?}"
                );
            }
            Update::Delete { key } => {
                let before = self.rows.remove(key);
                assert!(!is_exact || before.is_some(), "no such row: {update:?}");
            }
        }
        update
    }

    /// Reads until the stream ends. Returns the reason.
    async fn end(mut self) -> EndReason {
        while deadline(self.updates.next()).await.is_some() {}
        self.updates.end_reason().expect("a reason").clone()
    }
}

/// Asserts that a feed has no item.
fn nothing<T: std::fmt::Debug>(feed: &mut (impl Stream<Item = T> + Unpin)) {
    let next = std::pin::pin!(feed.next()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(next.is_pending(), "{next:?}");
}

/// Waits until the client has these rows in this order.
async fn shows<T: FromRow>(read: impl Fn() -> Vec<T>, rows: impl IntoIterator<Item = Row>) {
    let rows: Vec<T> = typed(rows).map(|(_, row)| row).collect();
    let wait = async {
        while read() != rows {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .is_err()
    {
        assert_eq!(read(), rows);
    }
}

/// Makes two more changes of a row that the query has, and reads until they arrive. By then the reader
/// has everything that the server sent before.
async fn settles<T: FromRow>(server: &Server, view: &str, key: &str, reader: &mut Reader<T>) {
    for note in ["settling", "settled"] {
        server.apply([change(key, json!({ "note": note }))]).await;
        reader.reaches(server.rows(view).await).await;
    }
}

fn typed<T: FromRow>(rows: impl IntoIterator<Item = Row>) -> impl Iterator<Item = (String, T)> {
    let rows = rows.into_iter();
    rows.map(|(key, row)| (key, T::from_row(&row)))
}

fn names(players: &[Player]) -> Vec<&str> {
    players
        .iter()
        .filter_map(|player| player.name.as_deref())
        .collect()
}
