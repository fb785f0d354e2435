//! The client's process. It repeats: a fault, some seconds of changes, then a pause for a comparison.

use crate::compare::Truth;
use crate::fault::Fault;
use crate::link::Link;
use crate::options::Options;
use crate::random::Random;
use crate::readers::{self, Gate, Readers};
use crate::report::Report;
use crate::Result;
use hyperstack_sdk::{ConnectError, HyperStack};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The largest message that the client takes.
pub const LARGEST: usize = 1 << 20;

/// The interval of memory samples.
const STEP: Duration = Duration::from_secs(1);

/// After this time without traffic, a client that still lacks something will never have it. A client that is right
/// needs a fraction of it on the slowest machine.
const FOREVER: Duration = Duration::from_secs(120);

/// Runs the soak test. Returns whether nothing was wrong.
pub async fn run(options: &Options) -> Result<bool> {
    let (mut link, url) = Link::open(options).await?;
    let (hs, other) = (connect(&url).await?, connect(&url).await?);
    let gate = Gate::default();
    let readers = readers::start(options.kind, &hs, &other, &gate);
    let mut report = Report::new();
    let mut truth = Truth::read(&link.ask("pause").await?)?;
    compare(&truth, &readers, &mut report, "the start").await;
    report.note(&hs, &readers)?;
    let (mut random, mut deck) = (Random(options.seed), Vec::new());
    while report.elapsed() < options.length {
        if deck.is_empty() {
            deck.extend(Fault::of(options.kind));
            random.shuffle(&mut deck);
        }
        let Some(fault) = deck.pop() else { break };
        link.ask("resume").await?;
        let paused = match fault {
            Fault::Pause => Some(gate.write().await),
            fault => {
                link.ask(&fault.to_string()).await?;
                None
            }
        };
        report.note_fault(fault);
        let begun = Instant::now();
        while begun.elapsed() < options.every {
            sleep(STEP.min(options.every.saturating_sub(begun.elapsed()))).await;
            report.note(&hs, &readers)?;
        }
        truth = Truth::read(&link.ask("pause").await?)?;
        drop(paused);
        compare(&truth, &readers, &mut report, &fault.to_string()).await;
        report.note(&hs, &readers)?;
    }
    Ok(report.finish(options, &hs, &readers, &truth))
}

async fn connect(url: &str) -> std::result::Result<HyperStack, ConnectError> {
    let seconds = Duration::from_secs;
    HyperStack::builder()
        .url(url)
        .ping_interval(seconds(1))
        .connect_timeout(seconds(2))
        .reconnect_intervals(vec![Duration::from_millis(100), seconds(1)])
        .max_message_size(LARGEST)
        .connect()
        .await
}

/// Waits until the client and its readers have the server's rows.
async fn compare(truth: &Truth, readers: &Readers, report: &mut Report, after: &str) {
    let begun = Instant::now();
    report.comparisons += 1;
    loop {
        let differs = |reader: &readers::Reader| (reader.name, (reader.differs)(truth));
        let mut differences: Vec<_> = readers.all.iter().map(differs).collect();
        differences.retain(|(_, rows)| *rows > 0);
        if differences.is_empty() {
            return;
        }
        if begun.elapsed() >= FOREVER {
            println!("after {after}: wrong rows: {differences:?}");
            report.mismatches += 1;
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}
