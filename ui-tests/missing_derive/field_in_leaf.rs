use hyperstack_sdk::Leaf;

#[derive(Clone, Debug, PartialEq, Leaf)]
struct Bet {
    id: RoundId,
}

#[derive(Clone, Debug, PartialEq)]
struct RoundId {
    round_id: u64,
}

fn main() {}
