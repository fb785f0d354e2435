use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[hyperstack(name = "OreRound")]
struct Round {
    #[hyperstack(rename = "roundId")]
    round_id: u64,
}

fn main() {}
