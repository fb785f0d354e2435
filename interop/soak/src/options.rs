//! The command line.

use crate::Result;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const USAGE: &str = "\
usage: soak [--server arete] [--minutes 30] [--every 10] [--rate N] [--seed 1] [--write]
  --server   arete (the published server, protocol v2) or test (the SDK's test server, protocol v1)
  --minutes  the length of the run
  --every    the seconds between two faults
  --rate     the updates per second that the server makes (arete: 300, test: 5000)
  --seed     the number from which the changes and the order of the faults follow
  --write    write the results of a clean run to bench/RESULTS.md";

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Arete,
    Test,
}

/// Which of the two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Client,
    Server,
}

#[derive(Debug, Clone)]
pub struct Options {
    pub kind: Kind,
    pub length: Duration,
    pub every: Duration,
    pub rate: u32,
    pub seed: u64,
    pub write: bool,
    /// The words as given.
    pub words: Vec<String>,
}

impl Options {
    pub fn parse(words: impl Iterator<Item = String>) -> Result<(Role, Self)> {
        let given: Vec<String> = words.collect();
        let mut words = given.iter().cloned();
        let (mut role, mut rate) = (Role::Client, None);
        let mut options = Options {
            kind: Kind::Arete,
            length: Duration::from_secs(30 * 60),
            every: Duration::from_secs(10),
            rate: 0,
            seed: 1,
            write: false,
            words: given.clone(),
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "serve" => role = Role::Server,
                "--server" => options.kind = parsed(words.next())?,
                "--minutes" => options.length = seconds(60.0 * parsed::<f64>(words.next())?)?,
                "--every" => options.every = seconds(parsed(words.next())?)?,
                "--rate" => rate = Some(parsed(words.next())?),
                "--seed" => options.seed = parsed(words.next())?,
                "--write" => options.write = true,
                _ => return Err(USAGE.into()),
            }
        }
        options.rate = rate.unwrap_or(match options.kind {
            // The server reads and sorts a whole view for each change and subscription.
            Kind::Arete => 300,
            Kind::Test => 5_000,
        });
        Ok((role, options))
    }

    /// Returns the interval of pings. A server that is silent for two of them counts as dead.
    pub fn ping(&self) -> Duration {
        (self.every / 2).min(Duration::from_secs(1))
    }

    /// Returns the words for the server's process.
    pub fn of_server(&self) -> Vec<String> {
        let Options {
            kind, rate, seed, ..
        } = self;
        let every = self.every.as_secs_f64();
        let words = format!("serve --server {kind} --every {every} --rate {rate} --seed {seed}");
        words.split(' ').map(str::to_owned).collect()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Arete => "arete",
            Kind::Test => "test",
        })
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> std::result::Result<Self, ()> {
        let mut all = [Kind::Arete, Kind::Test].into_iter();
        all.find(|kind| kind.to_string() == name).ok_or(())
    }
}

fn parsed<T: FromStr>(word: Option<String>) -> Result<T> {
    let parsed = word.and_then(|word| word.parse().ok());
    parsed.ok_or_else(|| USAGE.into())
}

fn seconds(seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| USAGE.into())
}
