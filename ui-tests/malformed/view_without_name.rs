use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(id = "Round/latest")]
struct Round {
    id: u64,
}

fn main() {}
