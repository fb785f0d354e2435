//! Prints a line every half minute, and a table at the end.

use crate::readers::Readers;
use crate::Result;
use hyperstack_sdk::{HyperStack, Stats};
use std::time::{Duration, Instant};

/// How often a line is printed.
const EVERY: Duration = Duration::from_secs(30);

/// The minutes at which the table shows the memory.
const MINUTES: [u64; 4] = [1, 10, 20, 30];

/// The counts so far.
pub struct Report {
    begun: Instant,
    printed: Instant,
    items: u64,
    /// Samples of the resident memory, in bytes.
    memory: Vec<(Duration, u64)>,
    pub faults: u64,
    pub comparisons: u64,
    pub mismatches: u64,
    /// The rows of the client and all readers that were wrong in a comparison.
    pub lost: usize,
}

impl Report {
    pub fn new() -> Self {
        let now = Instant::now();
        println!("| time | RSS, MB | updates/s | reconnects | resyncs | faults | conflated | mismatches |");
        println!("|---|---|---|---|---|---|---|---|");
        Report {
            begun: now,
            printed: now,
            items: 0,
            memory: Vec::new(),
            faults: 0,
            comparisons: 0,
            mismatches: 0,
            lost: 0,
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Notes the memory, and prints a line if one is due.
    pub fn note(&mut self, hs: &HyperStack, readers: &Readers) -> Result<()> {
        let resident = resident()?;
        self.memory.push((self.elapsed(), resident));
        let since = self.printed.elapsed();
        if since < EVERY {
            return Ok(());
        }
        let items = readers.list.items();
        let Stats {
            reconnects,
            resyncs,
            conflated,
            ..
        } = hs.stats();
        println!(
            "| {} s | {} | {:.0} | {reconnects} | {resyncs} | {} | {conflated} | {} |",
            self.elapsed().as_secs(),
            megabytes(resident),
            (items - self.items) as f64 / since.as_secs_f64(),
            self.faults,
            self.mismatches,
        );
        (self.printed, self.items) = (Instant::now(), items);
        Ok(())
    }

    /// The table for RESULTS.md.
    pub fn table(&self, hs: &HyperStack, readers: &Readers, changes: &str) {
        let stats = hs.stats();
        let line = |name: &str, value: String| println!("| {name} | {value} |");
        println!("\n| | |\n|---|---|");
        for minute in MINUTES {
            let at = Duration::from_secs(60 * minute);
            if let Some((_, resident)) = self.memory.iter().find(|(when, _)| *when >= at) {
                line(
                    &format!("RSS after {minute} min"),
                    format!("{} MB", megabytes(*resident)),
                );
            }
        }
        // The first minute is left out, because the memory still grows.
        let settled = self.memory.iter().filter(|(when, _)| when.as_secs() >= 60);
        let settled: Vec<u64> = settled.map(|(_, resident)| *resident).collect();
        if let (Some(least), Some(most)) = (settled.iter().min(), settled.iter().max()) {
            let range = format!("{} to {} MB", megabytes(*least), megabytes(*most));
            line("RSS after the first minute", range);
        }
        line("updates sent by the server", changes.to_owned());
        for reader in readers.all() {
            line(
                &format!("items of the reader \"{}\"", reader.name),
                reader.items().to_string(),
            );
        }
        line("faults", self.faults.to_string());
        line("reconnects", stats.reconnects.to_string());
        line("resyncs", stats.resyncs.to_string());
        line("malformed messages", stats.frame_errors.to_string());
        line("rows with decode errors", stats.row_errors.to_string());
        line("conflated", stats.conflated.to_string());
        line("comparisons", self.comparisons.to_string());
        line("mismatches", self.mismatches.to_string());
        line("rows lost", self.lost.to_string());
        line(
            "items that contradict the rows before",
            readers
                .all()
                .map(|reader| reader.gaps())
                .iter()
                .sum::<u64>()
                .to_string(),
        );
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

/// This process's resident memory, in bytes.
fn resident() -> Result<u64> {
    /// The page size of all machines that this is made for.
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).ok_or("an odd statm")?.parse()?;
    Ok(pages * PAGE)
}
