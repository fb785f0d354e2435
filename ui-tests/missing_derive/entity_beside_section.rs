use hyperstack_sdk::{Section, Views};

#[derive(Clone, Debug, PartialEq, Section, Views)]
#[view(latest)]
struct Round {
    id: u64,
}

fn main() {}
