use hyperstack_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct Player {
    name: String,
    score: i64,
}

fn some(hs: &HyperStack, keys: Vec<String>) {
    let _ = hs.watch_keys::<Player>(keys);
}

fn main() {}
