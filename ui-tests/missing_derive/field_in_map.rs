use hyperstack_sdk::Entity;

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    ids: BTreeMap<u64, RoundId>,
}

#[derive(Clone, Debug, PartialEq)]
struct RoundId {
    round_id: u64,
}

fn main() {}
