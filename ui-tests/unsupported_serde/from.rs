use hyperstack_sdk::Leaf;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Leaf)]
#[serde(from = "u64")]
struct Slot {
    slot: u64,
}

impl From<u64> for Slot {
    fn from(slot: u64) -> Self {
        Self { slot }
    }
}

fn main() {}
