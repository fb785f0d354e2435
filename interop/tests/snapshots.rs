//! Snapshots of every size: the server sends 50 rows, then 100 at a time, and nothing if there are no rows.

use std::time::Duration;

use serde_json::json;

use crate::support::*;
use crate::Outcome;

async fn whole_snapshot(rows: i64) -> Outcome {
    let server = players().start();
    server.apply(crowd(rows)).await;
    let hs = client(&server)
        .initial_data_timeout(Duration::from_secs(30))
        .connect()
        .await?;
    let read = soon(hs.try_list::<Player>()).await?;
    assert_eq!(read.len() as i64, rows);
    assert_eq!(read, server.rows("Player/list").await);
    assert_eq!(hs.stats().frame_errors + hs.stats().row_errors, 0);
    Ok(())
}

/// The server keeps 500 rows of a view. If a dropped row changes again, the server knows only that change.
#[tokio::test]
async fn a_row_that_the_server_had_dropped() -> Outcome {
    let server = players().start();
    server.apply(crowd(600)).await;
    let early = client(&server).connect().await?;
    let mut updates = early.watch::<Player>();
    let read = soon(early.try_list::<Player>()).await?;
    assert_eq!(read, server.rows("Player/list").await);
    assert_eq!(read.len(), 500);
    next(&mut updates).await;
    server
        .apply([change("p599", json!({"note": "kept"}))])
        .await;
    server.apply([change("p0", json!({"note": "new"}))]).await;
    settle(&server, &mut updates).await;
    assert_eq!(early.stats().partial_rows, 1);
    let late = client(&server).connect().await?;
    let read = soon(late.try_list::<Player>()).await?;
    assert_eq!((read.len(), late.stats().partial_rows), (499, 1));
    server.apply([player("p0", 0)]).await;
    settle(&server, &mut updates).await;
    let row = early.get_sync::<Player>("p0").ok_or("no row")?;
    assert_eq!(row.note.as_deref(), Some("new"));
    Ok(())
}

macro_rules! snapshots {
    ($($name:ident: $rows:literal,)*) => {$(
        #[tokio::test]
        async fn $name() -> Outcome {
            whole_snapshot($rows).await
        }
    )*};
}

snapshots! {
    a_snapshot_of_no_row: 0,
    a_snapshot_of_one_row: 1,
    a_snapshot_of_49_rows: 49,
    a_snapshot_of_exactly_one_batch: 50,
    a_snapshot_of_a_batch_and_a_row: 51,
    a_snapshot_of_many_batches: 400,
}
