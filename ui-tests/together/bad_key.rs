use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[entity(key(di: u64))]
#[view(latest, single)]
struct Round {
    id: u64,
}

fn latest(views: &RoundViews) -> hyperstack_sdk::SingleView<Round> {
    views.latest()
}

fn main() {}
