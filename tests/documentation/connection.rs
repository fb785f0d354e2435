//! # Connection Management

use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use tokio::time::{advance, pause, resume};

use super::my_stack;
use super::page::{printed, run, run_for_an_hour, token, token_server, traded_at};
use my_stack::{PumpfunToken, PumpfunTokenEntity};

/// ## Auto-Reconnection
mod auto_reconnection {
    use super::*;

    async fn connect(server: &TestServer) -> anyhow::Result<HyperStack> {
        let hs = HyperStack::builder()
            .url(server.url())
            .auto_reconnect(true)
            .reconnect_intervals(vec![
                Duration::from_secs(1),
                Duration::from_secs(2),
                Duration::from_secs(5),
                Duration::from_secs(10),
            ])
            .max_reconnect_attempts(20)
            .connect()
            .await?;
        Ok(hs)
    }

    fn price(update: Option<Update<PumpfunToken>>) -> Option<(String, f64)> {
        let update = update?;
        let price = update.data()?.trading.last_trade_price.flatten()?;
        Some((update.into_key(), price))
    }

    #[tokio::test]
    async fn a_lost_connection_is_restored_and_streams_continue() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0), ("b", 2.0)]).await?;
            let hs = connect(&server).await?;
            let mut faults = hs.faults();
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            assert_eq!(price(stream.next().await), Some(("b".to_owned(), 2.0)));
            assert_eq!(price(stream.next().await), Some(("a".to_owned(), 1.0)));

            server.freeze();
            server.drop_connections();
            let lost = faults.next().await;
            assert!(matches!(lost, Some(Fault::Connection(_))), "{lost:?}");
            server.patch("PumpfunToken", "a", traded_at(3.0));
            server.upsert("PumpfunToken", "c", token("c", 4.0));
            server.thaw();
            pause();
            advance(Duration::from_secs(1)).await;
            resume();

            // Only the changes made meanwhile.
            let mut changed = [price(stream.next().await), price(stream.next().await)];
            changed.sort_by_key(|row| row.as_ref().map(|(key, _)| key.clone()));
            assert_eq!(
                changed,
                [Some(("a".to_owned(), 3.0)), Some(("c".to_owned(), 4.0))]
            );
            assert_eq!(hs.connection_state().await, ConnectionState::Connected);
            server.patch("PumpfunToken", "b", traded_at(5.0));
            assert_eq!(price(stream.next().await), Some(("b".to_owned(), 5.0)));
            assert_eq!(server.connections_accepted(), 2);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn after_twenty_attempts_the_client_gives_up_and_streams_end() -> anyhow::Result<()> {
        run_for_an_hour(|| async {
            let server = token_server(&[]).await?;
            let hs = connect(&server).await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            server.stop().await;
            pause();
            assert_eq!(stream.next().await, None);
            assert_eq!(hs.connection_state().await, ConnectionState::Error);
            let reason = hs.end_reason();
            assert!(
                matches!(
                    reason,
                    Some(CloseReason::AttemptsExhausted { attempts: 20, .. })
                ),
                "{reason:?}"
            );
            resume();
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn reads_are_served_from_the_cache_while_disconnected() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = connect(&server).await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            let first = stream.next().await.and_then(Update::into_data);
            assert_eq!(hs.list::<PumpfunTokenEntity>().await.len(), 1);
            let mut faults = hs.faults();
            server.freeze();
            server.drop_connections();
            let _ = faults.next().await;
            assert_eq!(hs.get::<PumpfunTokenEntity>("a").await, first);
            Ok(())
        })
        .await
    }
}

/// ## Monitoring Connection State
mod monitoring {
    use super::*;

    async fn look(hs: &HyperStack) {
        let state = hs.connection_state().await;
        match state {
            ConnectionState::Connected => println!("Ready"),
            ConnectionState::Connecting => println!("Establishing connection..."),
            ConnectionState::Reconnecting { attempt } => {
                println!("Reconnecting (attempt {})...", attempt)
            }
            ConnectionState::Disconnected => println!("Not connected"),
            ConnectionState::Error => println!("Connection error"),
        }
    }

    async fn connect(server: &TestServer) -> anyhow::Result<HyperStack> {
        let hs = HyperStack::builder()
            .url(server.url())
            .reconnect_intervals(vec![Duration::ZERO])
            .max_reconnect_attempts(3)
            .connect()
            .await?;
        Ok(hs)
    }

    #[tokio::test]
    async fn a_connection_is_ready_until_it_is_closed() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[]).await?;
            let hs = connect(&server).await?;
            look(&hs).await;
            hs.disconnect().await;
            look(&hs).await;
            assert_eq!(printed(), ["Ready", "Not connected"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn each_attempt_to_reconnect_has_its_number_and_the_last_ends_in_error(
    ) -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[]).await?;
            let hs = connect(&server).await?;
            let mut faults = hs.faults();
            server.stop().await;
            while faults.next().await.is_some() {
                look(&hs).await;
            }
            assert_eq!(
                printed(),
                [
                    "Reconnecting (attempt 1)...",
                    "Reconnecting (attempt 2)...",
                    "Reconnecting (attempt 3)...",
                    "Connection error",
                ]
            );
            Ok(())
        })
        .await
    }
}
