use hyperstack_sdk::Entity;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Entity)]
struct Round {
    #[serde(rename(serialize = "roundId"))]
    id: u64,
}

fn main() {}
