//! The command line.

use crate::Result;
use std::str::FromStr;
use std::time::Duration;

const USAGE: &str = "\
usage: soak [--minutes 30] [--every 10] [--rate 5000]
  --minutes  the length of the run
  --every    the seconds between two faults
  --rate     the updates per second that the server sends";

pub struct Options {
    pub length: Duration,
    pub every: Duration,
    pub rate: u32,
}

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Options {
            length: Duration::from_secs(30 * 60),
            every: Duration::from_secs(10),
            rate: 5_000,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--minutes" => options.length = seconds(60.0 * number::<f64>(words.next())?)?,
                "--every" => options.every = seconds(number(words.next())?)?,
                "--rate" => options.rate = number(words.next())?,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }
}

fn number<T: FromStr>(word: Option<String>) -> Result<T> {
    let number = word.and_then(|word| word.parse().ok());
    number.ok_or_else(|| USAGE.into())
}

fn seconds(seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| USAGE.into())
}
