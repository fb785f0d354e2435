//! Runs one measurement in a separate process.

use crate::contender::{Client, Contender, Kind};
use crate::entity::{Shaped, Small, Wide};
use crate::floor::Floor;
use crate::measured::Measured;
use crate::meter::{Meter, Reader};
use crate::options::Options;
use crate::ours::Ours;
use crate::scenario::{Scenario, Streams, Task};
use crate::server::Server;
use crate::shape::Shape;
use crate::side::{Replies, Side};
use crate::stats::percentile;
use crate::stopwatch::{Length, Mark};
use crate::view::Part;
use crate::{frames, published, usage, Result};
use decode::round::Round;
use hyperstack_sdk::Update;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The deadline after which a client counts as stuck.
const PATIENCE: Duration = Duration::from_secs(300);

/// Measures one contender in one scenario, and prints a line of JSON.
pub fn main(contender: Contender, scenario: &Scenario, options: &Options) -> Result<()> {
    // Without a given server, the client starts its own.
    let own = match options.server {
        Some(_) => None,
        None => Some(Server::start()?),
    };
    let server = options.server.or(own.as_ref().map(Server::address));
    let run = Run {
        contender,
        scenario: scenario
            .of(contender)
            .with_rows(options.rows.unwrap_or(scenario.rows)),
        server: server.ok_or("no server")?,
        length: options.length(scenario, contender),
    };
    let measured = runtime(options.threads)?.block_on(async {
        tokio::time::timeout(PATIENCE, async {
            match scenario.shape {
                Shape::Round => run.of::<Round>().await,
                Shape::Small => run.of::<Small>().await,
                Shape::Wide => run.of::<Wide>().await,
            }
        })
        .await?
    })?;
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// The runtime of every contender.
fn runtime(threads: usize) -> Result<Runtime> {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    Ok(builder.worker_threads(threads).enable_all().build()?)
}

/// A measurement.
pub struct Run {
    pub contender: Contender,
    scenario: Scenario,
    server: SocketAddr,
    length: Length,
}

impl Run {
    async fn of<T: Shaped>(&self) -> Result<Measured> {
        match self.contender.kind {
            Kind::Ours => self.with::<Ours<T, Update<T>>>().await,
            Kind::OursShared => self.with::<Ours<T, Update<Arc<T>>>>().await,
            Kind::Published => published::measure::<T>(self).await,
            Kind::Floor => self.with::<Floor<T>>().await,
        }
    }

    /// Measures a client.
    pub async fn with<C: Client>(&self) -> Result<Measured> {
        match self.scenario.task {
            Task::Flood | Task::Latency => self.updates::<C>().await,
            Task::Snapshot { .. } => self.snapshots::<C>().await,
        }
    }

    async fn updates<C: Client>(&self) -> Result<Measured> {
        let (meter, replies) = self.begin()?;
        let mut client = C::connect(&replies.url, self.contender.generation).await?;
        let before = usage::resident()?;
        client.read(self.first_readers(&meter)).await?;
        meter.rows().await;
        let after = usage::resident()?;
        let others = 1..self.scenario.full_streams();
        if !others.is_empty() {
            let others = others.map(|_| (Part::List, meter.latecomer()));
            client.read(others.collect()).await?;
        }

        let (first, last) = meter.measured().await.ok_or("nothing measured")?;
        let sent = replies.sent.await?;
        let received = meter.drained(sent).await;
        let conflated = client.close().await;
        if let Some(misplaced) = meter.misplaced() {
            return Err(misplaced.into());
        }

        let updates = (last.updates - first.updates) as f64;
        let mut delays = meter.delays();
        delays.drain(..delays.len() / 10);
        delays.sort_unstable();
        Ok(Measured {
            per_cpu_second: updates / (last.cpu - first.cpu).as_secs_f64(),
            per_wall_second: updates / (last.wall - first.wall).as_secs_f64(),
            wanted: sent * u64::from(self.scenario.full_streams()),
            received,
            conflated,
            row_bytes: self.keeps_rows().then(|| self.per_row(before, after)),
            p50: percentile(&delays, 50.0),
            p99: percentile(&delays, 99.0),
            ..Measured::new(self.contender, &self.scenario)
        })
    }

    /// Reads snapshots, each over its own connection, until the measurement is long enough.
    async fn snapshots<C: Client>(&self) -> Result<Measured> {
        /// The time to free the rows of the last snapshot, which must not count for the next one.
        const REST: Duration = Duration::from_millis(50);
        let mut row_bytes = None;
        let (mut cpu, mut wall) = (Duration::ZERO, Duration::ZERO);
        let (mut wanted, mut received) = (0, 0);
        loop {
            let (meter, replies) = self.begin()?;
            let mut client = C::connect(&replies.url, self.contender.generation).await?;
            let (before, start) = (usage::resident()?, Mark::now(0));
            client.read(self.first_readers(&meter)).await?;
            let (rows, last) = meter.rows().await;
            let last = last.ok_or("no rows")?;
            let after = usage::resident()?;
            row_bytes.get_or_insert(self.per_row(before, after));
            client.close().await;
            cpu += last.cpu - start.cpu;
            wall += last.wall - start.wall;
            wanted += self.scenario.first_rows();
            received += rows;
            let is_over = match self.length {
                Length::Cpu(time) => cpu >= time,
                Length::Updates(count) => wanted >= count,
            };
            if is_over {
                break;
            }
            tokio::time::sleep(REST).await;
        }
        Ok(Measured {
            per_cpu_second: received as f64 / cpu.as_secs_f64(),
            // The rate counts all rows, so that lost rows do not make a snapshot look faster.
            per_wall_second: wanted as f64 / wall.as_secs_f64(),
            wanted,
            received,
            row_bytes: row_bytes.filter(|_| self.keeps_rows()),
            ..Measured::new(self.contender, &self.scenario)
        })
    }

    fn begin(&self) -> Result<(Arc<Meter>, Replies)> {
        let (side, replies) = Side::open(self.server, &self.scenario, self.contender)?;
        Ok((Meter::new(&self.scenario, self.length, side), replies))
    }

    /// Returns the readers that get the snapshot from the server.
    fn first_readers(&self, meter: &Arc<Meter>) -> Vec<(Part, Reader)> {
        let parts: Vec<Part> = match self.scenario.streams {
            Streams::One | Streams::Full(_) => vec![Part::List],
            Streams::Keys(keys) => (0..keys).map(|row| Part::Key(frames::key(row))).collect(),
            Streams::Windows(windows) => {
                let (windows, rows) = (windows as usize, self.scenario.rows as usize);
                let take = rows.div_ceil(windows);
                let window = |index| Part::Window {
                    skip: index * take,
                    take,
                };
                (0..windows).map(window).collect()
            }
            Streams::Tape => vec![Part::Tape],
        };
        let readers = meter.sharing(parts.len() as u32);
        parts.into_iter().zip(readers).collect()
    }

    fn keeps_rows(&self) -> bool {
        self.contender.kind != Kind::Floor && self.scenario.rows >= 10_000
    }

    fn per_row(&self, before: u64, after: u64) -> f64 {
        after.saturating_sub(before) as f64 / f64::from(self.scenario.rows)
    }
}
