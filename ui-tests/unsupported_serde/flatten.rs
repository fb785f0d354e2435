use hyperstack_sdk::{Entity, Section};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Entity)]
struct Round {
    #[serde(flatten)]
    id: RoundId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Section)]
struct RoundId {
    round_id: u64,
}

fn main() {}
