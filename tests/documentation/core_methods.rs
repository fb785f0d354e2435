//! # API Reference: Core Methods

use hyperstack_sdk::prelude::*;

use super::my_stack;
use super::page::{
    arrival, delete, lines, printed, run, subscribed, token, token_server, traded_at, wait_for_key,
};
use my_stack::{PumpfunToken, PumpfunTokenEntity};

fn price(token: &PumpfunToken) -> Option<f64> {
    token.trading.last_trade_price.flatten()
}

/// An update in short form: kind, key, last price.
fn seen(update: Update<PumpfunToken>) -> (&'static str, String, Option<f64>) {
    match update {
        Update::Upsert { key, data } => ("upsert", key, price(&data)),
        Update::Patch { key, data } => ("patch", key, price(&data)),
        Update::Delete { key } => ("delete", key, None),
    }
}

/// ## The signatures, for any `E: Entity`
mod signatures {
    use super::*;

    async fn get<E: Entity>(hs: &HyperStack, key: &str) -> Option<E::Data> {
        hs.get::<E>(key).await
    }

    async fn list<E: Entity>(hs: &HyperStack) -> Vec<E::Data> {
        hs.list::<E>().await
    }

    fn watch<E: Entity>(hs: &HyperStack) -> EntityStream<E::Data> {
        hs.watch::<E>()
    }

    fn watch_key<E: Entity>(hs: &HyperStack, key: &str) -> EntityStream<E::Data> {
        hs.watch_key::<E>(key)
    }

    fn watch_keys<E: Entity>(hs: &HyperStack, keys: &[&str]) -> EntityStream<E::Data> {
        hs.watch_keys::<E>(keys)
    }

    fn watch_rich<E: Entity>(hs: &HyperStack) -> RichEntityStream<E::Data> {
        hs.watch_rich::<E>()
    }

    fn watch_key_rich<E: Entity>(hs: &HyperStack, key: &str) -> RichEntityStream<E::Data> {
        hs.watch_key_rich::<E>(key)
    }

    async fn connection_state(hs: &HyperStack) -> ConnectionState {
        hs.connection_state().await
    }

    /// Uses a stream generically: `Data` is `Debug`, and operators work.
    async fn show_first<E: Entity>(hs: &HyperStack) -> Option<String> {
        let mut shown = hs
            .watch::<E>()
            .filter(|update| update.has_data())
            .map(|update| format!("{:?}", update.data()));
        shown.next().await
    }

    #[tokio::test]
    async fn every_method_is_generic_over_the_entity() -> anyhow::Result<()> {
        run(|| async {
            type E = PumpfunTokenEntity;
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let row = get::<E>(&hs, "a").await;
            assert!(row.is_some());
            assert_eq!(list::<E>(&hs).await.into_iter().next(), row);
            for mut stream in [
                watch::<E>(&hs),
                watch_key::<E>(&hs, "a"),
                watch_keys::<E>(&hs, &["a"]),
            ] {
                assert_eq!(stream.next().await.and_then(Update::into_data), row);
            }
            for mut stream in [watch_rich::<E>(&hs), watch_key_rich::<E>(&hs, "a")] {
                let Some(RichUpdate::Created { data, .. }) = stream.next().await else {
                    anyhow::bail!("no row");
                };
                assert_eq!(Some(data), row);
            }
            assert_eq!(show_first::<E>(&hs).await, Some(format!("{row:?}")));
            assert_eq!(connection_state(&hs).await, ConnectionState::Connected);
            Ok(())
        })
        .await
    }
}

/// ## get
mod get {
    use super::*;

    #[tokio::test]
    async fn get_finds_one_entity_by_its_key() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("token-123", 1.5), ("token-124", 2.5)]).await?;
            let hs = HyperStack::connect(server.url()).await?;

            let token = hs.get::<PumpfunTokenEntity>("token-123").await;

            assert_eq!(token.map(|token| price(&token)), Some(Some(1.5)));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn get_of_an_unknown_key_is_none() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("token-123", 1.5)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let token = hs.get::<PumpfunTokenEntity>("token-999").await;
            assert_eq!(token, None);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn get_requests_only_the_key() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("token-123", 1.5)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let _ = hs.get::<PumpfunTokenEntity>("token-123").await;
            let queries = subscribed(&server);
            assert_eq!(queries[0].1.as_deref(), Some("token-123"));
            assert!(queries.iter().all(|(_, key)| key.is_some()), "{queries:?}");
            Ok(())
        })
        .await
    }
}

/// ## list
mod list {
    use super::*;

    #[tokio::test]
    async fn list_returns_all_entities_of_the_type() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0), ("b", 2.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;

            let tokens = hs.list::<PumpfunTokenEntity>().await;
            println!("Found {} tokens", tokens.len());

            assert_eq!(printed(), ["Found 2 tokens"]);
            let prices: Vec<_> = tokens.iter().map(price).collect();
            assert_eq!(prices, [Some(2.0), Some(1.0)]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn the_struct_names_its_entity_as_well_as_the_marker() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let by_marker = hs.list::<PumpfunTokenEntity>().await;
            let by_struct = hs.list::<PumpfunToken>().await;
            assert_eq!(by_marker, by_struct);
            Ok(())
        })
        .await
    }
}

/// ## watch
mod watch {
    use super::*;

    #[tokio::test]
    async fn watch_needs_no_await_and_streams_all_updates() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0), ("b", 2.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut updates = Vec::new();

            let mut stream = hs.watch::<PumpfunTokenEntity>();
            while let Some(update) = stream.next().await {
                // Handle update
                updates.push(seen(update));
                match updates.len() {
                    2 => {
                        server.patch("PumpfunToken", "a", traded_at(3.0));
                        delete(&server, "PumpfunToken", "b");
                    }
                    4 => break,
                    _ => {}
                }
            }

            assert_eq!(
                updates,
                [
                    ("upsert", "b".to_owned(), Some(2.0)),
                    ("upsert", "a".to_owned(), Some(1.0)),
                    ("patch", "a".to_owned(), Some(3.0)),
                    ("delete", "b".to_owned(), None),
                ]
            );
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_second_watch_starts_with_the_cached_rows() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0), ("b", 2.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let first: Vec<_> = hs.watch::<PumpfunTokenEntity>().take(2).collect().await;
            let second: Vec<_> = hs.watch::<PumpfunTokenEntity>().take(2).collect().await;
            assert_eq!(first, second);
            Ok(())
        })
        .await
    }
}

/// ## watch_key
mod watch_key {
    use super::*;

    #[tokio::test]
    async fn watch_key_streams_the_updates_of_one_key() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("token-123", 1.0), ("token-124", 2.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;

            let program = async {
                let mut stream = hs.watch_key::<PumpfunTokenEntity>("token-123");
                while let Some(update) = stream.next().await {
                    println!("Token 123 updated: {:?}", update.data());
                }
            };
            let user = async {
                lines(1).await;
                server.patch("PumpfunToken", "token-124", traded_at(9.0));
                server.patch("PumpfunToken", "token-123", traded_at(3.0));
                delete(&server, "PumpfunToken", "token-123");
                lines(3).await;
                hs.disconnect().await;
            };
            tokio::join!(program, user);

            let printed = printed();
            assert_eq!(printed.len(), 3);
            let token =
                "Token 123 updated: Some(PumpfunToken { id: PumpfunTokenId { mint: \"token-123\" }";
            assert!(printed[0].starts_with(token), "{}", printed[0]);
            assert!(printed[0].contains("last_trade_price: Some(Some(1.0))"));
            assert!(printed[1].contains("last_trade_price: Some(Some(3.0))"));
            assert_eq!(printed[2], "Token 123 updated: None");
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_key_that_does_not_exist_yet_is_awaited() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch_key::<PumpfunTokenEntity>("token-123");
            let (update, ()) = tokio::join!(stream.next(), async {
                wait_for_key(&server, "token-123").await;
                server.upsert("PumpfunToken", "token-123", token("token-123", 1.0));
            });
            assert_eq!(
                update.map(seen),
                Some((arrival(), "token-123".to_owned(), Some(1.0)))
            );
            Ok(())
        })
        .await
    }
}

/// ## watch_keys
mod watch_keys {
    use super::*;

    #[tokio::test]
    async fn watch_keys_streams_the_updates_of_these_keys_and_no_others() -> anyhow::Result<()> {
        run(|| async {
            let server =
                token_server(&[("token-1", 1.0), ("token-2", 2.0), ("token-3", 3.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;

            let mut stream = hs.watch_keys::<PumpfunTokenEntity>(&["token-1", "token-2"]);

            let mut rows = Vec::new();
            for _ in 0..2 {
                rows.extend(stream.next().await.map(seen));
            }
            rows.sort_by(|a, b| a.1.cmp(&b.1));
            assert_eq!(
                rows,
                [
                    ("upsert", "token-1".to_owned(), Some(1.0)),
                    ("upsert", "token-2".to_owned(), Some(2.0)),
                ]
            );
            server.patch("PumpfunToken", "token-3", traded_at(30.0));
            server.patch("PumpfunToken", "token-2", traded_at(20.0));
            assert_eq!(
                stream.next().await.map(seen),
                Some(("patch", "token-2".to_owned(), Some(20.0)))
            );
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn the_keys_may_be_made_at_run_time_and_need_not_outlive_the_call() -> anyhow::Result<()>
    {
        run(|| async {
            let server = token_server(&[("token-1", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = {
                let owned: Vec<String> = (1..3).map(|n| format!("token-{n}")).collect();
                let keys: Vec<&str> = owned.iter().map(String::as_str).collect();
                hs.watch_keys::<PumpfunTokenEntity>(&keys)
            };
            let first = stream.next().await;
            assert_eq!(first.as_ref().map(Update::key), Some("token-1"));
            Ok(())
        })
        .await
    }
}

/// ## watch_rich
mod watch_rich {
    use super::*;

    #[tokio::test]
    async fn watch_rich_has_the_values_before_and_after() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let was = hs.get::<PumpfunTokenEntity>("a").await;

            let program = async {
                let mut stream = hs.watch_rich::<PumpfunTokenEntity>();
                while let Some(update) = stream.next().await {
                    match update {
                        RichUpdate::Updated { before, after, .. } => {
                            println!("Changed from {:?} to {:?}", before, after);
                        }
                        _ => {}
                    }
                }
            };
            let user = async {
                // The list, not the key of `get`.
                server
                    .wait_for_subscriptions(|live| live.iter().any(|(_, key)| key.is_none()))
                    .await;
                server.patch("PumpfunToken", "a", traded_at(2.0));
                lines(1).await;
                hs.disconnect().await;
            };
            tokio::join!(program, user);

            let before = was.expect("the row is there");
            let mut after = before.clone();
            after.trading.last_trade_price = Some(Some(2.0));
            assert_eq!(printed(), [format!("Changed from {before:?} to {after:?}")]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn each_before_is_the_after_that_came_before() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 0.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch_rich::<PumpfunTokenEntity>();
            let Some(RichUpdate::Created { key, data }) = stream.next().await else {
                anyhow::bail!("the first update is of a row that this reader had not");
            };
            assert_eq!(key, "a");
            for n in 1..5 {
                server.patch("PumpfunToken", "a", traded_at(f64::from(n)));
            }
            let mut last = data;
            for n in 1..5 {
                let Some(RichUpdate::Updated { before, after, .. }) = stream.next().await else {
                    anyhow::bail!("update {n}");
                };
                assert_eq!(before, last);
                assert_eq!(price(&after), Some(f64::from(n)));
                last = after;
            }
            Ok(())
        })
        .await
    }
}

/// ## watch_key_rich
mod watch_key_rich {
    use super::*;

    #[tokio::test]
    async fn watch_key_rich_has_the_values_before_and_after_of_one_key() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("token-123", 1.0), ("token-124", 2.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;

            let mut stream = hs.watch_key_rich::<PumpfunTokenEntity>("token-123");

            let first = stream.next().await;
            assert!(matches!(first, Some(RichUpdate::Created { key, .. }) if key == "token-123"));
            server.patch("PumpfunToken", "token-124", traded_at(20.0));
            server.patch("PumpfunToken", "token-123", traded_at(10.0));
            let Some(RichUpdate::Updated {
                key, before, after, ..
            }) = stream.next().await
            else {
                anyhow::bail!("the second update");
            };
            assert_eq!(key, "token-123");
            assert_eq!((price(&before), price(&after)), (Some(1.0), Some(10.0)));
            Ok(())
        })
        .await
    }
}

/// ## connection_state
mod connection_state {
    use super::*;

    fn say(state: ConnectionState) {
        match state {
            ConnectionState::Connected => println!("Connected"),
            ConnectionState::Connecting => println!("Connecting..."),
            ConnectionState::Reconnecting { attempt } => {
                println!("Reconnecting (attempt {})", attempt)
            }
            ConnectionState::Disconnected => println!("Disconnected"),
            ConnectionState::Error => println!("Error"),
        }
    }

    #[tokio::test]
    async fn connection_state_follows_the_connection() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut faults = hs.faults();

            let state = hs.connection_state().await;
            say(state);
            server.freeze();
            server.drop_connections();
            let _ = faults.next().await;
            say(hs.connection_state().await);
            hs.disconnect().await;
            say(hs.connection_state().await);

            assert_eq!(
                printed(),
                ["Connected", "Reconnecting (attempt 1)", "Disconnected"]
            );
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn the_states_are_the_documented_five() -> anyhow::Result<()> {
        run(|| async {
            say(ConnectionState::Connecting);
            say(ConnectionState::Error);
            assert_eq!(printed(), ["Connecting...", "Error"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn disconnect_ends_streams_and_closes_the_socket() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            assert!(stream.next().await.is_some());
            hs.disconnect().await;
            assert_eq!(stream.next().await, None);
            assert_eq!(
                stream.end_reason(),
                Some(&EndReason::Closed(CloseReason::Disconnected))
            );
            server.wait_for_connections(0).await;
            Ok(())
        })
        .await
    }
}
