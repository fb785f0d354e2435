use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: u64,
    #[field(skip, serde)]
    log: Vec<u64>,
}

fn main() {}
