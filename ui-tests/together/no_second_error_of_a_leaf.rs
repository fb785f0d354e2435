use hyperstack_sdk::{Entity, Leaf, Patchable};

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    phase: Phase,
    phases: Vec<Phase>,
}

#[derive(Clone, Debug, PartialEq, Leaf)]
enum Phase {
    Open,
    Closed(),
}

fn phase(round: &Round) -> &Phase {
    &round.phase
}

fn merged(round: &mut Round, patch: RoundPatch) -> bool {
    round.apply(patch).is_ok()
}

fn main() {}
