//! The views of an entity.

use hyperstack_sdk::{Entity, Views};

/// A round.
#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[entity(name = "OreRound")]
#[view(latest, single)]
#[view(top, id = "OreRound/top5")]
#[view(by_mint, keyed)]
#[view(every, collection)]
pub struct Round {
    /// Its number.
    pub id: u64,
}

#[test]
fn each_view_has_an_accessor() {
    let views = <RoundViews as Views>::new(Default::default());
    assert_eq!(views.state().0, "OreRound/state");
    assert_eq!(views.list().0, "OreRound/list");
    assert_eq!(views.latest().0, "OreRound/latest");
    assert_eq!(views.top().0, "OreRound/top5");
    assert_eq!(views.by_mint().0, "OreRound/by_mint");
    assert_eq!(views.clone().every().0, "OreRound/every");
}
