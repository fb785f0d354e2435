use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(rename = 5)]
    id: u64,
}

fn main() {}
