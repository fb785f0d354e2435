use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(append(max = 1, max = 2))]
    log: Vec<u64>,
}

fn main() {}
