//! Clients over NATS that count what arrives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use decode::round::Round;
use hyperstack_sdk::{
    EntityStream, HyperStack, ListView, StreamExt, Tape, TapeError, TapeRecord, Update, ViewSource,
    Views,
};
use nats_tests::NatsServer;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Result;

/// The prefix of all names in NATS.
pub(crate) const PREFIX: &str = "bench";

/// The tape of rounds.
struct RoundViews {
    tape: ListView<Round>,
}

impl Views for RoundViews {
    type Entity = Round;

    fn new(source: ViewSource<Round>) -> Self {
        RoundViews {
            tape: source.append(),
        }
    }
}

/// A client that reads in a task of its own. It stops when you drop it.
pub(crate) struct Reader {
    hs: HyperStack,
    /// The number of stamped changes or records that arrived.
    pub(crate) count: watch::Receiver<u64>,
    task: JoinHandle<Result<()>>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn connect(nats: &NatsServer) -> Result<HyperStack> {
    let client = HyperStack::builder().connect_timeout(Duration::from_secs(60));
    let builder = hyperstack_nats::builder(nats.url(), PREFIX).client(client);
    Ok(builder.connect().await?)
}

impl Reader {
    /// Reads the list, and returns when the client has all `rows`. Passes each stamp to `see`.
    pub(crate) async fn of_rows(
        nats: &NatsServer,
        rows: u64,
        see: impl Fn(u64) + Send + 'static,
    ) -> Result<Self> {
        let hs = connect(nats).await?;
        let mut stream = hs.watch::<Round>().shared();
        for _ in 0..rows {
            stream.next().await.ok_or("the list has ended")?;
        }
        let (counter, count) = watch::channel(0);
        let task = tokio::spawn(async move {
            while let Some(update) = stream.next().await {
                let row: Option<Arc<Round>> = match update {
                    Update::Upsert { data, .. } | Update::Patch { data, .. } => Some(data),
                    Update::Delete { .. } => None,
                };
                if let Some(stamp) = row.and_then(|row| row.metrics.deploy_count) {
                    see(stamp);
                    counter.send_modify(|count| *count += 1);
                }
            }
            Err("the list has ended".into())
        });
        Ok(Reader { hs, count, task })
    }

    /// Reads the tape from its next record on.
    pub(crate) async fn of_records(nats: &NatsServer) -> Result<Self> {
        let hs = connect(nats).await?;
        let mut tape: Tape<Round> = hs.views::<RoundViews>().tape.tape().from_now();
        // There are no retained records, so this returns once the tape is open.
        if tape.next_retained().await.is_some() {
            return Err("the tape has records already".into());
        }
        let (counter, count) = watch::channel(0);
        let task = tokio::spawn(async move {
            while let Some(record) = tape.next().await {
                let record: std::result::Result<TapeRecord<Round>, TapeError> = record;
                record?;
                counter.send_modify(|count| *count += 1);
            }
            Err("the tape has ended".into())
        });
        Ok(Reader { hs, count, task })
    }

    /// Waits until this many items have arrived.
    pub(crate) async fn reach(&mut self, count: u64) -> Result<()> {
        let wait = self.count.wait_for(|arrived| *arrived >= count);
        let is_done = match tokio::time::timeout(Duration::from_secs(60), wait).await {
            Ok(seen) => seen.is_ok(),
            Err(_) => false,
        };
        if !is_done {
            let arrived = *self.count.borrow();
            return Err(format!("only {arrived} of {count} items arrived").into());
        }
        Ok(())
    }

    /// How many changes the client has merged into others.
    pub(crate) fn conflated(&self) -> u64 {
        self.hs.stats().conflated
    }
}

/// Reads the whole list once. Returns how long that took from the start of the connection.
pub(crate) async fn cold_start(nats: &NatsServer, rows: u64) -> Result<Duration> {
    let start = Instant::now();
    let hs = connect(nats).await?;
    let mut stream: EntityStream<Round> = hs.watch::<Round>();
    for _ in 0..rows {
        stream.next().await.ok_or("the list has ended")?;
    }
    Ok(start.elapsed())
}
