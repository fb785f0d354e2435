use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(rename = "")]
    id: u64,
}

fn main() {}
