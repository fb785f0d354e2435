//! The measurements.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyperstack_nats::Bridge;
use hyperstack_sdk::HyperStack;
use nats_tests::NatsServer;

use crate::clients::{cold_start, Reader, PREFIX};
use crate::source::{Source, LIST, TAPE};
use crate::Result;

/// The number of changes and records of a measurement.
const CHANGES: u64 = 30_000;

/// The most changes on their way. Fewer than a stream's queue holds, so that none is conflated.
const WINDOW: u64 = 512;

/// How many changes the bridge may merge into later ones of the same row, because NATS acknowledged a write late.
const MERGED: u64 = 16;

/// The changes per second while latency is measured, and for how many seconds.
const RATE: u64 = 1_000;
const SECONDS: u64 = 10;

/// The clients of the measurement with many of them.
pub(crate) const MANY: u64 = 10;

pub(crate) struct Results {
    pub(crate) rows: u64,
    /// Rows per second.
    pub(crate) copy: f64,
    pub(crate) start: f64,
    /// What NATS stores for a row.
    pub(crate) row_bytes: f64,
    /// Changes per second, with one client and with [`MANY`].
    pub(crate) one: f64,
    pub(crate) many: f64,
    /// Records per second.
    pub(crate) tape: f64,
    pub(crate) record_bytes: f64,
    /// The latency of a change, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// The subscriptions at the server, of all measurements.
    pub(crate) subscriptions: usize,
}

pub(crate) async fn all(rows: u64) -> Result<Results> {
    let nats = NatsServer::start();
    let source = Source::new(rows);
    let hs = HyperStack::builder().unlimited_entries();
    let hs = hs
        .linger(Duration::ZERO)
        .connect_over(source.clone())
        .await?;
    let client = async_nats::connect(nats.url()).await?;
    let jetstream = async_nats::jetstream::new(client.clone());
    let start = Instant::now();
    let bridge = Bridge::builder(hs, client, PREFIX)
        .view(LIST)
        .tape(TAPE)
        .build();
    let status = bridge.status();
    let running = tokio::spawn(bridge.run());
    if !status.wait_caught_up().await {
        return Err(format!("the bridge has ended: {:?}", running.await).into());
    }
    let copy = rows as f64 / start.elapsed().as_secs_f64();
    eprintln!("copied {rows} rows");
    let row_bytes = bytes_per_message(&jetstream, "KV_bench_Round_list").await?;
    let took = cold_start(&nats, rows).await?;
    eprintln!("read them in {took:?}");

    let mut clients = vec![Reader::of_rows(&nats, rows, |_| ()).await?];
    let one = flood(&source, rows, &mut clients).await?;
    for _ in 1..MANY {
        clients.push(Reader::of_rows(&nats, rows, |_| ()).await?);
    }
    let many = flood(&source, rows, &mut clients).await?;
    drop(clients);
    eprintln!("{one:.0} and {many:.0} changes per second");
    let (p50, p99) = latency(&nats, &source, rows).await?;

    let mut reader = Reader::of_records(&nats).await?;
    let start = Instant::now();
    for number in 0..CHANGES {
        if number >= WINDOW {
            reader.reach(number - WINDOW).await?;
        }
        source.append(number).await;
    }
    reader.reach(CHANGES).await?;
    let tape = CHANGES as f64 / start.elapsed().as_secs_f64();
    let record_bytes = bytes_per_message(&jetstream, "TAPE_bench_Round_append").await?;
    running.abort();
    Ok(Results {
        rows,
        copy,
        start: rows as f64 / took.as_secs_f64(),
        row_bytes,
        one,
        many,
        tape,
        record_bytes,
        p50,
        p99,
        subscriptions: source.subscriptions(),
    })
}

/// Sends changes as fast as all clients get them. Returns the changes per second.
async fn flood(source: &Source, rows: u64, clients: &mut [Reader]) -> Result<f64> {
    let before: Vec<u64> = clients.iter().map(|it| *it.count.borrow()).collect();
    let start = Instant::now();
    for number in 0..CHANGES {
        if number >= WINDOW {
            for (client, before) in clients.iter_mut().zip(&before) {
                client.reach(before + number - WINDOW).await?;
            }
        }
        // A client does not report a row that has not changed, so the stamps of two floods differ.
        source.patch(spread(number, rows), before[0] + number).await;
    }
    for (client, before) in clients.iter_mut().zip(&before) {
        client.reach(before + CHANGES - MERGED).await?;
    }
    let rate = CHANGES as f64 / start.elapsed().as_secs_f64();
    match clients.iter().map(Reader::conflated).sum::<u64>() {
        0 => Ok(rate),
        conflated => Err(format!("{conflated} changes were conflated").into()),
    }
}

/// Sends changes at a rate. Returns the latencies from the server to the reader: p50 and p99.
async fn latency(nats: &NatsServer, source: &Source, rows: u64) -> Result<(f64, f64)> {
    let epoch = Instant::now();
    let micros = move || epoch.elapsed().as_micros() as u64;
    let delays = Arc::new(Mutex::new(Vec::new()));
    let seen = delays.clone();
    let see = move |stamp| {
        let delay = micros().saturating_sub(stamp);
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(delay);
    };
    let mut client = Reader::of_rows(nats, rows, see).await?;
    let before = *client.count.borrow();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let (start, mut sent) = (micros(), 0);
    while sent < RATE * SECONDS {
        ticks.tick().await;
        let due = ((micros() - start) * RATE / 1_000_000).min(RATE * SECONDS);
        while sent < due {
            source.patch(spread(sent, rows), micros()).await;
            sent += 1;
        }
    }
    client.reach(before + sent - MERGED).await?;
    let mut delays = delays.lock().unwrap_or_else(PoisonError::into_inner);
    // The first tenth warms up.
    let warm = delays.len() / 10;
    let delays = &mut delays[warm..];
    delays.sort_unstable();
    let at = |share: f64| delays[(delays.len() as f64 * share) as usize] as f64 / 1000.0;
    Ok((at(0.5), at(0.99)))
}

/// Returns the row of a change. Neighbouring changes go to different rows.
fn spread(number: u64, rows: u64) -> u64 {
    number * 7919 % rows
}

async fn bytes_per_message(
    jetstream: &async_nats::jetstream::Context,
    stream: &str,
) -> Result<f64> {
    let stream = jetstream.get_stream(stream).await?;
    let state = &stream.cached_info().state;
    Ok(state.bytes as f64 / state.messages as f64)
}
