//! The client's process. It repeats: a fault, some seconds of changes, then a pause for a comparison.

use crate::compare::Truth;
use crate::fault::Fault;
use crate::link::Link;
use crate::options::Options;
use crate::readers::Readers;
use crate::report::Report;
use crate::Result;
use hyperstack_sdk::{ConnectError, HyperStack};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The largest message that the client takes.
pub const LARGEST: usize = 1 << 20;

/// The interval of memory samples.
const STEP: Duration = Duration::from_secs(1);

/// The time that the client has to catch up after the last change.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the soak test. Returns whether nothing was wrong.
pub async fn run(options: &Options) -> Result<bool> {
    let (mut link, url) = Link::open(options.rate).await?;
    let (hs, other) = (connect(&url).await?, connect(&url).await?);
    let readers = Readers::start(&hs, &other);
    let mut report = Report::new();
    let mut changes = String::new();
    for fault in Fault::ALL.into_iter().cycle() {
        link.ask(&fault.to_string()).await?;
        report.faults += 1;
        let begun = Instant::now();
        while begun.elapsed() < options.every {
            sleep(STEP.min(options.every.saturating_sub(begun.elapsed()))).await;
            report.note(&hs, &readers)?;
        }
        let truth = Truth::read(&link.ask("pause").await?)?;
        quiet(&truth, &hs, &readers, &mut report, fault).await;
        changes = link.ask("resume").await?;
        if report.elapsed() >= options.length {
            break;
        }
    }
    report.table(&hs, &readers, &changes);
    let gaps: u64 = readers.all().map(|reader| reader.gaps()).iter().sum();
    Ok(report.mismatches == 0 && gaps == 0)
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
async fn quiet(
    truth: &Truth,
    hs: &HyperStack,
    readers: &Readers,
    report: &mut Report,
    after: Fault,
) {
    let begun = Instant::now();
    report.comparisons += 1;
    loop {
        let differences = truth.differences(hs, readers);
        if differences.is_empty() {
            return;
        }
        if begun.elapsed() >= PATIENCE {
            println!("after {after}: wrong rows: {differences:?}");
            report.mismatches += 1;
            report.lost += differences.iter().map(|(_, rows)| rows).sum::<usize>();
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
}
