use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(append(max = "10"))]
    log: Vec<u64>,
}

fn main() {}
