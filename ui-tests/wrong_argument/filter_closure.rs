use hyperstack_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct Player {
    name: String,
    score: i64,
}

fn best(hs: &HyperStack) {
    let _ = hs.views::<PlayerViews>().list().filter(|player: &Player| player.score > 100);
}

fn main() {}
