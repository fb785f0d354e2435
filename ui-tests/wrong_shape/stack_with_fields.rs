use hyperstack_sdk::{Entity, Stack, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct OreRound {
    id: u64,
}

#[derive(Stack)]
#[stack(url = "wss://ore.example", entities(OreRound))]
struct OreStack {
    round: OreRound,
}

fn main() {
    let _ = OreStack::connect();
}
