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

#[cfg(feature = "testing")]
#[tokio::test]
async fn each_view_has_an_accessor() {
    let server = hyperstack_sdk::testing::TestServer::builder().start().await;
    let hs = hyperstack_sdk::HyperStack::connect(server.unwrap().url()).await;
    let views = hs.unwrap().views::<RoundViews>();
    assert_eq!(views.state().id(), "OreRound/list");
    assert_eq!(views.list().id(), "OreRound/list");
    assert_eq!(views.latest().id(), "OreRound/latest");
    assert_eq!(views.top().id(), "OreRound/top5");
    assert_eq!(views.by_mint().id(), "OreRound/by_mint");
    assert_eq!(views.clone().every().id(), "OreRound/every");
}

/// The stack of rounds.
#[derive(Clone, Copy, Debug, hyperstack_sdk::Stack)]
#[stack(name = "ore", url = "wss://ore.example", entities(Round))]
pub struct OreStack;

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_stack_shows_its_connection_and_no_rows() {
    let server = hyperstack_sdk::testing::TestServer::builder().start().await;
    let ore = OreStack::connect_to(server.unwrap().url()).await.unwrap();
    assert_eq!(ore.clone().round.latest().id(), "OreRound/latest");
    let shown = format!("{ore:?}");
    assert!(shown.starts_with("OreStackClient { hyperstack: HyperStack { url: "));
}
