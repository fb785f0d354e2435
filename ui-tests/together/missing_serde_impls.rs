use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest, single)]
struct Round {
    #[field(serde)]
    id: RoundId,
}

#[derive(Clone, Debug, PartialEq)]
struct RoundId {
    round_id: u64,
}

fn main() {}
