//! # Quick Start

use hyperstack_sdk::testing::TestServer;

use super::my_stack;
use super::page::{
    arrival, delete, lines, printed, run, server, subscribed, token, token_server, traded_at,
};

/// ## Basic Connection
mod basic_connection {
    use super::*;

    use hyperstack_sdk::prelude::*;
    use my_stack::{PumpfunToken, PumpfunTokenEntity};

    async fn main(server: &TestServer) -> anyhow::Result<Vec<PumpfunToken>> {
        let hs = HyperStack::connect(server.url()).await?;

        // List all entities
        let tokens = hs.list::<PumpfunTokenEntity>().await;
        println!("Found {} tokens", tokens.len());

        Ok(tokens)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_list_is_complete_however_many_batches_it_came_in() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[]).await?;
            for n in 0..160 {
                let key = format!("token-{n}");
                server.upsert("PumpfunToken", &key, token(&key, f64::from(n)));
            }
            let tokens = main(&server).await?;
            assert_eq!(printed(), ["Found 160 tokens"]);
            assert_eq!(tokens[0].id.mint, "token-159", "the last changed is first");
            Ok(())
        })
        .await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_without_rows_has_an_empty_list() -> anyhow::Result<()> {
        run(|| async {
            main(&token_server(&[]).await?).await?;
            assert_eq!(printed(), ["Found 0 tokens"]);
            Ok(())
        })
        .await
    }
}

/// ## Stream Updates
mod stream_updates {
    use super::*;

    use hyperstack_sdk::prelude::*;
    use my_stack::{OreRoundEntity, OreRoundViews, PumpfunTokenEntity};

    // The page binds `data` without using it.
    #[allow(unused_variables)]
    async fn main(hs: &HyperStack) -> anyhow::Result<()> {
        let mut stream = hs.watch::<PumpfunTokenEntity>();
        while let Some(update) = stream.next().await {
            match update {
                Update::Upsert { key, data } => println!("Updated {}", key),
                Update::Patch { key, data } => println!("Patched {}", key),
                Update::Delete { key } => println!("Deleted {}", key),
            }
        }
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn existing_rows_come_first_then_every_change_in_order() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0), ("b", 2.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let user = async {
                lines(2).await;
                server.patch("PumpfunToken", "a", traded_at(3.0));
                server.upsert("PumpfunToken", "c", token("c", 4.0));
                server.patch("PumpfunToken", "a", traded_at(5.0));
                delete(&server, "PumpfunToken", "b");
                lines(6).await;
                hs.disconnect().await;
                Ok(())
            };
            tokio::try_join!(main(&hs), user)?;
            assert_eq!(
                printed(),
                [
                    "Updated b",
                    "Updated a",
                    "Patched a",
                    match arrival() {
                        "patch" => "Patched c",
                        _ => "Updated c",
                    },
                    "Patched a",
                    "Deleted b",
                ]
            );
            Ok(())
        })
        .await
    }

    /// Returns once the server has received everything that was sent before the call.
    async fn round_trip(hs: &HyperStack, new_key: &str) {
        // A key that was not requested yet is not served from the cache.
        let round = hs.try_get::<OreRoundEntity>(new_key).await;
        assert_eq!(round, Ok(None));
    }

    fn mentions(server: &TestServer, entity: &str) -> bool {
        let queries = subscribed(server);
        queries.iter().any(|(view, _)| view.starts_with(entity))
    }

    #[tokio::test]
    async fn a_stream_that_is_not_polled_sends_nothing() -> anyhow::Result<()> {
        run(|| async {
            let server = server()
                .entity("PumpfunToken")
                .entity("OreRound")
                .start()
                .await?;
            server.upsert("PumpfunToken", "a", token("a", 1.0));
            let hs = HyperStack::connect(server.url()).await?;
            let views = hs.views::<my_stack::PumpfunTokenViews>();
            let mut first = hs.watch::<PumpfunTokenEntity>();
            let others = (
                hs.watch_key::<PumpfunTokenEntity>("a"),
                hs.watch_keys::<PumpfunTokenEntity>(&["a", "b"]),
                hs.watch_rich::<PumpfunTokenEntity>(),
                hs.watch_key_rich::<PumpfunTokenEntity>("a"),
                views.list().watch(),
                views.state().watch("a"),
                hs.watch::<PumpfunTokenEntity>()
                    .filter(|_| true)
                    .map(|update| update)
                    .filter_map(Some),
            );
            round_trip(&hs, "1").await;
            assert!(!mentions(&server, "PumpfunToken"));
            drop(others);
            round_trip(&hs, "2").await;
            assert!(!mentions(&server, "PumpfunToken"));

            assert!(first.next().await.is_some());
            assert!(mentions(&server, "PumpfunToken"));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_stream_of_a_derived_view_is_lazy_too() -> anyhow::Result<()> {
        run(|| async {
            let sort = hyperstack_sdk::testing::Sort::desc("id.round_id");
            let server = server().view("OreRound/latest", sort, 1).start().await?;
            let hs = HyperStack::connect(server.url()).await?;
            let stream = hs.views::<OreRoundViews>().latest().watch();
            round_trip(&hs, "1").await;
            assert!(!mentions(&server, "OreRound/latest"));
            drop(stream);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn the_first_poll_subscribes_even_if_it_yields_nothing() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            tokio::select! {
                update = stream.next() => anyhow::bail!("{update:?}"),
                () = server.wait_for_subscription("PumpfunToken/list") => Ok(()),
            }
        })
        .await
    }
}
