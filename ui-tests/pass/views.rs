//! A view's name can be a Rust keyword, and its id can be the id of another view.

use hyperstack_sdk::{Entity, ListView, SingleView, StateView, Views, WindowView};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[view(r#type)]
#[view(latest, single)]
#[view(newest, id = "Round/latest")]
#[view(by_key, keyed, id = "OreRound/list")]
struct Round {
    id: u64,
}

#[test]
fn each_view_has_an_accessor() {
    let _: fn(&RoundViews) -> WindowView<Round> = RoundViews::r#type;
    let _: fn(&RoundViews) -> SingleView<Round> = RoundViews::latest;
    let _: fn(&RoundViews) -> WindowView<Round> = RoundViews::newest;
    let _: fn(&RoundViews) -> StateView<Round> = RoundViews::by_key;
    let _: fn(&RoundViews) -> ListView<Round> = RoundViews::list;
}
