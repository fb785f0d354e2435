//! A leaderboard: prints the players, then each change of a score. It runs a simulated game and needs no network:
//! `cargo run --example leaderboard`

use std::cmp::Reverse;

use hyperstack_sdk::prelude::*;

#[derive(Debug, Clone, PartialEq, Entity)]
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

    print_board(hs.list::<Player>().await);

    // Print each gain.
    let mut stream = hs.watch_rich::<Player>();
    while let Some(update) = stream.next().await {
        if let RichUpdate::Updated { before, after, .. } = update {
            let diff = after.score - before.score;
            if diff > 0 {
                println!("{} scored {diff} points!", after.name);
            }
        }
    }

    // The cache outlives the connection.
    print_board(hs.list::<Player>().await);
    Ok(())
}

fn print_board(mut players: Vec<Player>) {
    players.sort_by_key(|player| Reverse(player.score));
    println!("Top 10 of {} players:", players.len());
    for (i, player) in players.iter().take(10).enumerate() {
        println!("{:2}. {} - {} points", i + 1, player.name, player.score);
    }
}
