use hyperstack_sdk::Entity;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key = "id.number")]
struct Round {
    #[field(serde)]
    id: RoundId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RoundId {
    number: u64,
}

fn main() {}
