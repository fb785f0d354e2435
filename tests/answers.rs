//! Reads tell empty, loading and failed views apart, each with its reason.

use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Offline, Refusal};
use serde_json::json;

use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Waits while only the clock moves. Timers due before the read's own are the client's.
async fn wait_out<T: Send + 'static>(
    read: impl std::future::Future<Output = T> + Send + 'static,
) -> anyhow::Result<T> {
    let read = tokio::spawn(read);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    tokio::time::advance(HOUR).await;
    tokio::time::resume();
    Ok(soon(read).await?)
}

#[tokio::test]
async fn rows_and_empty_views_are_distinct() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let views = hs.views::<GameViews>();
    assert_eq!(names(&soon(hs.try_list::<Game>()).await?), ["a"]);
    assert_eq!(soon(hs.try_get::<Game>("a")).await?.unwrap().score, 1.0);
    assert_eq!(soon(views.best().try_get()).await?.unwrap().name, "a");
    assert_eq!(soon(hs.try_list::<Other>()).await, Ok(vec![]));
    assert_eq!(soon(hs.try_get::<Other>("a")).await, Ok(None));
    assert_eq!(soon(hs.try_get::<Game>("nobody")).await, Ok(None));
    let none = views.list().filter("name", "nobody");
    assert_eq!(soon(none.try_get()).await, Ok(vec![]));
    Ok(())
}

#[tokio::test]
async fn a_view_that_is_still_loading_is_not_ready() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let waited = Duration::from_secs(60);
    let hs = client(&server)
        .initial_data_timeout(waited)
        .ping_interval(Duration::MAX)
        .connect()
        .await?;
    server.hold_replies();
    let view = || "Game/list".to_owned();
    let not_yet = ReadError::NotYet {
        view: view(),
        waited,
    };
    let list = hs.clone();
    let read = wait_out(async move { list.try_list::<Game>().await }).await?;
    assert_eq!(read, Err(not_yet.clone()));
    let text = not_yet.to_string();
    assert!(text.contains("Game/list") && text.contains("60s"), "{text}");
    let one = hs.clone();
    let read = wait_out(async move { one.try_get::<Game>("a").await }).await?;
    assert_eq!(read, Err(not_yet));
    let list = hs.clone();
    assert_eq!(
        wait_out(async move { list.list::<Game>().await }).await?,
        []
    );
    // Nothing else is wrong: the read succeeds once the rows arrive.
    server.release_replies();
    assert_eq!(names(&soon(hs.try_list::<Game>()).await?), ["a"]);
    Ok(())
}

#[tokio::test]
async fn a_partial_snapshot_is_not_ready() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..150 {
        put(&server, &format!("k{n}"), f64::from(n));
    }
    let hs = client(&server)
        .protocol(Protocol::V1)
        .ping_interval(Duration::MAX)
        .connect()
        .await?;
    server.hold_replies();
    let mut updates = hs.watch::<Game>();
    assert_eq!(now(&mut updates), [""; 0]);
    server.release_next(2);
    read(&mut updates, 50).await;
    let list = hs.clone();
    let read = wait_out(async move { list.try_list::<Game>().await }).await?;
    assert!(matches!(read, Err(ReadError::NotYet { .. })), "{read:?}");
    // `get` and `list` return the rows held.
    let list = hs.clone();
    let read = wait_out(async move { list.list::<Game>().await }).await?;
    assert_eq!(read.len(), 50);
    Ok(())
}

#[tokio::test]
async fn an_unknown_view_is_an_error() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let nowhere = hs.views::<GameViews>().nowhere();
    let view = "Game/nowhere".to_owned();
    let unknown = ReadError::UnknownView { view };
    assert_eq!(
        unknown.to_string(),
        "the server does not know the view \"Game/nowhere\""
    );
    assert_eq!(soon(nowhere.try_get()).await, Err(unknown.clone()));
    assert_eq!(soon(nowhere.clone().take(3).try_get()).await, Err(unknown));
    assert_eq!(soon(nowhere.get()).await, []);
    Ok(())
}

#[tokio::test]
async fn a_refused_subscription_is_an_error() -> anyhow::Result<()> {
    let server = games().max_subscriptions(1).start().await?;
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    // A barrier takes the second subscription until it is answered.
    let mut games = hs.watch::<Game>();
    put(&server, "a", 1.0);
    read(&mut games, 1).await;
    let read = soon(hs.try_list::<Other>()).await;
    let Err(ReadError::Refused { view, issue }) = read else {
        panic!("{read:?}");
    };
    assert_eq!(view, "Other/list");
    assert_eq!(issue.code, "subscription-limit-exceeded");
    assert_eq!(soon(hs.list::<Other>()).await, []);
    Ok(())
}

#[tokio::test]
async fn reads_without_a_connection_are_errors() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let waited = Duration::from_secs(60);
    let hs = client(&server)
        .initial_data_timeout(waited)
        .reconnect_intervals(vec![HOUR * 10_000])
        .connect()
        .await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    let mut faults = hs.faults();
    server.drop_connections();
    assert!(matches!(next(&mut faults).await, Fault::Connection(_)));
    let view = "Game/list".to_owned();
    let away = ReadError::Disconnected { view, waited };
    let list = hs.clone();
    let read = wait_out(async move { list.try_list::<Game>().await }).await?;
    assert_eq!(read, Err(away.clone()));
    let text = away.to_string();
    assert!(text.contains("not connected"), "{text}");
    // `list` returns the cached rows.
    let list = hs.clone();
    let read = wait_out(async move { list.list::<Game>().await }).await?;
    assert_eq!(names(&read), ["a"]);
    Ok(())
}

#[tokio::test]
async fn reads_of_a_closed_client_are_errors() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    soon(hs.disconnect()).await;
    let ended = ReadError::Closed(CloseReason::Disconnected);
    assert_eq!(soon(hs.try_list::<Game>()).await, Err(ended.clone()));
    assert_eq!(soon(hs.try_get::<Game>("a")).await, Err(ended.clone()));
    assert_eq!(soon(hs.try_list::<Other>()).await, Err(ended));
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["a"]);

    // The server rejects the client for good.
    let hs = client(&server).initial_data_timeout(HOUR).connect().await?;
    server.refuse(Refusal::new("token-missing"));
    let read = tokio::spawn({
        let hs = hs.clone();
        server.hold_replies();
        async move { hs.try_list::<Game>().await }
    });
    soon(server.wait_for_message(|message| message["type"] == "subscribe")).await;
    server.drop_connections();
    let read = soon(read).await?;
    let Err(ReadError::Closed(CloseReason::Failed(cause))) = &read else {
        panic!("{read:?}");
    };
    assert!(cause.to_string().contains("token-missing"), "{cause}");
    Ok(())
}

/// The messages come one at a time, because one arrives in the middle of a snapshot.
#[tokio::test]
async fn a_view_that_may_be_incomplete_is_an_error() -> anyhow::Result<()> {
    let offline = Offline::new(HyperStack::builder().protocol(Protocol::V1));
    let view = offline.client().views::<GameViews>().ranked();
    let read = tokio::spawn({
        let view = view.clone();
        async move { view.try_get().await }
    });
    until(|| !offline.sent().is_empty()).await;
    offline.receive(r#"{"op":"subscribed","view":"Game/ranked","mode":"list"}"#);
    let row = json!({"key": "a", "data": game("a", 1.0)});
    let batch = |complete| {
        let (op, entity) = ("snapshot", "Game/ranked");
        json!({"op": op, "entity": entity, "data": [row], "complete": complete}).to_string()
    };
    offline.receive(batch(false));
    offline.receive(ranked("truncate", "a", json!({})).to_string());
    offline.receive(batch(true));
    let read = soon(read).await?;
    assert!(
        matches!(read, Err(ReadError::Incomplete { .. })),
        "{read:?}"
    );
    assert_eq!(names(&soon(view.get()).await), ["a"]);
    Ok(())
}
