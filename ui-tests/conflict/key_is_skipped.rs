use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(id: u64))]
struct Round {
    #[field(skip)]
    id: u64,
    number: u64,
}

fn main() {}
