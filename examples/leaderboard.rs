//! A live leaderboard: prints the ten best players after each change. It runs a simulated game and needs no network:
//! `cargo run --example leaderboard`

use std::io::{stdout, IsTerminal};

use hyperstack_sdk::prelude::*;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(by_score)] // sorted by the server
struct Player {
    name: String,
    score: i64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let hs = HyperStack::builder()
        .url(hyperstack_examples::game().await?)
        .auto_reconnect(false) // the game ends when its connection does
        .connect()
        .await?;

    let mut boards = hs.views::<PlayerViews>().by_score().take(10).watch_window();
    while let Some(players) = boards.next().await {
        if stdout().is_terminal() {
            print!("\x1b[2J\x1b[H"); // clear the screen
        }
        println!("Top {}:", players.len());
        for (i, player) in players.iter().enumerate() {
            println!("{:2}. {} - {} points", i + 1, player.name, player.score);
        }
    }
    Ok(())
}
