//! Derived views: sorted by the server, cut to a window, and sent whole after every change.

use hyperstack_interop::{Change, Server, Setup};
use hyperstack_sdk::prelude::*;
use hyperstack_server::RateLimitConfig;
use serde_json::json;

use crate::support::*;
use crate::Outcome;

/// A server with room for all windows of the [`churn`] in a client's queue. By default a window of 10
/// overflows it after some 50 changes.
fn roomy() -> Setup {
    players().rates(RateLimitConfig::default().with_message_queue_size(10_000))
}

/// Changes of 20 players: new scores in no order, none twice.
fn churn() -> impl Iterator<Item = Change> {
    (0..200).map(|n| player(&format!("p{}", n * 7 % 20), n * 7919 % 1009))
}

/// Reads until the view equals the server's.
async fn converge<S>(
    server: &Server,
    view: &WindowView<Player>,
    id: &str,
    size: (usize, usize),
    updates: &mut S,
) where
    S: Stream + Unpin,
{
    let (skip, take) = size;
    until(updates, async || {
        view.get_sync() == server.window::<Player>(id, skip, take).await
    })
    .await;
}

#[tokio::test]
async fn a_window_follows_the_churn() -> Outcome {
    let server = roomy().start();
    server.apply(crowd(20)).await;
    let hs = client(&server).connect().await?;
    let top = hs.views::<PlayerViews>().top();
    let read = soon(top.try_get()).await?;
    assert_eq!(read, server.window("Player/top", 0, 3).await);
    let mut updates = top.watch();
    tokio::join!(server.apply(churn()), next(&mut updates));
    converge(&server, &top, "Player/top", (0, 3), &mut updates).await;
    assert_eq!(top.get_sync().len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_clients_own_window_follows_the_churn() -> Outcome {
    let server = roomy().start();
    server.apply(crowd(20)).await;
    let hs = client(&server).connect().await?;
    let page = hs.views::<PlayerViews>().top().skip(5).take(10);
    let read = soon(page.try_get()).await?;
    assert_eq!(read, server.window("Player/top", 5, 10).await);
    let mut updates = page.watch();
    tokio::join!(server.apply(churn()), next(&mut updates));
    converge(&server, &page, "Player/top", (5, 10), &mut updates).await;
    assert_eq!(page.get_sync().len(), 10);
    Ok(())
}

#[tokio::test]
async fn two_windows_of_a_view_are_both_right() -> Outcome {
    let server = roomy().start();
    server.apply(crowd(20)).await;
    let hs = client(&server).connect().await?;
    // Both windows have a length. A reader without one would limit all readers to the view's own window.
    let top = hs.views::<PlayerViews>().top().take(3);
    let page = top.clone().skip(1).take(6);
    let (mut short, mut long) = (top.watch(), page.watch());
    assert_eq!(soon(top.try_get()).await?.len(), 3);
    assert_eq!(soon(page.try_get()).await?.len(), 6);
    tokio::join!(server.apply(churn()), next(&mut short), next(&mut long));
    converge(&server, &top, "Player/top", (0, 3), &mut short).await;
    converge(&server, &page, "Player/top", (1, 6), &mut long).await;
    Ok(())
}

#[tokio::test]
async fn rows_that_leave_a_window_are_deleted_and_unchanged_rows_are_silent() -> Outcome {
    let server = players().start();
    server.apply(crowd(4)).await;
    let hs = client(&server).connect().await?;
    let mut updates = hs.views::<PlayerViews>().top().watch();
    for _ in 0..3 {
        next(&mut updates).await;
    }
    // Below the window; the server sends the three again.
    server.apply([player("p0", -1)]).await;
    server.apply([player("new", 9)]).await;
    let mut read = [next(&mut updates).await, next(&mut updates).await];
    read.sort_by_key(Update::is_delete);
    assert_eq!((read[0].key(), read[0].is_delete()), ("new", false));
    assert_eq!((read[1].key(), read[1].is_delete()), ("p1", true));
    Ok(())
}

#[tokio::test]
async fn a_single_view_is_never_empty() -> Outcome {
    let server = roomy().start();
    server.apply([player("a", 1)]).await;
    let hs = client(&server).connect().await?;
    let best = hs.views::<PlayerViews>().best();
    let mut updates = best.watch();
    assert_eq!(next(&mut updates).await.key(), "a");
    let churn = churn();
    let watch = async {
        loop {
            next(&mut updates).await;
            let row = best.get_sync().expect("somebody is always the best");
            if row.name == "the end" {
                return row;
            }
        }
    };
    let feed = async {
        server.apply(churn).await;
        server.apply([player("the end", 5000)]).await;
    };
    let (last, ()) = tokio::join!(watch, feed);
    assert_eq!(vec![last], server.window("Player/best", 0, 1).await);
    Ok(())
}

#[tokio::test]
async fn an_empty_view_answers_and_fills() -> Outcome {
    let server = players().start();
    let hs = client(&server).connect().await?;
    let top = hs.views::<PlayerViews>().top();
    let mut updates = top.watch();
    assert_eq!(soon(top.try_get()).await?, []);
    server.apply(crowd(5)).await;
    converge(&server, &top, "Player/top", (0, 3), &mut updates).await;
    // The server puts a row without a score first, and sends it first.
    server
        .apply([change("none", json!({"name": "none"}))])
        .await;
    server.apply([change("none", json!({"score": 0}))]).await;
    converge(&server, &top, "Player/top", (0, 3), &mut updates).await;
    Ok(())
}
