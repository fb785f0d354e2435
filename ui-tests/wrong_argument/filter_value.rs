use hyperstack_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct Player {
    name: String,
    score: i64,
}

struct Team;

fn reds(hs: &HyperStack) {
    let _ = hs.views::<PlayerViews>().list().filter("name", Team);
}

fn main() {}
