use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key = id)]
struct Round {
    id: u64,
}

fn main() {}
