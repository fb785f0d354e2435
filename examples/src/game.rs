//! A simulated game.

use std::time::Duration;

use hyperstack_sdk::testing::{Sort, TestServer};
use serde_json::json;

use crate::replay::close;

const PLAYERS: [&str; 12] = [
    "Ada", "Blaise", "Carl", "Dorothy", "Edsger", "Frances", "Grace", "Hedy", "Ivan", "Joan",
    "Kurt", "Lise",
];
const TURNS: u64 = 40;
const TURN: Duration = Duration::from_millis(250);

/// Starts a server with the entity `Player`, which has a `name` and a `score`, and returns its URL. The derived view
/// `Player/by_score` has the players with the highest score first.
///
/// The game starts with the first subscription to this view. A player scores every 250 ms. After 40 turns the server
/// closes the connections and stops.
///
/// # Errors
/// If the server cannot start.
pub async fn game() -> anyhow::Result<String> {
    let by_score = Sort::desc("score");
    let server = TestServer::builder()
        .view("Player/by_score", by_score, 100)
        .start()
        .await?;
    let mut scores: Vec<u64> = (1..=12).map(|i| i * 37 % 13 * 25).collect();
    for (name, score) in PLAYERS.iter().zip(&scores) {
        server.upsert("Player", name, json!({"name": name, "score": score}));
    }
    let url = server.url();
    tokio::spawn(async move {
        server.wait_for_subscription("Player/by_score").await;
        for turn in 0..TURNS {
            tokio::time::sleep(TURN).await;
            let i = (turn * 5 % 12) as usize;
            scores[i] += 10 + turn * 7 % 40;
            server.patch("Player", PLAYERS[i], json!({"score": scores[i]}));
        }
        close(server).await;
    });
    Ok(url)
}
