use hyperstack_sdk::Entity;
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(serde)]
    id: Option<RoundId>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct RoundId {
    round_id: u64,
}

fn main() {}
