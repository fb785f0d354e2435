use hyperstack_sdk::{Entity, Leaf};

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    bets: BTreeMap<RoundId, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Leaf)]
struct RoundId(u64);

fn main() {}
