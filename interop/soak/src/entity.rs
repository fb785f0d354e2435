//! The rows: a round with two sections, a list that grows, and fields that come and go.

use hyperstack_sdk::{Entity, Section, Views};

/// The number of list elements that both servers and the client keep.
pub const KEPT: usize = 100;

/// The number of rows in the derived view.
pub const RANKED: usize = 20;

/// The path by whose value the derived view is sorted, the greatest first.
pub const RANK: &str = "state.miners";

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(ranked)]
pub struct Round {
    pub id: Id,
    pub state: State,
    pub open: Option<bool>,
    pub note: Option<i64>,
    /// When a state catches up, `arete-server` sends null for a field that the row has lost.
    #[field(default, append(max = KEPT))]
    pub log: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Section)]
pub struct Id {
    pub round_id: u64,
    pub address: String,
}

#[derive(Debug, Clone, PartialEq, Section)]
pub struct State {
    pub miners: u64,
    pub deployed: f64,
    pub squares: Vec<u64>,
    pub expires_at: Option<i64>,
}
