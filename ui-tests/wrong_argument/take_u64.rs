use hyperstack_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct Player {
    name: String,
    score: i64,
}

fn top(hs: &HyperStack) {
    let _ = hs.views::<PlayerViews>().list().take(10u64);
}

fn main() {}
