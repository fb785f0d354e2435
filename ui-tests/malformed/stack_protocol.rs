use hyperstack_sdk::{Entity, Stack, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct OreRound {
    id: u64,
}

#[derive(Stack)]
#[stack(protocol = v3, entities(OreRound))]
struct OreStack;

fn main() {}
