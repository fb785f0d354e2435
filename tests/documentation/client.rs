//! # API Reference: HyperStack Client

use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use tokio::time::{advance, pause, resume, Instant};

use super::my_stack;
use super::page::{run, run_for_an_hour, token_server};
use my_stack::PumpfunTokenEntity;

/// ## Simple Connection
mod simple_connection {
    use super::*;

    #[tokio::test]
    async fn connect_takes_a_literal_and_returns_connected() -> anyhow::Result<()> {
        run(|| async {
            // This future is not polled, because no server answers.
            drop(async {
                let hs = HyperStack::connect("wss://example.com").await?;
                anyhow::Ok(hs)
            });
            let server = token_server(&[]).await?;
            let url: &str = &server.url();
            let hs = HyperStack::connect(url).await?;
            assert_eq!(hs.connection_state().await, ConnectionState::Connected);
            assert_eq!(server.connections(), 1);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn connect_to_a_closed_port_is_an_error() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[]).await?;
            server.stop().await;
            let refused = HyperStack::connect(server.url()).await;
            assert!(
                matches!(refused, Err(ConnectError::Unreachable { .. })),
                "{refused:?}"
            );
            Ok(())
        })
        .await
    }
}

/// ## Advanced Configuration
mod advanced_configuration {
    use super::*;

    async fn connect(server: &TestServer) -> anyhow::Result<HyperStack> {
        let hs = HyperStack::builder()
            .url(server.url())
            .auto_reconnect(true)
            .max_reconnect_attempts(10)
            .ping_interval(Duration::from_secs(30))
            .initial_data_timeout(Duration::from_secs(5))
            .connect()
            .await?;
        Ok(hs)
    }

    #[tokio::test]
    async fn a_client_from_the_builder_reads_like_any_other() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = connect(&server).await?;
            assert_eq!(hs.list::<PumpfunTokenEntity>().await.len(), 1);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn ping_interval_sets_the_time_between_pings() -> anyhow::Result<()> {
        run_for_an_hour(|| async {
            let server = token_server(&[]).await?;
            let before = Instant::now();
            let hs = connect(&server).await?;
            let is_ping = |message: &serde_json::Value| message["type"] == "ping";

            for second in 1.. {
                pause();
                advance(Duration::from_secs(1)).await;
                resume();
                // Each key makes a round trip, because no key is requested twice.
                let key = second.to_string();
                assert_eq!(hs.try_get::<PumpfunTokenEntity>(&key).await, Ok(None));
                if server.messages().iter().any(is_ping) {
                    break;
                }
                assert!(second < 60, "not one ping");
            }
            assert!(before.elapsed() >= Duration::from_secs(30));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn initial_data_timeout_limits_the_wait_for_a_silent_server() -> anyhow::Result<()> {
        run_for_an_hour(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::builder()
                .url(server.url())
                .ping_interval(Duration::from_secs(600))
                .initial_data_timeout(Duration::from_secs(60))
                .connect()
                .await?;
            server.hold_replies();
            let before = Instant::now();
            let (tokens, ()) = tokio::join!(hs.list::<PumpfunTokenEntity>(), async {
                server.wait_for_subscription("PumpfunToken/list").await;
                pause();
            });
            assert_eq!(tokens, []);
            assert!(before.elapsed() >= Duration::from_secs(60));
            resume();
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn max_reconnect_attempts_limits_the_attempts() -> anyhow::Result<()> {
        run_for_an_hour(|| async {
            let server = token_server(&[]).await?;
            let hs = connect(&server).await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            server.stop().await;
            pause();
            assert_eq!(stream.next().await, None);
            assert_eq!(hs.connection_state().await, ConnectionState::Error);
            let reason = stream.end_reason();
            assert!(
                matches!(
                    reason,
                    Some(EndReason::Closed(CloseReason::AttemptsExhausted {
                        attempts: 10,
                        ..
                    }))
                ),
                "{reason:?}"
            );
            resume();
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn without_auto_reconnect_streams_end_with_the_connection() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::builder()
                .url(server.url())
                .auto_reconnect(false)
                .connect()
                .await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            assert!(stream.next().await.is_some());
            server.drop_connections();
            assert_eq!(stream.next().await, None);
            assert_eq!(hs.connection_state().await, ConnectionState::Disconnected);
            assert!(matches!(
                stream.end_reason(),
                Some(EndReason::Closed(CloseReason::Lost(_)))
            ));
            Ok(())
        })
        .await
    }
}
