//! Rows, nulls, numbers and errors.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{SeqSource, Sort, TestServer};
use hyperstack_sdk::wire::FrameError;
use serde_json::json;

use super::{client, games};
use crate::support::*;

/// The next fault, which must be of a message.
async fn frame_error(faults: &mut (impl futures_util::Stream<Item = Fault> + Unpin)) -> FrameError {
    match next(faults).await {
        Fault::Frame(error) => error,
        fault => panic!("another fault: {fault}"),
    }
}

// A2
#[tokio::test]
async fn a_malformed_message_is_an_error_and_ends_nothing() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    let id = server.subscription_ids("Game/list").remove(0);

    server.send_text(r#"{"protocolVersion":2,"op":"#);
    frame_error(&mut faults).await;
    server.send_binary([0x1f, 0x8b, 8, 0, 1, 2, 3]);
    frame_error(&mut faults).await;
    let frame = |op: &str, mode: &str, score: f64| {
        json!({
            "protocolVersion": 2, "subscriptionId": id, "entity": "Game/list", "key": "a",
            "op": op, "mode": mode, "data": {"score": score},
        })
    };
    server.send(frame("truncate", "list", 2.0));
    let error = frame_error(&mut faults).await;
    assert!(
        matches!(&error, FrameError::UnknownOperation { operation, .. } if operation == "truncate"),
        "{error}"
    );
    // The mode adds nothing to the subscription.
    server.send(frame("patch", "sideways", 3.0));
    assert_eq!(read(&mut updates, 1).await, ["patch a 3"]);
    put(&server, "a", 4.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 4"]);
    assert_eq!(hs.stats().frame_errors, 3);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(newest, id = "Round/newest")]
#[view(oldest, id = "Round/oldest")]
struct Round {
    id: Id,
}

#[derive(Debug, Clone, PartialEq, Section)]
struct Id {
    round_id: u64,
}

async fn rounds(ids: &[&str]) -> anyhow::Result<TestServer> {
    let server = TestServer::builder()
        .protocol(Protocol::V2)
        .view_unlimited("Round/newest", Sort::desc("id.round_id"))
        .view_unlimited("Round/oldest", Sort::asc("id.round_id"))
        .start()
        .await?;
    for id in ids {
        server.upsert("Round", id, json!({"id": {"round_id": id}}));
    }
    Ok(server)
}

fn ids(rounds: Vec<Round>) -> Vec<u64> {
    rounds.into_iter().map(|round| round.id.round_id).collect()
}

// A9
#[tokio::test]
async fn wide_integers_are_sorted_by_value() -> anyhow::Result<()> {
    let server = rounds(&["9", "100", "8", "18446744073709551615", "11", "10"]).await?;
    let hs = client(&server).connect().await?;
    let views = hs.views::<RoundViews>();
    let mut ascending = vec![8, 9, 10, 11, 100, u64::MAX];
    assert_eq!(ids(soon(views.oldest().get()).await), ascending);
    ascending.reverse();
    assert_eq!(ids(soon(views.newest().get()).await), ascending);
    let mut updates = views.newest().watch();
    next(&mut updates).await;
    server.upsert("Round", "99", json!({"id": {"round_id": "99"}}));
    until(|| views.newest().get_sync().len() == 7).await;
    assert_eq!(
        ids(views.newest().get_sync()),
        [u64::MAX, 100, 99, 11, 10, 9, 8]
    );
    Ok(())
}

// A9
#[tokio::test]
async fn positions_are_sorted_by_value() -> anyhow::Result<()> {
    let server = games().seq(SeqSource::FromSlot(99_999_998)).start().await?;
    for key in ["a", "b", "c"] {
        put(&server, key, 1.0);
    }
    let hs = client(&server).connect().await?;
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["c", "b", "a"]);
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 3).await;
    server.set_seq(SeqSource::FromSlot(999_999_999));
    for key in ["b", "a"] {
        put(&server, key, 2.0);
        read(&mut updates, 1).await;
    }
    assert_eq!(names(&hs.list_sync::<Game>()), ["a", "b", "c"]);
    let slots: Vec<_> = server
        .rows("Game")
        .into_iter()
        .map(|(_, row)| row["_seq"].clone())
        .collect();
    assert!(
        slots.iter().any(|slot| slot.as_str().unwrap().len() == 23),
        "{slots:?}"
    );
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Game")]
struct Nullable {
    top_miner: Option<Option<String>>,
    rng: Option<Option<u64>>,
    motherlode: Option<Option<f64>>,
}

// A10
#[tokio::test]
async fn null_and_never_sent_are_distinct_for_every_type() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.upsert("Game", "never", json!({}));
    let nulls = json!({"top_miner": null, "rng": null, "motherlode": null});
    server.upsert("Game", "null", nulls.clone());
    let hs = client(&server).connect().await?;
    let never = Nullable {
        top_miner: None,
        rng: None,
        motherlode: None,
    };
    let null = Nullable {
        top_miner: Some(None),
        rng: Some(None),
        motherlode: Some(None),
    };
    assert_eq!(soon(hs.get::<Nullable>("never")).await, Some(never));
    assert_eq!(soon(hs.get::<Nullable>("null")).await, Some(null.clone()));
    let mut updates = hs.watch_key::<Nullable>("never");
    next(&mut updates).await;
    server.patch(
        "Game",
        "never",
        json!({"top_miner": "x", "rng": "7", "motherlode": 1}),
    );
    let set = Nullable {
        top_miner: Some(Some("x".into())),
        rng: Some(Some(7)),
        motherlode: Some(Some(1.0)),
    };
    assert_eq!(next(&mut updates).await.data(), Some(&set));
    server.patch("Game", "never", nulls);
    assert_eq!(next(&mut updates).await.data(), Some(&null));
    Ok(())
}

// A21
#[tokio::test]
async fn a_message_that_inflates_beyond_the_limit_is_an_error() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .max_inflated_size(64 << 10)
        .connect()
        .await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    let id = server.subscription_ids("Game/list").remove(0);
    server.send_gzip(json!({
        "protocolVersion": 2, "subscriptionId": id, "mode": "list", "entity": "Game/list",
        "op": "snapshot", "authoritative": true, "complete": true,
        "data": [{"key": "a", "data": {"name": "a", "score": 9, "note": "x".repeat(4 << 20)}}],
    }));
    let error = frame_error(&mut faults).await;
    assert!(
        matches!(error, FrameError::InflatesTooLarge { limit: 65_536, .. }),
        "{error}"
    );
    put(&server, "a", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch a 2"]);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}
