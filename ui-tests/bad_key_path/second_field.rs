use hyperstack_sdk::{Entity, Section};

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(id.roundid: u64))]
struct Round {
    id: RoundId,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct RoundId {
    round_id: u64,
}

fn main() {}
