use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[hyperstack(name = "OreRound")]
struct Round {
    round_id: u64,
}

fn main() {}
