use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: u64,
}

struct RoundEntity;

fn main() {}
