use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[entity(key)]
    id: u64,
}

fn main() {}
