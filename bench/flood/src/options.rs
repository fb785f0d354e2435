//! What the command line asks for.

use crate::contender::Contender;
use crate::scenario::{self, Scenario, Task, RATE};
use crate::stopwatch::Length;
use crate::Result;
use std::net::SocketAddr;
use std::time::Duration;

pub const USAGE: &str = "usage: flood [OPTIONS]
       flood client CONTENDER SCENARIO [OPTIONS]

Measures all contenders in all scenarios and writes the results, or one of them in one and prints
them.

  --rounds N     how often each contender has its turn (5)
  --quick        one short round; nothing is written
  --only NAME    one scenario; nothing is written. May be given more than once
  --threads N    threads of each client's runtime (1)
  --seconds S    CPU time of a flood, wall time of a measurement of latency (2 and 10)
  --updates N    updates, rather than a time
  --server ADDR  of a client: a server that runs";

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    All,
    Serve,
    Client(Contender, Scenario),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub rounds: usize,
    pub quick: bool,
    pub only: Vec<Scenario>,
    pub threads: usize,
    pub seconds: Option<f64>,
    pub updates: Option<u64>,
    pub server: Option<SocketAddr>,
    /// As they were given.
    pub words: Vec<String>,
}

/// Reads a command line.
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<(Command, Options)> {
    let given: Vec<String> = args.into_iter().collect();
    let mut options = Options {
        rounds: 5,
        quick: false,
        only: Vec::new(),
        threads: 1,
        seconds: None,
        updates: None,
        server: None,
        words: given.clone(),
    };
    let mut words = Vec::new();
    let mut args = given.into_iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--rounds" => options.rounds = value()?.parse()?,
            "--quick" => (options.quick, options.rounds) = (true, 1),
            "--only" => options.only.push(scenario(&value()?)?),
            "--threads" => options.threads = value()?.parse()?,
            "--seconds" => options.seconds = Some(value()?.parse()?),
            "--updates" => options.updates = Some(value()?.parse()?),
            "--server" => options.server = Some(value()?.parse()?),
            option if option.starts_with('-') => return Err(USAGE.into()),
            word => words.push(word.to_owned()),
        }
    }
    if options.rounds == 0 || options.threads == 0 {
        return Err("there must be one at least".into());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let command = match *words {
        [] => Command::All,
        ["serve"] => Command::Serve,
        ["client", name, of] => {
            let contender = Contender::ALL
                .into_iter()
                .find(|contender| contender.name() == name);
            let contender = contender.ok_or_else(|| format!("no contender {name}"))?;
            Command::Client(contender, scenario(of)?)
        }
        _ => return Err(USAGE.into()),
    };
    Ok((command, options))
}

fn scenario(name: &str) -> Result<Scenario> {
    Ok(scenario::find(name).ok_or_else(|| {
        let names = scenario::ALL.map(|scenario| scenario.name);
        format!("no scenario {name}; there are {}", names.join(", "))
    })?)
}

impl Options {
    /// How long to measure.
    pub fn length(&self, scenario: &Scenario) -> Length {
        let or = |usual, quick| {
            self.seconds
                .unwrap_or(if self.quick { quick } else { usual })
        };
        match (self.updates, scenario.task) {
            (Some(updates), _) => Length::Updates(updates),
            (None, Task::Latency) => Length::Updates((or(10.0, 2.0) * RATE as f64) as u64),
            (None, Task::Flood) => Length::Cpu(Duration::from_secs_f64(or(2.0, 0.3))),
            (None, Task::Snapshot { .. }) => Length::Cpu(Duration::from_secs_f64(or(2.0, 0.0))),
        }
    }

    /// What of them concerns a client.
    pub fn of_client(&self) -> Vec<String> {
        let mut words = vec!["--threads".to_owned(), self.threads.to_string()];
        if self.quick {
            words.push("--quick".to_owned());
        }
        if let Some(seconds) = self.seconds {
            words.extend(["--seconds".to_owned(), seconds.to_string()]);
        }
        if let Some(updates) = self.updates {
            words.extend(["--updates".to_owned(), updates.to_string()]);
        }
        words
    }

    /// Whether all is measured, and for long enough.
    pub fn is_whole(&self) -> bool {
        !self.quick && self.only.is_empty() && self.updates.is_none()
    }

    /// The scenarios that are wanted.
    pub fn scenarios(&self) -> Vec<Scenario> {
        match self.only.is_empty() {
            true => scenario::ALL.to_vec(),
            false => self.only.clone(),
        }
    }
}
