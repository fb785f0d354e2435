use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key(price: f64))]
struct Round {
    price: f64,
}

fn main() {}
