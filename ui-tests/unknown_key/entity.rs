use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(nmae = "OreRound")]
struct Round {
    id: u64,
}

fn main() {}
