use hyperstack_sdk::{Entity, Stack};

#[derive(Clone, Debug, PartialEq, Entity)]
struct OreRound {
    id: u64,
}

#[derive(Stack)]
#[stack(url = "wss://ore.example", entities(OreRound))]
struct OreStack;

fn main() {}
