use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view]
struct Round {
    id: u64,
}

fn main() {}
