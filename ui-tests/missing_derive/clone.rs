use hyperstack_sdk::Entity;

#[derive(Debug, PartialEq, Entity)]
struct Round {
    id: u64,
}

fn main() {}
