use hyperstack_sdk::{Entity, Section, Views};

#[derive(Clone, Debug, Entity, Views)]
#[view(latest, single)]
struct Round {
    id: RoundId,
}

#[derive(Clone, Debug, PartialEq, Section)]
struct RoundId {
    round_id: u64,
}

#[derive(Clone, Debug)]
struct App {
    views: RoundViews,
}

fn views(app: &App) -> &RoundViews {
    &app.views
}

fn main() {}
