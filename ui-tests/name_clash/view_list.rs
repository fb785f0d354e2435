use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(list)]
struct Round {
    id: u64,
}

fn main() {}
