use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(serde)]
    id: RoundId,
}

#[derive(Clone, Debug, PartialEq)]
struct RoundId {
    round_id: u64,
}

fn main() {}
