use hyperstack_sdk::Entity;
use std::cell::Cell;

#[derive(Clone, Debug, PartialEq, Entity)]
struct Round {
    id: u64,
    #[field(skip)]
    reads: Cell<u64>,
}

fn main() {}
