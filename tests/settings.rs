//! Settings: invalid ones are refused with advice, and extreme ones are accepted.

use std::time::Duration;

use hyperstack_sdk::prelude::*;

use crate::support::*;

async fn refused(builder: HyperStackBuilder) -> String {
    builder.connect().await.unwrap_err().to_string()
}

#[tokio::test]
async fn invalid_settings_are_refused_before_dialling() {
    let builder = || HyperStack::builder().url("ws://127.0.0.1:1");
    assert_eq!(
        refused(builder().ping_interval(Duration::ZERO)).await,
        "invalid setting `ping_interval`: must be greater than zero"
    );
    assert_eq!(
        refused(builder().reconnect_intervals(vec![])).await,
        "invalid setting `reconnect_intervals`: must have at least one interval; to \
         turn reconnecting off, use `auto_reconnect(false)`"
    );
    assert_eq!(
        refused(builder().max_message_size(0)).await,
        "invalid setting `max_message_size`: must be greater than zero"
    );
    assert_eq!(
        refused(builder().max_entries_per_view(0)).await,
        "invalid setting `max_entries_per_view`: must be at least 1"
    );
    assert_eq!(
        refused(HyperStack::builder().url("ws://127.0.0.1:99999")).await,
        "invalid URL \"ws://127.0.0.1:99999\": invalid port"
    );
    assert_eq!(
        refused(HyperStack::builder()).await,
        "no URL: call `.url(\"wss://…\")` before `.connect()`"
    );
}

#[tokio::test]
async fn infinite_durations_are_accepted() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = HyperStack::builder()
        .url(server.url())
        .ping_interval(Duration::MAX)
        .linger(Duration::MAX)
        .initial_data_timeout(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .reconnect_intervals(vec![Duration::MAX])
        .max_reconnect_attempts(u32::MAX)
        .connect()
        .await?;
    assert_eq!(soon(hs.list::<Game>()).await.len(), 1);
    let mut faults = hs.faults();
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    soon(hs.disconnect()).await;
    assert_eq!(hs.connection_state().await, ConnectionState::Disconnected);
    Ok(())
}

#[tokio::test]
async fn a_stream_of_no_keys_ends_at_once() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = HyperStack::connect(server.url()).await?;
    let mut none = hs.watch_keys::<Game>(&[] as &[&str]);
    assert_eq!(soon(none.next()).await, None);
    assert_eq!(none.end_reason(), Some(&EndReason::NothingToWatch));
    assert_eq!(hs.stats().views, 0);
    Ok(())
}
