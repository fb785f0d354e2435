use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: u64,
    #[field(serde, append(max = 10))]
    log: Vec<u64>,
}

fn main() {}
