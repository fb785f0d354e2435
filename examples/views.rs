//! Views: an entity's list, its rows by key, and windows that the server derives. It replays a recorded session with
//! a real server and needs no network: `cargo run --example views`

use hyperstack_examples::replay;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Pace;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(latest, single)] // the round with the highest id
#[view(richest, id = "OreRound/top5")] // the rounds with the highest total
struct OreRound {
    id: RoundId,
    state: RoundState,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct RoundId {
    round_id: u64,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct RoundState {
    total_deployed: Option<f64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let hs = HyperStack::builder()
        .url(replay("ore.jsonl.gz", Pace::Speed(0.5)).await?)
        .auto_reconnect(false) // the recording is replayed once
        .connect()
        .await?;
    let views = hs.views::<OreRoundViews>();

    // A derived view with one row.
    let latest = views.latest().get().await;
    println!("Latest round: {latest:?}");

    // The list.
    let rounds = views.list().get().await;
    println!("Found {} rounds", rounds.len());

    // One row by key.
    let first = views.state().get("170").await;
    println!("Round 170: {first:?}");

    // A derived view with several rows, in the server's order.
    println!("Richest rounds:");
    print_rounds(&views.richest().get().await);

    // You can watch every view. A row that leaves a window arrives as `Deleted`.
    let mut latest = views.latest().watch_rich();
    let mut richest = views.richest().watch_rich();
    let (mut changes, mut moves) = (0, 0);
    loop {
        tokio::select! {
            Some(update) = latest.next() => match update {
                RichUpdate::Created { key, .. } => println!("Round {key} is the latest"),
                RichUpdate::Updated { .. } => changes += 1,
                RichUpdate::Deleted { .. } => {}
            },
            Some(update) = richest.next() => {
                if !update.is_updated() {
                    moves += 1;
                }
            }
            else => break,
        }
    }

    println!("The latest round changed {changes} times");
    println!("{moves} rounds entered or left the richest rounds, which are now:");
    // The cache outlives the connection.
    print_rounds(&views.richest().get().await);
    Ok(())
}

fn print_rounds(rounds: &[OreRound]) {
    for round in rounds {
        let deployed = round.state.total_deployed.unwrap_or_default();
        println!("  {:>4} {deployed:>9.3}", round.id.round_id);
    }
}
