use hyperstack_sdk::{Entity, Section, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest, single)]
struct Round {
    id: RoundId,
    ids: Vec<RoundId>,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct RoundId {
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Open,
}

fn main() {}
