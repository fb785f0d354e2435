use hyperstack_sdk::{Entity, Section};

#[derive(Clone, Debug, PartialEq, Entity)]
#[section(rename_all = "camelCase")]
struct Round {
    id: u64,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct RoundId {
    id: u64,
}

fn main() {}
