use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(single)]
struct Round {
    id: u64,
}

fn main() {}
