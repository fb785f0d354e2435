//! The counters of each subscription.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::SubscriptionStats;
use serde_json::json;

use crate::support::*;

fn of<'a>(stats: &'a [SubscriptionStats], view: &str) -> &'a SubscriptionStats {
    let found = stats.iter().find(|it| it.view == view);
    found.unwrap_or_else(|| panic!("{view} is not subscribed: {stats:?}"))
}

async fn each_subscription_has_its_counters(protocol: Protocol) -> anyhow::Result<()> {
    let server = games().protocol(protocol).start().await?;
    put(&server, "a", 1.0);
    server.upsert("Game", "b", json!({"name": "b"}));
    let hs = client(&server).protocol(protocol).connect().await?;
    assert_eq!(hs.subscription_stats(), []);

    let mut list = hs.watch::<Game>();
    let mut other = hs.watch::<Game>();
    let mut top = hs.views::<GameViews>().top().take(2).watch();
    let mut row = hs.watch_key::<Other>("x");
    read(&mut list, 1).await;
    read(&mut other, 1).await;
    read(&mut top, 1).await;
    pending(&mut row);
    server.patch("Game", "a", json!({"score": "much"}));
    server.patch("Game", "a", json!({"score": 3.0}));
    assert_eq!(read(&mut list, 1).await, ["patch a 3"]);
    until(|| hs.subscription_stats().iter().all(|it| it.is_ready)).await;

    let stats = hs.subscription_stats();
    let views: Vec<&str> = stats.iter().map(|it| it.view.as_str()).collect();
    assert_eq!(views, ["Game/list", "Game/top", "Other/list"]);
    let list_stats = of(&stats, "Game/list");
    assert_eq!(
        (list_stats.rows, list_stats.partial_rows, list_stats.readers),
        (2, 1, 2)
    );
    assert_eq!((list_stats.frames, list_stats.row_errors), (3, 1));
    assert_eq!(list_stats.last_seq, hs.stats().last_seq);
    assert_eq!(list_stats.protocol, protocol);
    assert_eq!((&list_stats.keys[..], list_stats.take), (&[][..], None));
    assert_eq!(
        (of(&stats, "Game/top").skip, of(&stats, "Game/top").take),
        (0, Some(2))
    );
    let row_stats = of(&stats, "Other/list");
    assert_eq!(
        (&row_stats.keys[..], row_stats.rows),
        (&["x".to_owned()][..], 0)
    );
    let rows: usize = stats.iter().map(|it| it.rows).sum();
    assert_eq!(rows, hs.stats().rows);

    drop((other, top, row));
    until(|| hs.subscription_stats().len() == 1).await;
    assert_eq!(hs.subscription_stats()[0].readers, 1);
    Ok(())
}

#[tokio::test]
async fn each_subscription_has_its_counters_in_v1() -> anyhow::Result<()> {
    each_subscription_has_its_counters(Protocol::V1).await
}

#[tokio::test]
async fn each_subscription_has_its_counters_in_v2() -> anyhow::Result<()> {
    each_subscription_has_its_counters(Protocol::V2).await
}
