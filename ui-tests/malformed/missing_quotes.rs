use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = OreRound)]
struct Round {
    id: u64,
}

fn main() {}
