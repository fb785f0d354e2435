use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[hyperstack(rename = "roundId")]
    round_id: u64,
}

fn main() {}
