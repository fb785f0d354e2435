use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[field(rename = "OreRound")]
struct Round {
    id: u64,
}

fn main() {}
