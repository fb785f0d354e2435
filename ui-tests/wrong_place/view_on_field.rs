use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct Round {
    #[view(latest)]
    id: u64,
}

fn main() {}
