use hyperstack_sdk::Entity;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Entity)]
#[serde(deny_unknown_fields)]
struct Round {
    id: u64,
}

fn main() {}
