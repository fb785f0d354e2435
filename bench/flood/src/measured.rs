//! The result of one measurement.

use crate::contender::Contender;
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    pub contender: Contender,
    pub scenario: String,
    /// The number of updates. An update that a hundred streams get counts once.
    pub per_cpu_second: f64,
    pub per_wall_second: f64,
    /// How many items should have reached all readers together.
    pub wanted: u64,
    /// How many items reached them one by one.
    pub received: u64,
    /// How many were conflated.
    pub conflated: u64,
    /// Resident memory.
    pub row_bytes: Option<f64>,
    /// From the server's write to the reader, in microseconds.
    pub p50: Option<f64>,
    pub p99: Option<f64>,
}

impl Measured {
    pub fn new(contender: Contender, scenario: &Scenario) -> Self {
        Measured {
            contender,
            scenario: scenario.name.to_owned(),
            per_cpu_second: 0.0,
            per_wall_second: 0.0,
            wanted: 0,
            received: 0,
            conflated: 0,
            row_bytes: None,
            p50: None,
            p99: None,
        }
    }

    /// Returns how many never reached a reader in any form.
    pub fn lost(&self) -> u64 {
        self.wanted.saturating_sub(self.received + self.conflated)
    }

    /// Whether few enough updates were conflated or lost for the run to count.
    pub fn counts(&self) -> bool {
        self.received as f64 >= self.wanted as f64 * 0.95
    }
}
