use hyperstack_sdk::Entity;

const MAX: u32 = 10;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(append(max = MAX))]
    log: Vec<u64>,
}

fn main() {}
