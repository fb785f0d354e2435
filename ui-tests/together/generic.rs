use hyperstack_sdk::{Entity, Section};

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: Id<Phase>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct Id<T> {
    id: T,
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Open,
}

fn main() {}
