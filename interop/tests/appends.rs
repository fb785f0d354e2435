//! Lists that are appended to.

use hyperstack_interop::Change;
use hyperstack_sdk::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::support::*;
use crate::Outcome;

fn append(key: &str, n: u64) -> Change {
    change(key, json!({"log": [n]})).append("log")
}

/// A player whose list has the length to which the server's cache cuts lists.
#[derive(Debug, Clone, PartialEq, Entity, Deserialize)]
#[entity(name = "Player")]
struct Cut {
    name: String,
    #[field(append(max = 100))]
    log: Vec<u64>,
}

#[tokio::test]
async fn appends_are_appended() -> Outcome {
    let server = players().start();
    server.apply([player("a", 1), append("a", 1)]).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    assert_eq!(
        next(&mut updates).await.data().map(|row| &*row.log),
        Some(&[1][..])
    );
    server.apply((2..=50).map(|n| append("a", n))).await;
    settle(&server, &mut updates).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    // A path that is not listed is replaced.
    server.apply([change("a", json!({"log": [7, 8]}))]).await;
    settle(&server, &mut updates).await;
    assert_eq!(
        hs.get_sync::<Player>("a").map(|row| row.log),
        Some(vec![7, 8])
    );
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    Ok(())
}

#[tokio::test]
async fn two_appends_of_one_event_share_their_position() -> Outcome {
    let server = players().start();
    server.apply([player("a", 1), append("a", 1)]).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    next(&mut updates).await;
    server.apply_in(99, [append("a", 2), append("a", 3)]).await;
    settle(&server, &mut updates).await;
    let row = hs.get_sync::<Player>("a");
    assert_eq!(row.map(|row| row.log), Some(vec![1, 2, 3]));
    Ok(())
}

#[tokio::test]
async fn a_list_is_cut_where_the_server_cuts_it() -> Outcome {
    let server = players().start();
    server.apply([player("a", 1), append("a", 0)]).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Cut>();
    next(&mut updates).await;
    server.apply((1..=150).map(|n| append("a", n))).await;
    until(&mut updates, async || {
        hs.get_sync::<Cut>("a")
            .is_some_and(|row| row.log.last() == Some(&150))
    })
    .await;
    let row = hs.get_sync::<Cut>("a").ok_or("no row")?;
    assert_eq!(row.log, (51..=150).collect::<Vec<_>>());
    assert_eq!(vec![row], server.rows("Player/list").await);
    Ok(())
}

/// The server joins a subscriber to the feed before it reads the cache. A change in between is in the
/// snapshot and is sent again.
#[tokio::test]
async fn an_append_that_is_in_the_snapshot_and_is_sent_again() -> Outcome {
    let server = players().start();
    server.apply([player("a", 1), append("a", 1)]).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.watch::<Player>();
    let first = server
        .apply_around(append("a", 2), next(&mut updates))
        .await;
    assert_eq!(first.data().map(|row| &*row.log), Some(&[1, 2][..]));
    settle(&server, &mut updates).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    // The same element again, but another event.
    server.apply([append("a", 2)]).await;
    settle(&server, &mut updates).await;
    let log = hs.get_sync::<Player>("a").map(|row| row.log);
    assert_eq!(log, Some(vec![1, 2, 2]));
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    Ok(())
}
