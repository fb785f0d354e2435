//! What one measurement found.

use crate::contender::Contender;
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    pub contender: Contender,
    pub scenario: String,
    /// Updates; an update that a hundred streams get is one.
    pub per_cpu_second: f64,
    pub per_wall_second: f64,
    /// What should have reached the readers, all together.
    pub wanted: u64,
    /// What did, one by one.
    pub received: u64,
    /// What was folded into others.
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

    /// What never reached a reader, in whatever form.
    pub fn lost(&self) -> u64 {
        self.wanted.saturating_sub(self.received + self.conflated)
    }

    /// Whether what is conflated or lost is little enough for the rest to count.
    pub fn counts(&self) -> bool {
        self.received as f64 >= self.wanted as f64 * 0.95
    }
}
