use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(default = "none")]
    id: u64,
}

fn main() {}
