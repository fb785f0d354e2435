use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: u64,
    #[field(skip = true)]
    local: u64,
}

fn main() {}
