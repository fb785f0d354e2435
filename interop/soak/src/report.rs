//! Judges each pause, prints a line for it, and makes the section for the results.

use crate::fault::Fault;
use crate::memory::{Growth, Memory};
use crate::options::{Kind, Options};
use crate::readers::{lock, Readers};
use crate::truth::Truth;
use crate::witness::{Signs, Witness};
use crate::Result;
use hyperstack_sdk::Stats;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The minutes at which the table shows the memory.
const MINUTES: [u64; 5] = [1, 5, 10, 20, 30];

/// The counts so far.
pub struct Report {
    begun: Instant,
    memory: Memory,
    faults: BTreeMap<Fault, Suffered>,
    comparisons: u64,
    /// The rows that were compared, by reader.
    compared: BTreeMap<&'static str, usize>,
    changes: u64,
    /// The subscriptions of each client at the first pause.
    subscriptions: Option<Vec<usize>>,
    stats: Vec<Stats>,
}

/// What the clients noticed of a kind of fault.
#[derive(Default)]
struct Suffered {
    count: u64,
    signs: Signs,
    /// The longest time until all readers had the server's rows.
    longest: Duration,
}

impl Report {
    pub fn new() -> Self {
        println!("| time, s | fault | settled after, ms | rows compared | items read | RSS, MB |");
        println!("|---|---|---|---|---|---|");
        Report {
            begun: Instant::now(),
            memory: Memory::default(),
            faults: BTreeMap::new(),
            comparisons: 0,
            compared: BTreeMap::new(),
            changes: 0,
            subscriptions: None,
            stats: Vec::new(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Judges what the clients have noticed since the last pause, and starts anew.
    pub fn note_signs(&mut self, fault: Option<Fault>, witnesses: &mut [Witness]) -> Result<()> {
        let mut all = Signs::new();
        for witness in witnesses {
            let signs = witness.signs()?.clone();
            for (sign, count) in &signs {
                if !sign.is_harmless() && !fault.is_some_and(|fault| fault.explains(*sign)) {
                    let example = witness.example(*sign);
                    return Err(format!("unexpected {sign}: {count}, such as: {example}").into());
                }
                *all.entry(*sign).or_default() += count;
            }
            witness.forget();
        }
        if let Some(fault) = fault {
            let suffered = self.faults.entry(fault).or_default();
            suffered.count += 1;
            for (sign, count) in all {
                *suffered.signs.entry(sign).or_default() += count;
            }
        }
        Ok(())
    }

    /// Notes a comparison in which nothing differed.
    pub fn note_pause(
        &mut self,
        fault: Option<Fault>,
        truth: &Truth,
        settled_after: Duration,
        witnesses: &[Witness],
        readers: &Readers,
    ) -> Result<()> {
        let mut rows = 0;
        for reader in &readers.all {
            let expected = (reader.rows)(truth).len();
            if expected == 0 && !reader.may_be_empty {
                return Err(format!("{}: there is nothing to compare", reader.name).into());
            }
            *self.compared.entry(reader.name).or_default() += expected;
            rows += expected;
        }
        self.stats = witnesses.iter().map(Witness::stats).collect();
        for stats in &self.stats {
            if stats.partial_rows + stats.queue_depth > 0 || stats.missed + stats.evicted_rows > 0 {
                return Err(format!("unexpected counters: {stats:?}").into());
            }
        }
        let views: Vec<_> = self.stats.iter().map(|stats| stats.views).collect();
        let at_first = self.subscriptions.get_or_insert_with(|| views.clone());
        if *at_first != views {
            return Err(format!("expected {at_first:?} subscriptions, found {views:?}").into());
        }
        self.comparisons += 1;
        self.changes = truth.changes;
        let resident = self.memory.sample(self.elapsed())?;
        let name = match fault {
            Some(fault) => {
                let suffered = self.faults.entry(fault).or_default();
                suffered.longest = suffered.longest.max(settled_after);
                fault.to_string()
            }
            None => "(the start)".to_owned(),
        };
        println!(
            "| {:.1} | {name} | {} | {rows} | {} | {} |",
            self.elapsed().as_secs_f64(),
            settled_after.as_millis(),
            readers.items(),
            megabytes(resident),
        );
        Ok(())
    }

    /// Judges the whole run, prints the section for the results, and writes it if the options say so.
    pub fn finish(&self, options: &Options, readers: &Readers) -> Result<()> {
        if let Some((name, _)) = self.compared.iter().find(|(_, rows)| **rows == 0) {
            return Err(format!("{name}: there was nothing to compare in the whole run").into());
        }
        let growth = self.memory.growth()?;
        let section = self.section(options, readers, &growth)?;
        print!("\n{section}");
        if !growth.is_flat() {
            return Err(format!("the memory is not flat: {growth:?}").into());
        }
        if options.write {
            sections::write(name(options.kind), &section)?;
        }
        Ok(())
    }

    fn section(&self, options: &Options, readers: &Readers, growth: &Growth) -> Result<String> {
        let mut text = format!(
            "## {}\n\n{}\n\n| | |\n|---|---|\n",
            title(options.kind),
            made_by(options)?
        );
        let mut line = |name: &str, value: String| text += &format!("| {name} | {value} |\n");
        for minute in MINUTES {
            if let Some(memory) = self.memory.at(Duration::from_secs(60 * minute)) {
                line(
                    &format!("RSS after {minute} min"),
                    format!("{} MB", megabytes(memory)),
                );
            }
        }
        line(
            "RSS at the end",
            format!("{} MB", megabytes(self.memory.last())),
        );
        line(
            &format!(
                "slope of the RSS after the first {} s",
                growth.warm_up.as_secs()
            ),
            format!(
                "{:+.2} MB an hour ({:+.2} % until the end, at most {} %)",
                growth.slope / 1e6,
                100.0 * growth.share,
                100.0 * growth.bound
            ),
        );
        line("changes made by the server", self.changes.to_string());
        if let Some(tape) = &readers.tape {
            let counts = lock(tape).counts.clone();
            line(
                "records of the tape read, each once",
                counts.read.to_string(),
            );
            line("records lost, all covered by gaps", counts.lost.to_string());
            for (cause, gaps) in counts.gaps {
                line(&format!("gaps: {cause}"), gaps.to_string());
            }
        }
        line("comparisons, all equal", self.comparisons.to_string());
        let sum = |count: fn(&Stats) -> u64| self.stats.iter().map(count).sum::<u64>().to_string();
        line("reconnects", sum(|stats| stats.reconnects));
        line("resyncs", sum(|stats| stats.resyncs));
        line("conflated changes", sum(|stats| stats.conflated));
        text += "\n| fault | times | settled within, ms | noticed by the two clients |\n|---|---|---|---|\n";
        for (fault, suffered) in &self.faults {
            let signs = suffered.signs.iter();
            let signs: Vec<_> = signs
                .map(|(sign, count)| format!("{count} {sign}"))
                .collect();
            text += &format!(
                "| {fault} | {} | {} | {} |\n",
                suffered.count,
                suffered.longest.as_millis(),
                signs.join(", "),
            );
        }
        text += "\n| reader | items | rows compared |\n|---|---|---|\n";
        for reader in &readers.all {
            let compared = self.compared.get(reader.name).copied().unwrap_or_default();
            text += &format!(
                "| {} | {} | {compared} |\n",
                reader.name,
                reader.log.items()
            );
        }
        Ok(text)
    }
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Arete => "Soak",
        Kind::Test => "Soak over v1",
    }
}

/// Returns the name of a server's section.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Arete => "soak",
        Kind::Test => "soak v1",
    }
}

/// Describes how the run was made.
fn made_by(options: &Options) -> Result<String> {
    let machine = sections::machine()?;
    let mut command = "cargo run --release -p soak".to_owned();
    if !options.words.is_empty() {
        command += &format!(" -- {}", options.words.join(" "));
    }
    let server = match options.kind {
        Kind::Arete => "the published `arete-server` 0.51.2 (protocol v2)",
        Kind::Test => "the SDK's test server (protocol v1)",
    };
    Ok(format!(
        "Measured with `{command}`, run in `interop`, with {machine}.\n\
         The server is {server}, and changes {} rows a second. The\n\
         [README](../interop/soak/README.md) describes the faults, the readers and what fails a run.",
        options.rate
    ))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}
