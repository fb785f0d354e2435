use hyperstack_sdk::{Entity, Stack, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct OreRound {
    id: u64,
}

#[derive(Stack)]
#[stack(url = "wss://ore.example", entities(OreRound, OreRound))]
struct OreStack;

fn main() {}
