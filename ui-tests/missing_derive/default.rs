use hyperstack_sdk::{Entity, Leaf};

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(default)]
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
}

fn main() {}
