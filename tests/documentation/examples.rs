//! # Examples

use hyperstack_sdk::prelude::*;
use serde_json::json;

use super::my_stack;
use super::page::{lines, printed, run, server};

/// ## Price Alert System
mod price_alert_system {
    use super::*;
    use my_stack::TokenEntity;

    async fn main(hs: &HyperStack) -> anyhow::Result<()> {
        let mut stream = hs
            .watch_rich::<TokenEntity>()
            .filter_map(|update| match update {
                RichUpdate::Updated {
                    before, after, key, ..
                } => {
                    let prev = before.price.unwrap_or(0.0);
                    let curr = after.price.unwrap_or(0.0);
                    let change_pct = ((curr - prev) / prev) * 100.0;

                    if change_pct.abs() > 5.0 {
                        Some((key, change_pct))
                    } else {
                        None
                    }
                }
                _ => None,
            });

        while let Some((token, change)) = stream.next().await {
            println!("Alert: {} changed by {:.2}%", token, change);
        }

        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn changes_of_more_than_five_percent_are_alerts() -> anyhow::Result<()> {
        run(|| async {
            let server = server().entity("Token").start().await?;
            server.upsert("Token", "bonk", json!({"price": 100.0}));
            server.upsert("Token", "wif", json!({"price": 10.0}));
            let hs = HyperStack::connect(server.url()).await?;
            let user = async {
                server.wait_for_subscription("Token/list").await;
                server.patch("Token", "bonk", json!({"price": 104.0}));
                server.patch("Token", "bonk", json!({"price": 117.0}));
                server.patch("Token", "wif", json!({"price": 9.6}));
                server.patch("Token", "wif", json!({"price": null}));
                lines(2).await;
                hs.disconnect().await;
                Ok(())
            };
            tokio::try_join!(main(&hs), user)?;
            assert_eq!(
                printed(),
                [
                    "Alert: bonk changed by 12.50%",
                    "Alert: wif changed by -100.00%",
                ]
            );
            Ok(())
        })
        .await
    }
}

/// ## Game Leaderboard
mod game_leaderboard {
    use super::*;
    use my_stack::PlayerEntity;

    async fn main(hs: &HyperStack) -> anyhow::Result<()> {
        // Get initial leaderboard
        let mut players = hs.list::<PlayerEntity>().await;
        players.sort_by(|a, b| b.score.cmp(&a.score));

        println!("Top 10 Players:");
        for (i, player) in players.iter().take(10).enumerate() {
            println!("{}. {} - {} points", i + 1, player.name, player.score);
        }

        // Watch for score changes
        let mut stream = hs.watch_rich::<PlayerEntity>();
        while let Some(update) = stream.next().await {
            if let RichUpdate::Updated { before, after, .. } = update {
                let diff = after.score - before.score;
                if diff > 0 {
                    println!("{} scored {} points!", after.name, diff);
                }
            }
        }

        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_ten_best_are_listed_then_every_point_is_reported() -> anyhow::Result<()> {
        run(|| async {
            let server = server().entity("Player").start().await?;
            for n in 1..=12 {
                let row = json!({"name": format!("Player {n}"), "score": n * 10});
                server.upsert("Player", &format!("wallet-{n}"), row);
            }
            let hs = HyperStack::connect(server.url()).await?;
            let user = async {
                lines(11).await;
                server.patch("Player", "wallet-1", json!({"score": 25}));
                server.patch("Player", "wallet-2", json!({"score": 5}));
                server.patch("Player", "wallet-3", json!({"name": "Player 3b"}));
                server.upsert("Player", "wallet-13", json!({"name": "New", "score": 7}));
                server.patch("Player", "wallet-13", json!({"score": 8}));
                lines(13).await;
                hs.disconnect().await;
                Ok(())
            };
            tokio::try_join!(main(&hs), user)?;

            let mut expected = vec!["Top 10 Players:".to_owned()];
            for (i, n) in (3..=12).rev().enumerate() {
                expected.push(format!("{}. Player {n} - {} points", i + 1, n * 10));
            }
            expected.push("Player 1 scored 15 points!".to_owned());
            expected.push("New scored 1 points!".to_owned());
            assert_eq!(printed(), expected);
            Ok(())
        })
        .await
    }
}
