//! A round of ORE with, besides, a list that grows, and a value that is null at times.

use decode::round::{Entropy, Id, Metadata, Metrics, Results, State, Treasury};
use hyperstack_sdk::{Entity, Views};

/// How many elements of a list are kept, by the server and by the client.
pub const KEPT: usize = 30;

/// How many rows the window has.
pub const TOP: usize = 5;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(top)]
pub struct Round {
    pub id: Id,
    pub state: State,
    pub results: Results,
    pub metrics: Metrics,
    pub treasury: Treasury,
    pub entropy: Entropy,
    pub ore_metadata: Metadata,
    #[field(append(max = KEPT))]
    pub log: Vec<u64>,
    pub note: Option<Option<i64>>,
}
