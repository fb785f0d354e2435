use hyperstack_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct Player {
    name: String,
    score: i64,
}

fn renamed(update: &RichUpdate<Player>) -> bool {
    update.changed(|player| player.name)
}

fn main() {}

// The remedy is `|player| &player.name`.
