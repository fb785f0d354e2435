//! The results of all measurements, and figures over several of them.

use crate::contender::Contender;
use crate::measured::Measured;
use crate::stats::median;

/// The measurements of each round.
#[derive(Default)]
pub struct Results {
    pub rounds: Vec<Vec<Measured>>,
    /// The scenario and client of each measurement that ended with an error.
    pub failed: Vec<(String, Contender)>,
}

/// Extracts a figure of a measurement, or `None` if it has none.
pub type Figure = fn(&Measured) -> Option<f64>;

/// A client in a scenario.
pub type Of<'a> = (&'a str, Contender);

pub const PER_CPU_SECOND: Figure = |measured| Some(measured.per_cpu_second);
pub const PER_WALL_SECOND: Figure = |measured| Some(measured.per_wall_second);
pub const ROW_BYTES: Figure = |measured| measured.row_bytes;
pub const P50: Figure = |measured| measured.p50;
pub const P99: Figure = |measured| measured.p99;

impl Results {
    /// Returns the median of the rounds that count.
    pub fn median(&self, of: Of<'_>, figure: Figure) -> Option<f64> {
        let rounds = self.rounds.iter();
        median(rounds.filter_map(|round| figure(counting(round, of)?)))
    }

    /// Returns the median of the ratios within each round. A machine that is slower for a while then slows
    /// both.
    pub fn ratio(&self, of: Of<'_>, to: Of<'_>, figure: Figure) -> Option<f64> {
        let ratio = |round: &Vec<Measured>| {
            let (of, to) = (counting(round, of)?, counting(round, to)?);
            Some(figure(of)? / figure(to)?)
        };
        median(self.rounds.iter().filter_map(ratio))
    }

    /// Returns all measurements of one client in one scenario, whether they count or not.
    pub fn all<'a>(&'a self, of: Of<'a>) -> impl Iterator<Item = &'a Measured> + Clone {
        let measured = self.rounds.iter().flatten();
        measured.filter(move |measured| is_of(measured, of))
    }

    /// Whether anything was measured for it.
    pub fn has(&self, scenario: &str) -> bool {
        let mut measured = self.rounds.iter().flatten();
        measured.any(|measured| measured.scenario == scenario)
    }
}

fn counting<'a>(round: &'a [Measured], of: Of<'_>) -> Option<&'a Measured> {
    let mut measured = round.iter();
    measured.find(|measured| is_of(measured, of) && measured.counts())
}

fn is_of(measured: &Measured, (scenario, contender): Of<'_>) -> bool {
    measured.scenario == scenario && measured.contender == contender
}
