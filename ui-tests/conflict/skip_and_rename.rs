use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: u64,
    #[field(skip, rename = "Log")]
    log: Vec<u64>,
}

fn main() {}
