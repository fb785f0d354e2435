//! Prints a line every half minute, and a table at the end.

use crate::compare::Truth;
use crate::fault::Fault;
use crate::options::{Kind, Options};
use crate::readers::{lock, Readers};
use crate::Result;
use hyperstack_sdk::HyperStack;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often a line is printed.
const EVERY: Duration = Duration::from_secs(30);

/// The time after which the memory should no longer grow.
const WARM_UP: Duration = Duration::from_secs(5 * 60);

/// The minutes at which the table shows the memory.
const MINUTES: [u64; 4] = [1, 5, 10, 20];

/// The counts so far.
pub struct Report {
    begun: Instant,
    printed: Instant,
    items: u64,
    /// Samples of the resident memory, in bytes.
    memory: Vec<(Duration, u64)>,
    faults: BTreeMap<String, u64>,
    pub comparisons: u64,
    pub mismatches: u64,
}

impl Report {
    pub fn new() -> Self {
        let now = Instant::now();
        println!("| time | RSS, MB | items/s | reconnects | resyncs | comparisons | mismatches |");
        println!("|---|---|---|---|---|---|---|");
        Report {
            begun: now,
            printed: now,
            items: 0,
            memory: Vec::new(),
            faults: BTreeMap::new(),
            comparisons: 0,
            mismatches: 0,
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub fn note_fault(&mut self, fault: Fault) {
        *self.faults.entry(fault.to_string()).or_default() += 1;
    }

    /// Notes the memory, and prints a line if one is due.
    pub fn note(&mut self, hs: &HyperStack, readers: &Readers) -> Result<()> {
        let resident = resident()?;
        self.memory.push((self.elapsed(), resident));
        let since = self.printed.elapsed();
        if since < EVERY {
            return Ok(());
        }
        let items = readers.all.iter().map(|reader| reader.counts.items()).sum();
        let stats = hs.stats();
        println!(
            "| {} s | {} | {:.0} | {} | {} | {} | {} |",
            self.elapsed().as_secs(),
            megabytes(resident),
            (items - self.items) as f64 / since.as_secs_f64(),
            stats.reconnects,
            stats.resyncs,
            self.comparisons,
            self.mismatches,
        );
        (self.printed, self.items) = (Instant::now(), items);
        Ok(())
    }

    /// Prints the table for RESULTS.md. Returns whether nothing was wrong.
    pub fn finish(
        &self,
        options: &Options,
        hs: &HyperStack,
        readers: &Readers,
        truth: &Truth,
    ) -> bool {
        let stats = hs.stats();
        let line = |name: &str, value: &dyn std::fmt::Display| println!("| {name} | {value} |");
        println!("\n| | |\n|---|---|");
        for (name, memory) in self.memory() {
            line(&name, &memory);
        }
        line("updates made by the server", &truth.changes);
        for reader in &readers.all {
            let name = format!("items of the reader \"{}\"", reader.name);
            line(&name, &reader.counts.items());
        }
        if let Some(tape) = &readers.tape {
            let tape = lock(tape);
            line("records of the tape made by the server", &truth.records);
            line("records of the tape read, each once", &tape.records);
            line("records lost and counted by gaps", &tape.lost);
            let unread = truth.records.saturating_sub(tape.records + tape.lost);
            line(
                "records not yet read when the server lost its tape",
                &unread,
            );
            for (cause, gaps) in &tape.gaps {
                line(&format!("gaps: {cause}"), gaps);
            }
        }
        for (fault, count) in &self.faults {
            line(&format!("faults: {fault}"), count);
        }
        line("faults", &self.faults.values().sum::<u64>());
        line("reconnects", &stats.reconnects);
        line("resyncs", &stats.resyncs);
        line("malformed messages", &stats.frame_errors);
        line("rows with decode errors", &stats.row_errors);
        line("conflated", &stats.conflated);
        line("comparisons", &self.comparisons);
        line("mismatches", &self.mismatches);
        let wrong: u64 = readers.all.iter().map(|it| it.counts.wrong()).sum();
        line("items that contradict those before", &wrong);
        // The published server sends nothing malformed.
        let errors = match options.kind {
            Kind::Arete => stats.frame_errors + stats.row_errors,
            Kind::Test => 0,
        };
        self.mismatches == 0 && wrong == 0 && errors == 0
    }

    fn memory(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        let mut line = |name: String, bytes: u64| {
            lines.push((name, format!("{} MB", megabytes(bytes))));
        };
        let (Some(first), Some(last)) = (self.memory.first(), self.memory.last()) else {
            return lines;
        };
        line("RSS with all rows, before the first fault".into(), first.1);
        for minute in MINUTES {
            let at = Duration::from_secs(60 * minute);
            if let Some((_, resident)) = self.memory.iter().find(|(when, _)| *when >= at) {
                line(format!("RSS after {minute} min"), *resident);
            }
        }
        line("RSS at the end".into(), last.1);
        let settled = self.memory.iter().filter(|(when, _)| *when >= WARM_UP);
        if let Some(most) = settled.map(|(_, resident)| *resident).max() {
            line("the greatest RSS after 5 min".into(), most);
        }
        lines
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
