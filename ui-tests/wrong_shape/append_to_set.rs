use hyperstack_sdk::Entity;

use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    #[field(append(max = 10))]
    log: BTreeSet<u64>,
}

fn main() {}
