use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity)]
#[view(latest)]
struct Round {
    id: u64,
}

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest)]
struct Bet {
    id: u64,
}

fn main() {}
