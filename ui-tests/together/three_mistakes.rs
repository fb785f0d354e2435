use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[entity(nmae = "OreRound")]
#[view(list)]
struct Round {
    #[field(renam = "roundId")]
    id: u64,
}

fn main() {}
