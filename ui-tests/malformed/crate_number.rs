use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(crate = 5)]
struct Round {
    id: u64,
}

fn main() {}
