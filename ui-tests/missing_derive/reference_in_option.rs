use hyperstack_sdk::Entity;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    name: Option<&'static str>,
}

fn main() {}
