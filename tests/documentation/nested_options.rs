//! # Understanding Option<Option<T>> Fields

use hyperstack_sdk::prelude::*;
use serde_json::json;

use super::my_stack;
use super::page::{printed, run, token, token_server, traded_at};
use my_stack::{PumpfunToken, PumpfunTokenEntity};

/// ## The three values
mod three_values {
    use super::*;

    async fn prices(
        stream: &mut EntityStream<PumpfunToken>,
    ) -> Option<(Option<Option<f64>>, Option<Option<f64>>)> {
        let token = stream.next().await?.into_data()?;
        Some((
            token.trading.last_trade_price,
            token.reserves.current_price_sol,
        ))
    }

    #[tokio::test]
    async fn never_sent_is_none_null_is_some_none_and_a_value_is_itself() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.5)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let token = hs.get::<PumpfunTokenEntity>("a").await.expect("a token");
            assert_eq!(token.reserves.current_price_sol, None);
            assert_eq!(token.info.symbol, Some(None));
            assert_eq!(token.trading.last_trade_price, Some(Some(1.5)));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_patch_changes_what_it_includes_and_nothing_else() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.5)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            assert_eq!(prices(&mut stream).await, Some((Some(Some(1.5)), None)));

            server.patch(
                "PumpfunToken",
                "a",
                json!({"reserves": {"current_price_sol": 0.25}}),
            );
            assert_eq!(
                prices(&mut stream).await,
                Some((Some(Some(1.5)), Some(Some(0.25))))
            );

            server.patch(
                "PumpfunToken",
                "a",
                json!({"reserves": {"current_price_sol": null}}),
            );
            assert_eq!(
                prices(&mut stream).await,
                Some((Some(Some(1.5)), Some(None)))
            );

            server.patch("PumpfunToken", "a", traded_at(2.5));
            assert_eq!(
                prices(&mut stream).await,
                Some((Some(Some(2.5)), Some(None)))
            );
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn from_never_sent_to_null_is_a_change() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.5)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch_rich::<PumpfunTokenEntity>();
            let _ = stream.next().await;
            let cleared = json!({"reserves": {"current_price_sol": null}});
            server.patch("PumpfunToken", "a", cleared.clone());
            let Some(RichUpdate::Updated {
                before,
                after,
                patch,
                ..
            }) = stream.next().await
            else {
                anyhow::bail!("no update");
            };
            assert_eq!(before.reserves.current_price_sol, None);
            assert_eq!(after.reserves.current_price_sol, Some(None));
            assert_eq!(patch, Some(cleared));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn integers_that_the_server_turned_into_strings_are_integers() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.5)]).await?;
            server.patch(
                "PumpfunToken",
                "a",
                json!({"trading": {"total_trades": u64::MAX}}),
            );
            let hs = HyperStack::connect(server.url()).await?;
            let token = hs.get::<PumpfunTokenEntity>("a").await.expect("a token");
            assert_eq!(token.trading.total_trades, Some(Some(u64::MAX)));
            Ok(())
        })
        .await
    }
}

/// ## Working with nested options
mod working_with_them {
    use super::*;

    fn look(token: &PumpfunToken) {
        // Access a nested optional field
        let price = token.trading.last_trade_price.flatten().unwrap_or(0.0);
        println!("{price}");

        // Check if field was explicitly set (vs absent from patch)
        match &token.reserves.current_price_sol {
            None => println!("Price not in this update"),
            Some(None) => println!("Price explicitly cleared"),
            Some(Some(price)) => println!("Price: {}", price),
        }
    }

    #[tokio::test]
    async fn a_nested_field_is_flattened_or_matched() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[]).await?;
            let rows = [
                ("a", json!({"id": {"mint": "a"}})),
                (
                    "b",
                    json!({
                        "id": {"mint": "b"},
                        "reserves": {"current_price_sol": null},
                        "trading": {"last_trade_price": null},
                    }),
                ),
                (
                    "c",
                    json!({
                        "id": {"mint": "c"},
                        "reserves": {"current_price_sol": 2.5},
                        "trading": {"last_trade_price": 1.5},
                    }),
                ),
            ];
            for (key, row) in rows {
                server.upsert("PumpfunToken", key, row);
            }
            let hs = HyperStack::connect(server.url()).await?;
            for key in ["a", "b", "c"] {
                look(&hs.get::<PumpfunTokenEntity>(key).await.expect("a token"));
            }
            assert_eq!(
                printed(),
                [
                    "0",
                    "Price not in this update",
                    "0",
                    "Price explicitly cleared",
                    "1.5",
                    "Price: 2.5",
                ]
            );
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn before_and_after_are_compared_field_by_field() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch_rich::<PumpfunTokenEntity>();
            let _ = stream.next().await;
            let mut renamed = token("a", 1.0);
            renamed["info"]["name"] = json!("AA");
            server.upsert("PumpfunToken", "a", renamed);
            server.patch("PumpfunToken", "a", traded_at(2.0));
            for _ in 0..2 {
                let Some(RichUpdate::Updated { before, after, .. }) = stream.next().await else {
                    anyhow::bail!("no update");
                };
                // Compare values in before/after
                if before.trading.last_trade_price != after.trading.last_trade_price {
                    println!("Price changed!");
                } else {
                    println!("{:?}", after.info.name);
                }
            }
            assert_eq!(printed(), ["Some(Some(\"AA\"))", "Price changed!"]);
            Ok(())
        })
        .await
    }
}
