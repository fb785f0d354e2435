//! Rows of raw JSON, of an entity whose name is known only at run time.

use hyperstack_sdk::prelude::*;
use serde_json::{json, Value};

use crate::support::{client, game, games, next, put, soon};

#[tokio::test]
async fn raw_rows_are_what_the_server_sends() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.upsert(
        "Game",
        "a",
        json!({"name": "a", "score": 1, "more": {"log": ["x"]}}),
    );
    let hs = client(&server).connect().await?;
    let mut updates = hs.raw("Game").list().watch_rich();
    let first = next(&mut updates).await;
    assert_eq!(
        first.data().map(|row| &row["more"]),
        Some(&json!({"log": ["x"]}))
    );

    server.append(
        "Game",
        "a",
        json!({"more": {"log": ["y"]}, "score": null}),
        &["more.log"],
    );
    let changed = next(&mut updates).await;
    let row = server.row("Game", "a");
    assert_eq!(changed.data(), row.as_ref());
    assert_eq!(
        row.map(|row| row["more"].clone()),
        Some(json!({"log": ["x", "y"]}))
    );
    let paths = changed.diff().map(|patch| patch.changed_fields());
    assert_eq!(
        paths,
        Some(["_seq", "more.log", "score"].map(str::to_owned).to_vec())
    );
    assert!(changed.has_patch_field("more.log") && !changed.has_patch_field("name"));
    Ok(())
}

#[tokio::test]
async fn every_kind_of_view_has_raw_rows() -> anyhow::Result<()> {
    let server = games().start().await?;
    for (key, score) in [("a", 1.0), ("b", 4.0), ("c", 3.0), ("d", 2.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await?;
    let raw = hs.raw(&String::from("Game"));
    let names =
        |rows: Vec<Value>| -> Vec<Value> { rows.iter().map(|row| row["name"].clone()).collect() };
    assert_eq!(names(soon(raw.list().get()).await), ["d", "c", "b", "a"]);
    assert_eq!(
        names(soon(raw.collection("Game/top").take(2).get()).await),
        ["b", "c"]
    );
    let best = soon(raw.single("Game/best").get()).await;
    assert_eq!(best.map(|row| row["name"].clone()), Some(json!("b")));
    let one = soon(raw.state().get("d")).await;
    assert_eq!(one.map(|row| row["score"].clone()), Some(json!(2.0)));
    Ok(())
}

#[tokio::test]
async fn raw_rows_are_filtered_by_any_path() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.upsert("Game", "a", json!({"deep": {"down": "here"}, "n": 7}));
    server.upsert("Game", "b", json!({"deep": {"down": "there"}}));
    let hs = client(&server).connect().await?;
    let list = hs.raw("Game").list();
    assert_eq!(
        soon(list.clone().filter("deep.down", "here").get())
            .await
            .len(),
        1
    );
    assert_eq!(soon(list.clone().filter("n", 7).try_get()).await?.len(), 1);
    assert_eq!(
        soon(list.clone().filter("n", "7").try_get()).await?.len(),
        0
    );

    let mut nobody = list.filter("no.such", 1).watch();
    server.patch("Game", "b", json!({"no": {"such": 1}}));
    assert_eq!(next(&mut nobody).await.key(), "b");
    Ok(())
}

#[tokio::test]
async fn typed_and_raw_readers_share_a_connection() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.upsert("Game", "a", game("a", 1.0));
    let hs = client(&server).connect().await?;
    let mut typed = hs.watch::<crate::support::Game>();
    let mut raw = hs.raw("Game").list().watch();
    assert_eq!(next(&mut typed).await.key(), next(&mut raw).await.key());
    put(&server, "b", 2.0);
    assert_eq!(next(&mut typed).await.key(), next(&mut raw).await.key());
    Ok(())
}
