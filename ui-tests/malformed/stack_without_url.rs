use hyperstack_sdk::{Entity, Stack, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct OreRound {
    id: u64,
}

#[derive(Stack)]
#[stack(entities(OreRound))]
struct OreStack;

fn main() {
    let _ = OreStack::connect();
}
