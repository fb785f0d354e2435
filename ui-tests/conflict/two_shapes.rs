use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest, single, keyed)]
struct Round {
    id: u64,
}

fn main() {}
