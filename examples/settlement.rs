//! Games and their bets, with the typed crate that `hs sdk create rust settlement-game` generated.
//!
//! `cargo run --example settlement` replays a recording in-process. To connect to a server, such as
//! `hs serve recordings/settlement-game.jsonl.gz`, pass its URL:
//! `cargo run --example settlement -- ws://127.0.0.1:8877`

use hyperstack_examples::replay;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Pace;
use settlement_game_stack::{Game, Phase, SettlementGameStack, SettlementGameStackClient};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = match std::env::args().nth(1) {
        Some(url) => url,
        None => replay("settlement-game.jsonl.gz", Pace::Recorded).await?,
    };
    let hs = SettlementGameStack::builder()
        .url(url)
        .auto_reconnect(false) // the recording is replayed once
        .connect()
        .await?;
    let stack = SettlementGameStackClient::new(hs);

    for game in stack.game.list().get().await {
        println!("Game {}: pot {}", game.id.game_id, pot(&game));
    }
    let current = stack.game.current().get().await;
    let current = current.and_then(|game| game.key().copied());
    println!("The current game is {current:?}");

    let mut settled = 0;
    let mut games = stack.game.list().watch_rich();
    while let Some(update) = games.next().await {
        let (Some(game), true) = (update.data(), update.changed(|game| &game.state.phase)) else {
            continue;
        };
        if let Some(Some(phase)) = &game.state.phase {
            println!("Game {} is {phase:?}", game.id.game_id);
            if *phase == Phase::Settled {
                settled += 1;
                summarise(game);
            }
        }
    }
    println!(
        "{settled} games settled, {} errors",
        stack.hyperstack().stats().row_errors
    );
    Ok(())
}

fn summarise(game: &Game) {
    let best = game.best.iter().flatten().find_map(|best| best.points);
    println!(
        "  pot {}, {} bets, best {best:?}",
        pot(game),
        game.events.moves.len()
    );
    for bet in &game.events.moves {
        println!("  {:?} at {}", bet.data.amount, bet.timestamp);
    }
    // The captured account, with its state when the game was settled.
    if let Some(Some(account)) = &game.game_snapshot {
        println!(
            "  account {}: {:?}",
            account.account_address, account.data.total
        );
    }
}

fn pot(game: &Game) -> u64 {
    game.state.pot.flatten().unwrap_or_default()
}
