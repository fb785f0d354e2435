//! Limits of a session that the server reports while connected.

use std::time::Duration;

use hyperstack_auth::Limits;
use hyperstack_interop::Granted;
use hyperstack_sdk::prelude::*;

use crate::support::*;
use crate::Outcome;

fn granted(limits: Limits) -> Granted {
    Granted {
        limits,
        ..Granted::default()
    }
}

#[tokio::test]
async fn a_snapshot_of_more_rows_than_allowed() -> Outcome {
    let limits = Limits {
        max_snapshot_rows: Some(10),
        ..Limits::default()
    };
    let server = players().auth(granted(limits)).start();
    server.apply(crowd(11)).await;
    let hs = client(&server).linger(Duration::ZERO).connect().await?;
    match soon(hs.try_list::<Player>()).await {
        Err(ReadError::Refused { issue, .. }) => assert_eq!(issue.code, "snapshot-limit-exceeded"),
        other => panic!("no refusal: {other:?}"),
    }
    // The connection still works, and fewer rows are accepted.
    held(&hs, 0).await;
    let top = soon(hs.views::<PlayerViews>().top().try_get()).await?;
    assert_eq!(top, server.window("Player/top", 0, 3).await);
    assert_eq!(hs.stats().reconnects, 0);
    Ok(())
}

#[tokio::test]
async fn fewer_rows_right_after_a_refusal() -> Outcome {
    let limits = Limits {
        max_snapshot_rows: Some(10),
        ..Limits::default()
    };
    let server = players().auth(granted(limits)).start();
    server.apply(crowd(11)).await;
    let hs = client(&server).connect().await?;
    assert!(soon(hs.try_list::<Player>()).await.is_err());
    let top = soon(hs.views::<PlayerViews>().top().try_get()).await?;
    assert_eq!(top, server.window("Player/top", 0, 3).await);
    Ok(())
}

#[tokio::test]
async fn more_subscriptions_than_allowed() -> Outcome {
    let limits = Limits {
        max_subscriptions: Some(2),
        ..Limits::default()
    };
    let server = players().auth(granted(limits)).start();
    server.apply(crowd(3)).await;
    let hs = client(&server).linger(Duration::ZERO).connect().await?;
    let views = hs.views::<PlayerViews>();
    let (mut list, mut top) = (views.list().watch(), views.top().watch());
    next(&mut list).await;
    next(&mut top).await;
    match soon(views.best().try_get()).await {
        Err(ReadError::Refused { issue, .. }) => {
            assert_eq!(issue.code, "subscription-limit-exceeded");
        }
        other => panic!("no refusal: {other:?}"),
    }
    // The others continue, and there is room again when one of them ends.
    settle(&server, &mut list).await;
    assert_eq!(hs.list_sync::<Player>(), server.rows("Player/list").await);
    held(&hs, 2).await;
    drop(top);
    held(&hs, 1).await;
    let best = soon(views.best().try_get()).await?;
    assert_eq!(
        best.into_iter().collect::<Vec<_>>(),
        server.window("Player/best", 0, 1).await
    );
    Ok(())
}
