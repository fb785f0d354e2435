use hyperstack_sdk::Section;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Section)]
#[serde(transparent)]
struct RoundId {
    round_id: u64,
}

fn main() {}
