use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest, id = Round)]
struct Round {
    id: u64,
}

fn main() {}
