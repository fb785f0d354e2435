use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(name = "ore/Round")]
struct Round {
    id: u64,
}

fn main() {}
