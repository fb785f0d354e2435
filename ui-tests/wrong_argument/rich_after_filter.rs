use hyperstack_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct Player {
    name: String,
    score: i64,
}

fn rich(hs: &HyperStack) {
    let _ = hs.watch::<Player>().filter(|update| update.has_data()).rich();
}

fn main() {}
