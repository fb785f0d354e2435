//! Snapshots of every size: the server sends 50 rows, then 100 at a time, and of no rows nothing.

use std::time::Duration;

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
