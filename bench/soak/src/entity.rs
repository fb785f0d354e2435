//! An ORE round with an additional list that grows and a value that is sometimes null.

use decode::round::{Entropy, Id, Metadata, Metrics, Results, State, Treasury};
use hyperstack_sdk::{Entity, Views};

/// The number of list elements that the server and the client keep.
pub const KEPT: usize = 30;

/// The number of rows in the window.
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
