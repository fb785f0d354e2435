use hyperstack_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct Player {
    name: String,
    score: i64,
}

fn best(hs: &HyperStack) {
    let _ = hs.views::<PlayerViews>().list().filter(|player| player.score > 100);
}

fn main() {}

// The compiler checks the closure before it counts the arguments, so it cannot mention `filter_rows`.
