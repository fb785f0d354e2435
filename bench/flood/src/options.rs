//! The command line.

use crate::contender::{Contender, Kind};
use crate::scenario::{self, Scenario, Streams, Task, RATE};
use crate::stopwatch::Length;
use crate::Result;
use std::net::SocketAddr;
use std::time::Duration;

pub const USAGE: &str = "usage: flood [OPTIONS]
       flood client CONTENDER SCENARIO [OPTIONS]

Measures all clients in all scenarios and writes the results, or measures one client (such as ours-v2,
ours-shared-v1, published, arete or floor-v2) in one scenario and prints the result.

  --rounds N     the number of rounds; every client runs once per round (5)
  --quick        run one short round and write nothing
  --only NAME    run one scenario and write nothing; can be repeated
  --threads N    the number of threads of each client's runtime (1)
  --seconds S    the CPU time of a flood (2) and the wall time of a latency measurement (10); a tape has a
                 fixed number of records
  --updates N    measure this many updates instead of a time
  --rows N       use this many rows instead of the scenario's, and write nothing
  --server ADDR  for `flood client`: connect to a running server";

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Help,
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
    pub rows: Option<u32>,
    pub server: Option<SocketAddr>,
    /// The words as given.
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
        rows: None,
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
            "--rows" => options.rows = Some(value()?.parse()?),
            "--server" => options.server = Some(value()?.parse()?),
            "--help" => words.push("help".to_owned()),
            option if option.starts_with('-') => return Err(USAGE.into()),
            word => words.push(word.to_owned()),
        }
    }
    if options.rounds == 0 || options.threads == 0 || options.rows == Some(0) {
        return Err("the number must be at least 1".into());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let command = match *words {
        ["help"] => Command::Help,
        [] => Command::All,
        ["serve"] => Command::Serve,
        ["client", name, of] => {
            let contender = Contender::named(name).ok_or_else(|| {
                let names = Contender::ALL.map(Contender::name);
                format!("no client {name}; there are {}", names.join(", "))
            })?;
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
    /// Returns how long to measure.
    pub fn length(&self, scenario: &Scenario, contender: Contender) -> Length {
        let or = |usual, quick| {
            self.seconds
                .unwrap_or(if self.quick { quick } else { usual })
        };
        let records = |usual, quick| Length::Updates(if self.quick { quick } else { usual });
        match (self.updates, scenario.task) {
            (Some(updates), _) => Length::Updates(updates),
            (None, Task::Latency) => Length::Updates((or(10.0, 2.0) * RATE as f64) as u64),
            (None, Task::Flood) if scenario.streams == Streams::Tape => match contender.kind {
                // It would take minutes for a million records.
                Kind::Published => records(20_000, 2_000),
                _ => records(1_000_000, 50_000),
            },
            (None, Task::Flood) => Length::Cpu(Duration::from_secs_f64(or(2.0, 0.3))),
            (None, Task::Snapshot { .. }) => Length::Cpu(Duration::from_secs_f64(or(2.0, 0.0))),
        }
    }

    /// Returns the options for a client's process.
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
        if let Some(rows) = self.rows {
            words.extend(["--rows".to_owned(), rows.to_string()]);
        }
        words
    }

    /// Whether this is a full run, whose results are written.
    pub fn is_whole(&self) -> bool {
        !self.quick && self.only.is_empty() && self.updates.is_none() && self.rows.is_none()
    }

    /// Returns the selected scenarios.
    pub fn scenarios(&self) -> Vec<Scenario> {
        if self.only.is_empty() {
            scenario::ALL.to_vec()
        } else {
            self.only.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::Generation;

    fn parsed(line: &str) -> Result<(Command, Options)> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_client_gets_its_options() {
        let (command, options) =
            parsed("--quick --threads 2 --seconds 0.5 --only one-100").unwrap();
        assert_eq!(command, Command::All);
        assert_eq!(options.scenarios().len(), 1);
        assert!(!options.is_whole());
        let line = format!("client floor-v2 one-100 {}", options.of_client().join(" "));
        let (command, of_client) = parsed(&line).unwrap();
        let one = scenario::find("one-100").unwrap();
        let floor = Contender::new(Kind::Floor, Generation::V2);
        assert_eq!(command, Command::Client(floor, one));
        assert_eq!(of_client.length(&one, floor), options.length(&one, floor));
        assert_eq!(of_client.threads, 2);
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "client",
            "client floor-v1 nowhere",
            "client nobody one-100",
            "--rounds",
            "--x",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
        assert!(parsed("--rounds 0").is_err());
    }

    #[test]
    fn names_are_unique() {
        for contender in Contender::ALL {
            assert_eq!(Contender::named(contender.name()), Some(contender));
        }
        for scenario in scenario::ALL {
            assert_eq!(scenario::find(scenario.name), Some(scenario));
        }
    }
}
