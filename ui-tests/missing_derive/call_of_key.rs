use hyperstack_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    round_id: u64,
}

fn number(round: &Round) -> Option<u64> {
    round.key().copied()
}

fn main() {}
