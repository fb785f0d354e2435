//! Protocol v2 from end to end.

use std::error::Error;

use futures_util::FutureExt;
use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{SeqSource, Sort, TestServer};
use serde_json::json;

use crate::support::{next, settled, soon};

type Result = std::result::Result<(), Box<dyn Error>>;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(top, id = "Player/top")]
#[view(first, single)]
struct Player {
    name: String,
    score: i64,
    team: Option<String>,
    log: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Entity, Views)]
struct Price {
    key: String,
    price: Option<f64>,
}

async fn server() -> std::result::Result<TestServer, Box<dyn Error>> {
    let server = TestServer::builder()
        .protocol(Protocol::V2)
        .entity("Player")
        .entity("Price")
        .view("Player/top", Sort::desc("score"), 3)
        .view("Player/first", Sort::desc("score"), 1)
        .start()
        .await?;
    for (key, score, team) in [("ada", 3, "red"), ("bob", 1, "blue"), ("eve", 2, "red")] {
        server.upsert(
            "Player",
            key,
            json!({"name": key, "score": score, "team": team, "log": []}),
        );
    }
    Ok(server)
}

async fn connect(server: &TestServer) -> std::result::Result<HyperStack, ConnectError> {
    let builder = HyperStack::builder().url(server.url());
    builder.protocol(Protocol::V2).connect().await
}

fn names(players: Vec<Player>) -> Vec<String> {
    players.into_iter().map(|player| player.name).collect()
}

/// Returns the next update in short form.
async fn brief(updates: &mut EntityStream<Player>) -> String {
    match next(updates).await {
        Update::Upsert { key, data } => format!("upsert {key} {}", data.score),
        Update::Patch { key, data } => format!("patch {key} {}", data.score),
        Update::Delete { key } => format!("delete {key}"),
    }
}

#[tokio::test]
async fn a_list_has_the_rows_and_then_every_change() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    assert_eq!(names(hs.list::<Player>().await), ["eve", "bob", "ada"]);
    let mut updates = hs.watch::<Player>();
    for row in ["upsert eve 2", "upsert bob 1", "upsert ada 3"] {
        assert_eq!(brief(&mut updates).await, row);
    }
    server.patch("Player", "bob", json!({"score": 7}));
    assert_eq!(brief(&mut updates).await, "patch bob 7");
    server.append("Player", "bob", json!({"log": [1, 2]}), &["log"]);
    assert_eq!(next(&mut updates).await.data().unwrap().log, [1, 2]);
    server.upsert(
        "Player",
        "kim",
        json!({"name": "kim", "score": 5, "log": []}),
    );
    assert_eq!(brief(&mut updates).await, "upsert kim 5");
    server.delete("Player", "ada");
    assert_eq!(brief(&mut updates).await, "delete ada");
    assert_eq!(names(hs.list_sync::<Player>()), ["kim", "bob", "eve"]);
    Ok(())
}

#[tokio::test]
async fn the_server_applies_filters_and_windows() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    let players = hs.views::<PlayerViews>().list();
    let red = players.clone().filter("team", "red");
    assert_eq!(names(red.get().await), ["eve", "ada"]);
    let mut second = players.clone().skip(1).take(1).watch();
    assert_eq!(brief(&mut second).await, "upsert bob 1");
    let mut reds = red.watch();
    for row in ["upsert eve 2", "upsert ada 3"] {
        assert_eq!(brief(&mut reds).await, row);
    }
    // Bob becomes the latest, so the second one is Eve.
    server.patch("Player", "bob", json!({"team": "red"}));
    assert_eq!(brief(&mut reds).await, "upsert bob 1");
    assert_eq!(brief(&mut second).await, "upsert eve 2");
    assert_eq!(brief(&mut second).await, "delete bob");
    server.patch("Player", "eve", json!({"team": null}));
    assert_eq!(brief(&mut reds).await, "delete eve");
    assert_eq!(names(red.get_sync()), ["bob", "ada"]);
    Ok(())
}

#[tokio::test]
async fn a_derived_view_is_sorted_locally_and_its_first_row_is_never_missing() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    let views = hs.views::<PlayerViews>();
    assert_eq!(names(views.top().get().await), ["ada", "eve", "bob"]);
    let first = views.first();
    assert_eq!(
        first.get().await.map(|ada| ada.name).as_deref(),
        Some("ada")
    );
    let mut firsts = first.watch();
    assert_eq!(brief(&mut firsts).await, "upsert ada 3");
    server.patch("Player", "bob", json!({"score": 9}));
    assert_eq!(brief(&mut firsts).await, "upsert bob 9");
    assert_eq!(brief(&mut firsts).await, "delete ada");
    assert_eq!(names(views.top().get().await), ["bob", "ada", "eve"]);
    Ok(())
}

#[tokio::test]
async fn a_row_that_leaves_a_declared_limit_waits_for_its_successor() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    let mut top = hs.views::<PlayerViews>().top().watch();
    for _ in 0..3 {
        next(&mut top).await;
    }
    server.upsert(
        "Player",
        "kim",
        json!({"name": "kim", "score": 9, "log": []}),
    );
    assert_eq!(brief(&mut top).await, "upsert kim 9");
    assert_eq!(brief(&mut top).await, "delete bob");
    server.delete("Player", "kim");
    assert_eq!(brief(&mut top).await, "upsert bob 1");
    assert_eq!(brief(&mut top).await, "delete kim");
    Ok(())
}

#[tokio::test]
async fn one_row_is_read_by_its_key() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    assert_eq!(hs.get::<Player>("eve").await.map(|eve| eve.score), Some(2));
    assert_eq!(hs.try_get::<Player>("nobody").await?, None);
    let mut eve = hs.watch_key::<Player>("eve");
    assert_eq!(brief(&mut eve).await, "upsert eve 2");
    server.patch("Player", "eve", json!({"score": 4}));
    assert_eq!(brief(&mut eve).await, "patch eve 4");
    server.delete("Player", "eve");
    assert_eq!(brief(&mut eve).await, "delete eve");
    Ok(())
}

#[tokio::test]
async fn a_reconnect_reports_only_what_changed_meanwhile() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    let mut updates = hs.watch::<Player>();
    for _ in 0..3 {
        next(&mut updates).await;
    }
    server.freeze();
    server.drop_connections();
    server.patch("Player", "bob", json!({"score": 8}));
    server.delete("Player", "ada");
    server.thaw();
    assert_eq!(brief(&mut updates).await, "upsert bob 8");
    assert_eq!(brief(&mut updates).await, "delete ada");
    server.patch("Player", "eve", json!({"score": 6}));
    assert_eq!(brief(&mut updates).await, "patch eve 6");
    assert_eq!(hs.stats().resyncs, 1);
    Ok(())
}

#[tokio::test]
async fn a_recovery_snapshot_is_a_resync() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    let mut updates = hs.views::<PlayerViews>().list().try_watch();
    for _ in 0..3 {
        next(&mut updates).await?;
    }
    server.coalesce("Player/list");
    server.patch("Player", "bob", json!({"score": 8}));
    server.delete("Player", "eve");
    server.recover("Player/list");
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(match next(&mut updates).await {
            Ok(Update::Upsert { key, data }) => format!("{key} {}", data.score),
            Ok(update) => format!("delete {}", update.key()),
            Err(error) => error.to_string(),
        });
    }
    assert!(seen.contains(&"bob 8".to_owned()), "{seen:?}");
    assert!(seen.contains(&"delete eve".to_owned()), "{seen:?}");
    assert!(
        seen.contains(&StreamError::Resynced.to_string()),
        "{seen:?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_client_applies_snapshot_options() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    let players = hs.views::<PlayerViews>().list();
    let mut live = players.clone().with_snapshot(false).watch();
    assert!(live.next().now_or_never().is_none());
    let mut latest = players.with_snapshot_limit(1).watch();
    assert_eq!(brief(&mut latest).await, "upsert eve 2");
    server.delete("Player", "bob");
    server.patch("Player", "ada", json!({"score": 4}));
    assert_eq!(brief(&mut latest).await, "patch ada 4");
    assert_eq!(brief(&mut live).await, "patch ada 4");
    Ok(())
}

#[tokio::test]
async fn filters_that_the_server_compares_otherwise_are_applied_locally() -> Result {
    let server = server().await?;
    let hs = connect(&server).await?;
    let prices = hs.views::<PriceViews>().list();
    for (key, price) in [("a", json!(20)), ("b", json!(20.0)), ("c", json!(null))] {
        server.upsert("Price", key, json!({"key": key, "price": price}));
    }
    server.upsert("Price", "d", json!({"key": "d"}));
    let keys = |prices: Vec<Price>| prices.into_iter().map(|it| it.key).collect::<Vec<_>>();
    let twenty = prices.clone().filter("price", 20.0);
    assert_eq!(keys(twenty.get().await), ["b", "a"]);
    assert_eq!(keys(twenty.clone().take(1).get().await), ["b"]);
    let none = prices.clone().filter("price", None::<f64>);
    assert_eq!(keys(none.get().await), ["d", "c"]);
    assert_eq!(keys(prices.take(0).try_get().await?), [""; 0]);
    let mut twenties = twenty.listen();
    assert_eq!(next(&mut twenties).await.key, "b");
    assert_eq!(next(&mut twenties).await.key, "a");
    server.patch("Price", "c", json!({"price": 20}));
    assert_eq!(next(&mut twenties).await.key, "c");
    Ok(())
}

#[tokio::test]
async fn a_list_that_outgrows_the_servers_limit_equals_the_servers() -> Result {
    let server = TestServer::builder()
        .protocol(Protocol::V2)
        .entity("Player")
        .array_limit(100)
        .start()
        .await?;
    let row = json!({"name": "ada", "score": 1, "log": [], "more": {"log": []}});
    server.upsert("Player", "ada", row);
    let hs = connect(&server).await?;
    let mut updates = hs.watch::<Player>();
    let raw = hs.raw("Player").list();
    let mut raws = raw.watch();
    next(&mut updates).await;
    next(&mut raws).await;
    for n in 0..130 {
        let patch = json!({"log": [n], "more": {"log": [n]}});
        server.append("Player", "ada", patch, &["log", "more.log"]);
        next(&mut updates).await;
        next(&mut raws).await;
    }
    let newest: Vec<u32> = (30..130).collect();
    assert_eq!(hs.list_sync::<Player>()[0].log, newest);
    assert_eq!(raw.get_sync()[0]["more"]["log"], json!(newest));
    // The snapshot has nothing new, so the next update is the next change.
    server.drop_connections();
    soon(server.wait_for_accepted(2)).await;
    soon(server.wait_for_subscription("Player/list")).await;
    server.patch("Player", "ada", json!({"score": 2}));
    let update = next(&mut updates).await;
    assert_eq!(update.data().map(|ada| ada.score), Some(2));
    let update = next(&mut raws).await;
    assert_eq!(update.data().map(|ada| &ada["score"]), Some(&json!(2)));
    Ok(())
}

/// A sort value of one of many kinds.
fn sort_value(n: usize) -> serde_json::Value {
    match n % 25 {
        0 => json!(null),
        1 => json!({"x": n}),
        2 => json!([n]),
        3 => json!(n % 2 == 0),
        4..8 => json!(n % 7),
        8..10 => json!(n as f64 / 4.0 - 20.0),
        10..14 => json!((n % 7).to_string()),
        14 => json!(format!("-{}", n % 5)),
        15 => json!(format!("{}00000000000000000000", n % 9)),
        16 => json!(format!("{}0000000000000000000000000000000000000000", n % 9)),
        17 => json!(format!(
            "-{}0000000000000000000000000000000000000000",
            n % 9
        )),
        18 => json!(format!("00{}", n % 9)),
        19 => json!(["", "-", "+1", "1.5", "Bob", "alice", "éa"][n % 7]),
        20 => json!(u64::MAX - n as u64),
        _ => json!({}),
    }
}

#[tokio::test]
async fn the_client_sorts_as_the_server_does() -> Result {
    for sort in [
        Sort::asc("a.n"),
        Sort::desc("a.n"),
        Sort::asc("_seq"),
        Sort::desc("_seq"),
    ] {
        let server = TestServer::builder()
            .protocol(Protocol::V2)
            .view_unlimited("Player/sorted", sort.clone())
            .start()
            .await?;
        let change = |n: usize| {
            let key = format!("k{}", n * 7 % 40);
            let seq = match n % 3 {
                0 => SeqSource::Off,
                _ => SeqSource::FromSlot([8, 99, 100, 7_000_000][n % 4]),
            };
            server.set_seq(seq);
            let value = sort_value(n * 31);
            let row = match n % 10 {
                0 => json!({"key": key, "a": null}),
                1 => json!({"key": key, "other": n}),
                _ => json!({"key": key, "a": {"n": value}}),
            };
            if n % 11 == 0 {
                server.delete("Player", &key);
            } else if n % 4 == 0 {
                server.upsert("Player", &key, row);
            } else {
                server.patch("Player", &key, row);
            }
        };
        (0..100).for_each(change);
        let hs = connect(&server).await?;
        let sorted = hs.raw("Player").collection("Player/sorted");
        assert!(!soon(sorted.get()).await.is_empty());
        let _open = sorted.watch();
        let keys = |rows: Vec<serde_json::Value>| {
            let rows = rows.into_iter();
            rows.map(|row| row["key"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        for n in 100..400 {
            change(n);
            if n % 10 == 0 {
                settled(&server, hs.faults()).await;
                let window = server.window("Player/sorted").ok_or("no such view")?;
                let expected: Vec<_> = window.into_iter().map(|(key, _)| key).collect();
                assert_eq!(keys(sorted.get_sync()), expected, "{sort:?} after {n}");
            }
        }
    }
    Ok(())
}
