use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: u64,
    #[field(alias = "id")]
    number: u64,
}

fn main() {}
