//! The client's process. It repeats: a fault among changes, then a pause for a comparison.

use crate::fault::Fault;
use crate::link::Link;
use crate::options::Options;
use crate::random::Random;
use crate::readers::{self, lock, Gate, Readers};
use crate::report::Report;
use crate::truth::Truth;
use crate::witness::{Sign, Witness};
use crate::Result;
use hyperstack_sdk::{ConnectError, HyperStack};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The largest message that the client takes.
pub const LARGEST: usize = 1 << 20;

/// After this time without changes, a client that still lacks something will never have it. A client that is right
/// needs a fraction of it on the slowest machine.
pub const FOREVER: Duration = Duration::from_secs(120);

/// Runs the soak test. Returns an error if anything was wrong.
pub async fn run(options: &Options) -> Result<()> {
    let mut soak = Soak::start(options).await?;
    let mut random = Random(options.seed);
    let mut deck = Fault::of(options.kind).to_vec();
    loop {
        let begun = soak.report.elapsed();
        random.shuffle(&mut deck);
        for fault in &deck {
            let done = soak.round(*fault).await;
            done.map_err(|wrong| format!("after the fault {fault}: {wrong}"))?;
        }
        // Ends with a whole deck, as close to the length as a deck lasts.
        let elapsed = soak.report.elapsed();
        if elapsed + (elapsed - begun) > options.length.mul_f64(1.05) {
            return soak.report.finish(options, &soak.readers);
        }
    }
}

struct Soak<'a> {
    options: &'a Options,
    link: Link,
    witnesses: [Witness; 2],
    gate: Gate,
    readers: Readers,
    /// The malformed rows and messages that the readers had been told of at the last pause.
    decode_errors: u64,
    report: Report,
}

impl<'a> Soak<'a> {
    async fn start(options: &'a Options) -> Result<Self> {
        let (mut link, url) = Link::open(options).await?;
        let (hs, other) = (connect(&url, options).await?, connect(&url, options).await?);
        let gate = Gate::default();
        let readers = readers::start(options.kind, &hs, &other, &gate);
        let truth = Truth::read(&link.ask("pause").await?)?;
        let mut soak = Soak {
            options,
            link,
            witnesses: [Witness::new(hs), Witness::new(other)],
            gate,
            readers,
            decode_errors: 0,
            report: Report::new(),
        };
        let compared = soak.compare(None, &truth).await;
        compared.map_err(|wrong| format!("at the start: {wrong}"))?;
        Ok(soak)
    }

    /// Makes a fault, some seconds of changes and a comparison.
    async fn round(&mut self, fault: Fault) -> Result<()> {
        let (begun, every) = (Instant::now(), self.options.every);
        self.link.ask("resume").await?;
        sleep(every.mul_f64(0.1)).await;
        let paused = match fault {
            Fault::Pause => Some(self.gate.clone().write_owned().await),
            fault => {
                self.link.ask(&fault.to_string()).await?;
                None
            }
        };
        let items = self.readers.items();
        sleep(every.mul_f64(0.8).saturating_sub(begun.elapsed())).await;
        let truth = Truth::read(&self.link.ask("pause").await?)?;
        if paused.is_some() {
            // A reader stops after its next item.
            let read = self.readers.items() - items;
            if read > self.readers.all.len() as u64 {
                return Err(format!("the readers read {read} items during the pause").into());
            }
            // The last changes may still be on their way.
            let waiting = Instant::now();
            while !self.witnesses.iter_mut().any(Witness::note_queue) {
                if waiting.elapsed() >= FOREVER {
                    return Err("no stream had unread items".into());
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
        drop(paused);
        self.compare(Some(fault), &truth).await?;
        self.link.ask("resume").await?;
        sleep(every.saturating_sub(begun.elapsed())).await;
        Ok(())
    }

    /// Waits until the client and its readers have the server's rows and have noticed the fault. Then checks everything
    /// else.
    async fn compare(&mut self, fault: Option<Fault>, truth: &Truth) -> Result<()> {
        let begun = Instant::now();
        while let Some(lack) = self.lack(fault, truth)? {
            if begun.elapsed() >= FOREVER {
                return Err(lack.into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.readers.read(truth).await?;
        if let Some(tape) = &self.readers.tape {
            let losses = lock(tape).close(truth)?;
            if losses != usize::from(fault == Some(Fault::Loss)) {
                return Err(format!("the tape had {losses} gaps with a new epoch").into());
            }
        }
        let decode_errors = self.readers.decode_errors();
        if decode_errors > self.decode_errors && !fault.is_some_and(Fault::is_malformed) {
            return Err("a stream yielded a decode error".into());
        }
        self.decode_errors = decode_errors;
        let settled_after = begun.elapsed();
        self.report.note_signs(fault, &mut self.witnesses)?;
        let (witnesses, readers) = (&self.witnesses, &self.readers);
        self.report
            .note_pause(fault, truth, settled_after, witnesses, readers)
    }

    /// Returns what the readers or the clients still lack. Returns an error if something has happened that must not.
    fn lack(&mut self, fault: Option<Fault>, truth: &Truth) -> Result<Option<String>> {
        if let Some(wrong) = self.readers.complaint() {
            return Err(wrong.into());
        }
        if let Some(difference) = self.readers.difference(truth) {
            return Ok(Some(difference));
        }
        let Some(fault) = fault else { return Ok(None) };
        if fault.is_malformed() && self.readers.decode_errors() == self.decode_errors {
            return Ok(Some("no stream yielded a decode error".to_owned()));
        }
        self.witnesses[0].note(Sign::Marked, self.readers.take_marks());
        let [first, second] = &mut self.witnesses;
        let missing = fault.missing(&[first.signs()?, second.signs()?]);
        Ok(missing.map(|missing| format!("the fault had no effect: {missing}")))
    }
}

async fn connect(url: &str, options: &Options) -> std::result::Result<HyperStack, ConnectError> {
    HyperStack::builder()
        .url(url)
        .ping_interval(options.ping())
        .connect_timeout(2 * options.ping())
        .reconnect_intervals(vec![Duration::from_millis(100), Duration::from_secs(1)])
        .max_message_size(LARGEST)
        .connect()
        .await
}
