//! A client that knows only the URL detects the server's generation.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Refresh, Sort, TestServer, TestServerBuilder};

use crate::support::{
    client, names, next, pass, put, read, requests, soon, until, Game, GameViews,
};

fn games(protocol: Protocol) -> TestServerBuilder {
    TestServer::builder()
        .protocol(protocol)
        .entity("Game")
        .view("Game/best", Sort::desc("score"), 1)
        .view("Game/top", Sort::desc("score"), 3)
}

async fn server(protocol: Protocol, rows: &[(&str, f64)]) -> anyhow::Result<TestServer> {
    let server = games(protocol).start().await?;
    for (key, score) in rows {
        put(&server, key, *score);
    }
    Ok(server)
}

/// Stops a server, and starts one of another generation in its place.
async fn replace(
    old: TestServer,
    protocol: Protocol,
    rows: &[(&str, f64)],
) -> anyhow::Result<TestServer> {
    old.stop().await;
    let new = games(protocol).address(old.address()).start().await?;
    for (key, score) in rows {
        put(&new, key, *score);
    }
    Ok(new)
}

#[tokio::test]
async fn every_kind_of_read_works_with_nothing_but_the_url() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = server(protocol, &[("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)]).await?;
        let hs = HyperStack::connect(server.url()).await?;
        let mut one = hs.watch_key::<Game>("b");
        assert_eq!(read(&mut one, 1).await, ["upsert b 2"]);
        assert_eq!(hs.stats().protocol, protocol);
        assert_eq!(hs.get::<Game>("a").await.unwrap().score, 1.0);
        assert_eq!(hs.get::<Game>("z").await, None);
        assert_eq!(names(&hs.list::<Game>().await), ["d", "c", "b", "a"]);
        let views = hs.views::<GameViews>();
        assert_eq!(names(&views.top().get().await), ["d", "c", "b"]);
        assert_eq!(views.best().get().await.unwrap().name, "d");
        let list = views.list();
        assert_eq!(names(&list.clone().skip(1).take(2).get().await), ["c", "b"]);
        assert_eq!(names(&list.filter("score", 3.0).get().await), ["c"]);
        assert!(matches!(
            views.nowhere().try_get().await,
            Err(ReadError::UnknownView { .. })
        ));
        assert_eq!(hs.last_error(), None);
    }
    Ok(())
}

#[tokio::test]
async fn readers_that_came_before_detection_are_served() -> anyhow::Result<()> {
    for protocol in [Protocol::V1, Protocol::V2] {
        let server = server(protocol, &[("a", 1.0), ("b", 2.0)]).await?;
        server.hold_replies();
        let hs = client(&server).connect().await?;
        let mut faults = hs.faults();
        let list = tokio::spawn({
            let hs = hs.clone();
            async move { hs.try_list::<Game>().await }
        });
        let get = tokio::spawn({
            let hs = hs.clone();
            async move { hs.try_get::<Game>("a").await }
        });
        let mut updates = hs.watch::<Game>();
        let mut top = hs.views::<GameViews>().top().take(1).watch();
        assert!(now_or_never(&mut updates).is_none());
        assert!(now_or_never(&mut top).is_none());
        soon(server.wait_for_message(|it| it["token"] == "probe")).await;
        server.release_replies();
        assert_eq!(names(&soon(list).await??), ["b", "a"]);
        assert_eq!(soon(get).await??.unwrap().name, "a");
        assert_eq!(read(&mut updates, 2).await.len(), 2);
        assert_eq!(read(&mut top, 1).await, ["upsert b 2"]);
        assert!(now_or_never(&mut faults).is_none());
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_answer_the_probe_counts_as_v1() -> anyhow::Result<()> {
    let server = games(Protocol::V1).refresh(Refresh::Silent).start().await?;
    put(&server, "a", 1.0);
    let hs = client(&server)
        .initial_data_timeout(Duration::from_secs(3_600))
        .connect()
        .await?;
    let list = tokio::spawn({
        let hs = hs.clone();
        async move { hs.list::<Game>().await }
    });
    let mut updates = hs.watch::<Game>();
    assert!(now_or_never(&mut updates).is_none());
    while !list.is_finished() {
        pass(Duration::from_millis(100)).await;
    }
    assert_eq!(names(&list.await?), ["a"]);
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    assert_eq!(hs.stats().protocol, Protocol::V1);
    Ok(())
}

#[tokio::test]
async fn readers_of_a_server_of_another_generation_get_the_difference() -> anyhow::Result<()> {
    let old_rows = [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)];
    let new_rows = [("a", 1.0), ("b", 6.0), ("d", 4.0), ("e", 5.0), ("f", 0.5)];
    for (from, to) in [(Protocol::V1, Protocol::V2), (Protocol::V2, Protocol::V1)] {
        let old = server(from, &old_rows).await?;
        let hs = client(&old).connect().await?;
        let views = hs.views::<GameViews>();
        let mut list = hs.watch::<Game>();
        let mut rich = hs.watch_rich::<Game>();
        let mut top = views.top().watch();
        let mut four = views.list().filter("score", 4.0).watch();
        let mut key = hs.watch_key::<Game>("b");
        let mut keys = hs.watch_keys::<Game>(&["a", "c", "f"]);
        let mut changes = views.list().with_snapshot(false).watch();
        read(&mut list, 5).await;
        drain(&mut rich, 5).await;
        read(&mut top, 3).await;
        read(&mut four, 1).await;
        read(&mut key, 1).await;
        read(&mut keys, 2).await;
        assert!(now_or_never(&mut changes).is_none());
        put(&old, "c", 3.5);
        assert_eq!(read(&mut changes, 1).await.len(), 1);
        read(&mut list, 1).await;
        drain(&mut rich, 1).await;
        read(&mut top, 1).await;
        read(&mut keys, 1).await;

        let new = replace(old, to, &new_rows).await?;
        until(|| hs.stats().protocol == to).await;
        // Each reader gets the changes that it missed together. The mark shows that nothing else comes.
        let sorted = |mut items: Vec<String>| {
            items.sort();
            items
        };
        let difference = ["delete c", "upsert b 6", "upsert f 0.5"];
        assert_eq!(sorted(read(&mut list, 3).await), difference, "{to}");
        let rich = sorted(drain(&mut rich, 3).await);
        assert!(rich[0].starts_with("Created { key: \"f\""), "{rich:?}");
        assert!(
            rich[1].starts_with("Deleted { key: \"c\", last_known: Some(Game"),
            "{rich:?}"
        );
        assert!(
            rich[2].starts_with("Updated { key: \"b\", before: Game { name: \"b\", score: 2.0"),
            "{rich:?}"
        );
        assert_eq!(sorted(read(&mut top, 2).await), ["delete c", "upsert b 6"]);
        assert_eq!(read(&mut key, 1).await, ["upsert b 6"]);
        let of_keys = sorted(read(&mut keys, 2).await);
        assert_eq!(of_keys, ["delete c", "upsert f 0.5"]);
        assert_eq!(read(&mut changes, 1).await, ["delete c"]);
        // Then every change.
        put(&new, "d", 4.5);
        for updates in [&mut list, &mut top, &mut changes] {
            assert!(brief_of(updates).await.ends_with(" d 4.5"));
        }
        assert_eq!(read(&mut four, 1).await, ["delete d"]);
        put(&new, "b", 7.0);
        for updates in [&mut key, &mut list, &mut top] {
            assert!(brief_of(updates).await.ends_with(" b 7"));
        }
        let rows: BTreeMap<_, _> = new.rows("Game").into_iter().collect();
        assert_eq!(hs.list::<Game>().await.len(), rows.len());
        // Then back to the old generation, with readers that waited meanwhile.
        let back = replace(new, from, &[("b", 7.0), ("d", 4.5)]).await?;
        until(|| hs.stats().protocol == from).await;
        let gone = sorted(read(&mut list, 3).await);
        assert_eq!(gone, ["delete a", "delete e", "delete f"]);
        assert_eq!(read(&mut top, 1).await, ["delete e"]);
        back.stop().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_reader_dropped_during_a_change_of_source_leaves_nothing() -> anyhow::Result<()> {
    let old = server(Protocol::V1, &[("a", 1.0)]).await?;
    let hs = client(&old).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    old.stop().await;
    let new = games(Protocol::V2).address(old.address()).start().await?;
    new.hold_replies();
    soon(new.wait_for_message(|it| it["token"] == "probe")).await;
    new.release_next(1);
    until(|| hs.stats().protocol == Protocol::V2).await;
    drop(updates);
    new.release_replies();
    soon(new.wait_for_subscriptions(|live| live.is_empty())).await;
    until(|| hs.stats().views == 0).await;
    Ok(())
}

#[tokio::test]
async fn the_wrong_generation_in_the_builder_is_an_error() -> anyhow::Result<()> {
    let new = server(Protocol::V2, &[]).await?;
    let hs = client(&new).protocol(Protocol::V1).connect().await?;
    let error = soon(hs.try_list::<Game>()).await.unwrap_err();
    let text = format!("{} speaks protocol v2, but the client is set to v1: remove `.protocol(..)` from the builder to detect the generation", new.url());
    assert!(error.to_string().ends_with(&text), "{error}");
    assert_eq!(hs.connection_state().await, ConnectionState::Error);

    let old = server(Protocol::V1, &[]).await?;
    let hs = client(&old)
        .protocol(Protocol::V2)
        .initial_data_timeout(Duration::from_secs(3_600))
        .connect()
        .await?;
    let list = tokio::spawn({
        let hs = hs.clone();
        async move { hs.try_list::<Game>().await }
    });
    while !list.is_finished() {
        pass(Duration::from_millis(100)).await;
    }
    let error = list.await?.unwrap_err();
    let text = format!("{} speaks protocol v1", old.url());
    assert!(error.to_string().contains(&text), "{error}");
    Ok(())
}

fn now_or_never<S: futures_util::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    futures_util::FutureExt::now_or_never(stream.next()).flatten()
}

async fn brief_of(updates: &mut EntityStream<Game>) -> String {
    read(updates, 1).await.remove(0)
}

async fn drain<S: futures_util::Stream + Unpin>(stream: &mut S, items: usize) -> Vec<String>
where
    S::Item: Debug,
{
    let mut drained = Vec::new();
    for _ in 0..items {
        drained.push(format!("{:?}", next(stream).await));
    }
    drained
}

#[tokio::test]
async fn the_first_read_after_a_wrong_guess_takes_one_snapshot() -> anyhow::Result<()> {
    for _ in 0..20 {
        let server = server(Protocol::V1, &[("a", 1.0)]).await?;
        let hs = client(&server).connect().await?;
        assert_eq!(names(&soon(hs.list::<Game>()).await), ["a"]);
        let subscribes = requests(&server, "Game/list");
        assert_eq!(subscribes[0], "subscribe");
        assert!(!subscribes[1..].contains(&"subscribe".to_owned()));
    }
    Ok(())
}
