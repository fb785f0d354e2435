//! Recording a session.

use std::sync::mpsc;

use hyperstack_sdk::testing::{Entry, Kind, Pace, Recording, Refresh, Side, TestServer};
use hyperstack_sdk::{AuthToken, TokenError};
use serde_json::json;

use crate::support::{client, games, next, now, put, read, soon, until, Game};

#[tokio::test]
async fn a_recording_is_played_back() -> anyhow::Result<()> {
    let server = games().start().await?;
    for n in 0..30 {
        put(&server, &format!("row {n}"), f64::from(n));
    }
    let (entries, recorded) = mpsc::channel();
    let record = move |entry| drop(entries.send(entry));
    let hs = client(&server).record(record).connect().await?;
    let mut updates = hs.watch::<Game>();
    let mut seen = read(&mut updates, 30).await;
    put(&server, "row 3", 100.0);
    seen.extend(read(&mut updates, 1).await);

    let recording: Recording = recorded.try_iter().collect();
    let entries = recording.entries();
    assert_eq!(
        (entries[0].from, entries[0].kind),
        (Side::Client, Kind::Text)
    );
    assert!(entries.windows(2).all(|pair| pair[0].ms <= pair[1].ms));
    let zipped: Vec<_> = entries.iter().filter(|entry| entry.gzip).collect();
    assert!(zipped
        .iter()
        .all(|entry| entry.text.contains(r#""op":"snapshot""#)));
    assert!(!zipped.is_empty());

    let replay = TestServer::builder().replay(recording, Pace::Instant);
    let replay = replay.start().await?;
    let hs = client(&replay).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 31).await, seen);
    Ok(())
}

#[tokio::test]
async fn a_recording_holds_no_token() -> anyhow::Result<()> {
    let refresh = Refresh::Reject("secret-of-mine-2".to_owned());
    let server = games()
        .token("secret-of-mine-1")
        .token("secret-of-mine-2")
        .refresh(refresh)
        .start()
        .await?;
    let (entries, recorded) = mpsc::channel();
    let mut given = 0;
    let provider = move || {
        given += 1;
        let life = std::time::Duration::from_millis(if given == 1 { 50 } else { 3_600_000 });
        let token = AuthToken::new(format!("secret-of-mine-{given}")).expires_in(life);
        std::future::ready(Ok::<_, TokenError>(token))
    };
    let provider = std::sync::Mutex::new(provider);
    let provider = move || {
        let mut provider = provider.lock().unwrap_or_else(|error| error.into_inner());
        provider()
    };
    let hs = client(&server)
        .protocol(hyperstack_sdk::Protocol::V1)
        .token_provider(provider)
        .record(move |entry: Entry| drop(entries.send(entry)))
        .connect()
        .await?;
    let _updates = now(&mut hs.watch::<Game>());
    soon(server.wait_for_message(|message| message["type"] == "refresh_auth")).await;
    let mut seen = Vec::new();
    let of_refresh = |entry: &Entry| entry.text.contains("success");
    while !seen.iter().any(of_refresh) {
        soon(server.wait_idle()).await;
        seen.extend(recorded.try_iter());
        tokio::task::yield_now().await;
    }
    let text: String = seen.iter().map(Entry::to_string).collect();
    assert!(!text.contains("secret-of-mine"), "{text}");
    assert!(
        text.contains("refresh_auth") && text.contains("***"),
        "{text}"
    );
    Ok(())
}

#[tokio::test]
async fn a_second_connection_is_recorded_too() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let (entries, recorded) = mpsc::channel();
    let record = move |entry: Entry| drop(entries.send(entry));
    let hs = client(&server).record(record).connect().await?;
    let mut updates = hs.watch::<Game>();
    next(&mut updates).await;
    server.drop_connections();
    server.patch("Game", "a", json!({"score": 2}));
    next(&mut updates).await;
    until(|| hs.stats().reconnects == 1).await;
    let subscribed = recorded
        .try_iter()
        .filter(|entry| entry.from == Side::Server && entry.text.contains(r#""op":"subscribed""#));
    assert!(subscribed.count() >= 2);
    Ok(())
}
