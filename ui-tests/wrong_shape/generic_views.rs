use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest)]
struct Round<T> {
    id: T,
}

fn main() {}
