use hyperstack_sdk::{Entity, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(latest, singel)]
struct Round {
    id: u64,
}

fn latest(views: &RoundViews) -> hyperstack_sdk::WindowView<Round> {
    views.latest()
}

fn main() {}
