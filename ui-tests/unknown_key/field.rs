use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(renam = "roundId")]
    id: u64,
}

fn main() {}
