use hyperstack_sdk::{Entity, Keyed};

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: u64,
}

fn latest<E: Keyed>(_: &[E]) {}

fn main() {
    latest(&[Round { id: 1 }]);
}
