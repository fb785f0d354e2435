use hyperstack_sdk::{Entity, Stack, Views};

#[derive(Clone, Debug, PartialEq, Entity, Views)]
struct OreRound {
    id: RoundId,
}

#[derive(Clone, Debug, PartialEq)]
struct RoundId {
    number: u64,
}

#[derive(Stack)]
#[stack(url = "wss://ore.example", entities(OreRound))]
struct OreStack;

async fn rounds() -> Result<OreRoundViews, hyperstack_sdk::ConnectError> {
    let ore = OreStack::connect().await?;
    Ok(ore.ore_round.clone())
}

fn main() {}
