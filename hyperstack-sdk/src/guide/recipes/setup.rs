//! What the examples of the recipes share.

pub use crate::prelude::*;
use crate::testing::{Sort, TestServer};
pub use serde_json::json;

/// The entity of the examples.
#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(by_score)]
pub struct Player {
    pub name: String,
    pub team: String,
    pub score: i64,
}

/// Starts a server with three players, and connects to it.
///
/// # Errors
///
/// If the server or the client cannot start.
pub async fn start() -> Result<(TestServer, HyperStack, PlayerViews), Box<dyn std::error::Error>> {
    let by_score = Sort::desc("score");
    let server = TestServer::builder().view("Player/by_score", by_score, 100);
    let server = server.start().await?;
    for (key, team, score) in [("ada", "red", 3), ("bob", "blue", 1), ("eve", "red", 2)] {
        server.upsert(
            "Player",
            key,
            json!({"name": key, "team": team, "score": score}),
        );
    }
    let hs = HyperStack::connect(server.url()).await?;
    let views = hs.views();
    Ok((server, hs, views))
}
