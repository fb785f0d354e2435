//! The row limit: rows over the limit are never shown in part, and are fetched by their key.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::TestServer;
use serde_json::json;

use crate::support::*;

/// A game without required fields. Any part of its row would decode as a whole row.
#[derive(Debug, Clone, PartialEq, Entity)]
#[entity(name = "Game")]
struct Loose {
    name: Option<String>,
    score: Option<f64>,
    note: Option<String>,
}

fn loose(name: &str, score: f64, note: Option<&str>) -> Loose {
    Loose {
        name: Some(name.to_owned()),
        score: Some(score),
        note: note.map(str::to_owned),
    }
}

/// A server of rows a, b and c, and a client that keeps two of a view.
async fn scene(protocol: Protocol) -> anyhow::Result<(TestServer, HyperStack)> {
    let server = games().protocol(protocol).start().await?;
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).max_entries_per_view(2).connect().await?;
    Ok((server, hs))
}

async fn keys(updates: &mut EntityStream<Loose>, count: usize) -> Vec<String> {
    let mut keys = Vec::new();
    for _ in 0..count {
        keys.push(next(updates).await.key().to_owned());
    }
    keys.sort();
    keys
}

#[tokio::test]
async fn without_a_limit_every_row_is_held() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = games().protocol(protocol).start().await?;
        for n in 0..10_050 {
            put(&server, &format!("{n}"), f64::from(n));
        }
        let hs = client(&server).connect().await?;
        assert_eq!(soon(hs.list::<Game>()).await.len(), 10_050);
        assert_eq!(hs.stats().evicted_rows, 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_row_over_the_limit_is_never_shown_in_part() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = scene(protocol).await?;
        assert_eq!(soon(hs.try_list::<Loose>()).await?.len(), 2);
        let mut updates = hs.watch::<Loose>();
        assert_eq!(keys(&mut updates, 2).await, ["b", "c"]);
        server.patch("Game", "a", json!({"note": "x"}));
        server.patch("Game", "c", json!({"note": "y"}));
        let mut rows = std::collections::BTreeMap::new();
        while rows.get("c") != Some(&loose("c", 3.0, Some("y"))) {
            match next(&mut updates).await {
                Update::Upsert { key, data } | Update::Patch { key, data } => {
                    rows.insert(key, data);
                }
                Update::Delete { key } => drop(rows.remove(&key)),
            }
        }
        // Under v2 the row that changed enters the window, whole. Under v1 it stays out.
        assert!(rows
            .get("a")
            .is_none_or(|a| *a == loose("a", 1.0, Some("x"))));
    }
    Ok(())
}

#[tokio::test]
async fn a_row_over_the_limit_is_fetched_by_its_key() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = scene(protocol).await?;
        let mut updates = hs.watch::<Loose>();
        assert_eq!(keys(&mut updates, 2).await, ["b", "c"]);
        assert_eq!(
            soon(hs.try_get::<Loose>("a")).await?,
            Some(loose("a", 1.0, None))
        );
        assert_eq!(soon(hs.try_get::<Loose>("z")).await?, None);
        let mut one = hs.watch_key::<Loose>("a");
        assert_eq!(next(&mut one).await.data(), Some(&loose("a", 1.0, None)));
        server.patch("Game", "a", json!({"note": "x"}));
        let update = next(&mut one).await;
        assert_eq!(
            update.data(),
            Some(&loose("a", 1.0, Some("x"))),
            "{protocol}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn fetching_a_row_over_the_limit_is_silent_for_readers_of_the_list() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = games().protocol(protocol).start().await?;
        for n in 0..30 {
            put(&server, &format!("{n:02}"), f64::from(n));
        }
        let hs = client(&server).max_entries_per_view(2).connect().await?;
        assert_eq!(soon(hs.try_list::<Loose>()).await?.len(), 2);
        let mut updates = hs.watch::<Loose>();
        assert_eq!(keys(&mut updates, 2).await, ["28", "29"]);
        for key in ["00", "07", "28", "07"] {
            assert!(soon(hs.try_get::<Loose>(key)).await?.is_some());
        }
        // At most the rows that were fetched, while they are read.
        let seen: Vec<_> = pending(&mut updates);
        assert!(
            seen.iter()
                .all(|update| ["00", "07"].contains(&update.key())),
            "{protocol}: {seen:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_list_that_grows_drops_its_oldest_rows() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let (server, hs) = scene(protocol).await?;
        let mut updates = hs.watch::<Loose>();
        assert_eq!(keys(&mut updates, 2).await, ["b", "c"]);
        put(&server, "d", 4.0);
        let mut held: std::collections::BTreeSet<_> = ["b", "c"].map(str::to_owned).into();
        while !held.iter().eq(["c", "d"].iter()) {
            let update = next(&mut updates).await;
            if update.is_delete() {
                held.remove(update.key())
            } else {
                held.insert(update.key().to_owned())
            };
        }
        assert_eq!(names(&soon(hs.list::<Game>()).await), ["d", "c"]);
        assert_eq!(
            soon(hs.get::<Loose>("b")).await,
            Some(loose("b", 2.0, None))
        );
    }
    Ok(())
}

#[tokio::test]
async fn rows_that_a_snapshot_left_out_arrive_whole() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = games().protocol(protocol).start().await?;
        for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
            put(&server, key, score);
        }
        let hs = client(&server).connect().await?;
        let list = hs.raw("Game").list();
        let mut limited = list.clone().with_snapshot_limit(1).watch();
        let mut newer = list.clone().after("999999999:0".parse()?).watch();
        let mut live = list.with_snapshot(false).watch();
        assert_eq!(next(&mut limited).await.key(), "c");
        assert!(pending(&mut newer).is_empty() && pending(&mut live).is_empty());
        until(|| hs.stats().rows == 3).await;
        server.patch("Game", "a", json!({"note": "x"}));
        for updates in [&mut limited, &mut newer, &mut live] {
            let update = next(updates).await;
            let row = update.data().unwrap();
            assert_eq!((&row["name"], &row["note"]), (&json!("a"), &json!("x")));
        }
    }
    Ok(())
}
