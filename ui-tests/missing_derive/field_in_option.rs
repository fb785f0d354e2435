use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: Option<RoundId>,
}

#[derive(Clone, Debug, PartialEq)]
struct RoundId {
    round_id: u64,
}

fn main() {}
