//! Views that record changes and have no rows.

use super::*;

#[tokio::test]
async fn a_row_read_of_a_tape_ends_with_the_reason() {
    let server = players().tapes(100).start();
    server.apply(crowd(3)).await;
    let hs = patient(&server).await;
    let mut list = Reader::new(hs.watch::<Player>());
    list.reaches(server.rows("Player/list").await).await;
    let append = hs.raw("Player").collection("Player/append");
    let view = "Player/append".to_owned();
    let read = deadline(append.try_get()).await;
    assert_eq!(read, Err(ReadError::Tape { view: view.clone() }));
    let end = Reader::<Value>::new(append.watch()).end().await;
    assert_eq!(end, EndReason::Tape { view: view.clone() });
    let row = hs.raw("Player").keyed("Player/append");
    let read = deadline(row.try_get("p1")).await;
    assert_eq!(read, Err(ReadError::Tape { view: view.clone() }));
    let end = Reader::<Value>::new(row.watch("p1")).end().await;
    assert_eq!(end, EndReason::Tape { view });
    settles(&server, "Player/list", "p1", &mut list).await;
    assert_eq!((hs.stats().reconnects, hs.stats().frame_errors), (0, 0));
}
