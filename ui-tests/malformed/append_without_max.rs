use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(append)]
    log: Vec<u64>,
}

fn main() {}
