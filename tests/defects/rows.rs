//! Rows, nulls and errors.

use std::collections::BTreeMap;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Sort, TestServer};
use hyperstack_sdk::wire::FrameError;
use serde_json::{json, Value};

use crate::support::*;

#[tokio::test]
async fn p04_a_patch_for_an_unknown_key_waits_until_the_row_is_whole() -> anyhow::Result<()> {
    let server = games().start().await?;
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    let mut rich = hs.watch_rich::<Game>();
    put(&server, "first", 0.0);
    assert_eq!(read(&mut updates, 1).await.len(), 1);
    assert_eq!(next(&mut rich).await.key(), "first");
    server.patch("Game", "a", json!({"score": 1.5}));
    put(&server, "b", 2.0);
    // `a` lacks its name, so it is hidden.
    assert_eq!(read(&mut updates, 1).await, ["patch b 2"]);
    assert_eq!(hs.stats().partial_rows, 1);
    assert_eq!(soon(hs.get::<Game>("a")).await, None);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["b", "first"]);
    // A patch that does not complete it is kept as well.
    server.patch("Game", "a", json!({"note": "kept"}));
    server.patch("Game", "a", json!({"name": "a"}));
    let whole = Game {
        name: "a".into(),
        score: 1.5,
        note: Some("kept".into()),
    };
    let (key, data) = ("a".to_owned(), whole.clone());
    assert_eq!(next(&mut updates).await, Update::Patch { key, data });
    assert_eq!(next(&mut rich).await.key(), "b");
    let (key, data) = ("a".to_owned(), whole.clone());
    assert_eq!(next(&mut rich).await, RichUpdate::Created { key, data });
    assert_eq!(soon(hs.get::<Game>("a")).await, Some(whole));
    assert_eq!(hs.stats().partial_rows, 0);
    settled(&server, &mut faults).await;
    Ok(())
}

#[tokio::test]
async fn p04_a_snapshot_row_that_lacks_a_field_waits_as_well() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.patch("Game", "a", json!({"score": 1.5}));
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert b 2"]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["b"]);
    assert_eq!(soon(hs.get::<Game>("a")).await, None);
    assert_eq!(hs.stats().partial_rows, 1);
    server.patch("Game", "a", json!({"name": "a"}));
    assert_eq!(read(&mut updates, 1).await, ["patch a 1.5"]);
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Default, Entity)]
struct Nullable {
    text: Option<Option<String>>,
    integer: Option<Option<i64>>,
    large: Option<Option<u64>>,
    float: Option<Option<f64>>,
    flag: Option<Option<bool>>,
    list: Option<Option<Vec<u8>>>,
    map: Option<Option<BTreeMap<String, u8>>>,
    section: Option<Option<Inner>>,
    leaf: Option<Option<Phase>>,
    deep: Deep,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
struct Inner {
    x: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Default, Section)]
struct Deep {
    text: Option<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Leaf)]
enum Phase {
    Open,
}

#[tokio::test]
async fn p05_null_is_not_the_same_as_never_sent() -> anyhow::Result<()> {
    let server = TestServer::builder()
        .protocol(Protocol::V1)
        .entity("Nullable")
        .start()
        .await?;
    let values = json!({
        "text": "hello", "integer": -1, "large": "18446744073709551615", "float": 0.5,
        "flag": false, "list": [1], "map": {"k": 1}, "section": {"x": 1}, "leaf": "Open",
        "deep": {"text": "hello"},
    });
    let nulls = json!({
        "text": null, "integer": null, "large": null, "float": null,
        "flag": null, "list": null, "map": null, "section": null, "leaf": null,
        "deep": {"text": null},
    });
    let known = Nullable {
        text: Some(Some("hello".into())),
        integer: Some(Some(-1)),
        large: Some(Some(u64::MAX)),
        float: Some(Some(0.5)),
        flag: Some(Some(false)),
        list: Some(Some(vec![1])),
        map: Some(Some([("k".to_owned(), 1)].into())),
        section: Some(Some(Inner { x: Some(1) })),
        leaf: Some(Some(Phase::Open)),
        deep: Deep {
            text: Some(Some("hello".into())),
        },
    };
    let null = Nullable {
        text: Some(None),
        integer: Some(None),
        large: Some(None),
        float: Some(None),
        flag: Some(None),
        list: Some(None),
        map: Some(None),
        section: Some(None),
        leaf: Some(None),
        deep: Deep { text: Some(None) },
    };
    server.upsert("Nullable", "in the snapshot", nulls.clone());
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Nullable>();
    assert_eq!(next(&mut updates).await.into_data(), Some(null.clone()));
    server.upsert("Nullable", "a", json!({}));
    let never = Nullable::default();
    assert_eq!(next(&mut updates).await.into_data(), Some(never));
    for (patch, row) in [
        (&values, &known),
        (&nulls, &null),
        (&values, &known),
        (&nulls, &null),
    ] {
        server.patch("Nullable", "a", patch.clone());
        assert_eq!(next(&mut updates).await.data(), Some(row));
    }
    assert_eq!(soon(hs.get::<Nullable>("a")).await, Some(null));
    Ok(())
}

#[tokio::test]
async fn p13_a_row_of_a_wrong_type_is_an_error_that_names_it() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    server.upsert("Game", "b", json!({"name": "b", "score": "high"}));
    put(&server, "c", 3.0);
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.views::<GameViews>().list().try_watch();
    let mut seen = (Vec::new(), None);
    for _ in 0..3 {
        match next(&mut updates).await {
            Ok(update) => seen.0.push(brief(&update)),
            Err(error) => seen.1 = Some(error),
        }
    }
    let (mut rows, error) = seen;
    rows.sort_unstable();
    assert_eq!(rows, ["upsert a 1", "upsert c 3"]);
    let Some(StreamError::Row(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!((&*error.view, &*error.key), ("Game/list", "b"));
    assert_eq!(error.path(), "score");
    let text = error.to_string();
    for part in ["Game/list", "\"b\"", "score", "high"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(next(&mut faults).await, Fault::Row(error));
    let mut names: Vec<_> = soon(hs.list::<Game>()).await;
    names.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(crate::support::names(&names), ["a", "c"]);
    let stats = hs.stats();
    assert_eq!((stats.row_errors, stats.frame_errors), (1, 0));
    Ok(())
}

#[tokio::test]
async fn p14_an_unknown_operation_is_an_error_and_changes_nothing() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.views::<GameViews>().list().try_watch();
    assert_eq!(
        next(&mut updates).await.as_ref().map(brief),
        Ok("upsert a 1".into())
    );
    server.send(json!({
        "mode": "list", "entity": "Game/list", "op": "truncate", "key": "a", "data": {},
    }));
    let error = FrameError::UnknownOperation {
        operation: "truncate".into(),
        view: Some("Game/list".into()),
        key: Some("a".into()),
    };
    assert_eq!(
        next(&mut updates).await,
        Err(StreamError::Frame(error.clone()))
    );
    assert_eq!(next(&mut faults).await, Fault::Frame(error));
    assert_eq!(hs.stats().frame_errors, 1);
    assert_eq!(soon(hs.get::<Game>("a")).await.unwrap().score, 1.0);
    put(&server, "a", 2.0);
    assert_eq!(
        next(&mut updates).await.as_ref().map(brief),
        Ok("patch a 2".into())
    );
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn p18_a_confirmation_shaped_like_data_is_ignored_or_refused() -> anyhow::Result<()> {
    let server = games().start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    let before = soon(hs.list::<Game>()).await;
    for data in [json!({}), json!({"name": "x", "score": 9.0}), Value::Null] {
        server.send(json!({
            "op": "subscribed", "view": "Game/list", "mode": "list",
            "entity": "Game/list", "key": "a", "data": data,
            "sort": {"field": ["score"], "order": "asc"},
        }));
        server.send(json!({
            "op": "subscribed", "mode": "list", "entity": "Game/list", "key": "a", "data": data,
        }));
    }
    put(&server, "b", 0.5);
    assert_eq!(read(&mut updates, 1).await, ["patch b 0.5"]);
    put(&server, "c", 0.75);
    assert_eq!(read(&mut updates, 1).await, ["patch c 0.75"]);
    let rows = soon(hs.list::<Game>()).await;
    // The order is the one announced in the acknowledgement.
    assert_eq!(names(&rows), ["c", "b", "a"]);
    assert_eq!(rows[2..], before[..]);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}

#[tokio::test]
async fn p21_a_message_that_inflates_without_bound_is_an_error() -> anyhow::Result<()> {
    let server = games()
        .view_unlimited("Game/all", Sort::asc("score"))
        .start()
        .await?;
    put(&server, "a", 1.0);
    let limit = 64 << 10;
    let hs = client(&server).max_inflated_size(limit).connect().await?;
    let mut faults = hs.faults();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.send_gzip(json!({
        "mode": "list", "entity": "Game/list", "op": "snapshot", "complete": true,
        "data": [{"key": "a", "data": {"name": "a", "score": 9, "note": "x".repeat(4 << 20)}}],
    }));
    let Fault::Frame(FrameError::InflatesTooLarge {
        size,
        limit: reported,
    }) = next(&mut faults).await
    else {
        panic!("another fault");
    };
    assert!(size < limit, "{size} bytes were sent");
    assert_eq!(reported, limit);
    assert_eq!(hs.stats().frame_errors, 1);
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["patch b 2"]);
    assert_eq!(soon(hs.get::<Game>("a")).await.unwrap().score, 1.0);
    assert_eq!(server.connections_accepted(), 1);
    Ok(())
}
