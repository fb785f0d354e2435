use hyperstack_sdk::{Entity, Patchable, Stack, Views};

#[derive(Clone, Debug, Entity, Views)]
#[view(latest, single)]
struct Round {
    id: u64,
}

#[derive(Stack)]
#[stack(url = "wss://ore.example", entities(Round))]
struct Ore;

fn build(patch: RoundPatch) -> Option<Round> {
    let mut round = Round::try_from(patch.clone()).ok()?;
    round.apply(patch).ok()?;
    Some(round)
}

async fn list(ore: &OreClient) -> usize {
    ore.hyperstack().list::<Round>().await.len()
}

fn main() {}
