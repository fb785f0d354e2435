use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
#[entity(key = "price")]
struct Round {
    price: f64,
}

fn main() {}
