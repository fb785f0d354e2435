use hyperstack_sdk::{Entity, Stack, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct OreRound {
    id: u64,
}

mod old {
    #[derive(Clone, Debug, PartialEq, hyperstack_sdk::Entity, hyperstack_sdk::Views)]
    pub struct OreRound {
        id: u64,
    }
}

#[derive(Stack)]
#[stack(url = "wss://ore.example", entities(OreRound, old::OreRound))]
struct OreStack;

fn main() {}
