//! `after` outside tapes: a filter that stays, not a way to resume (protocol-v2.md, section 8).

use hyperstack_interop_v2::SlotContext;
use serde_json::{json, Value};

use crate::support::*;

async fn open_after(client: &mut Client, id: &str, after: &str) -> (Value, Value) {
    client
        .subscribe(id, json!({"view": "Player/list", "after": after}))
        .await;
    let ack = client.expect(id, "subscribed").await;
    let snapshot = client.expect(id, "snapshot").await;
    assert_eq!(snapshot["complete"], true);
    (ack, snapshot)
}

#[tokio::test]
async fn a_snapshot_after_a_cursor_has_later_rows_in_rising_order_and_is_not_authoritative() {
    let server = players().start();
    server.apply(crowd(5)).await;
    let mut client = Client::connect(&server).await;
    let (ack, snapshot) = open_after(&mut client, "a", "2:000000000000").await;
    assert_eq!(snapshot["authoritative"], false);
    assert_eq!(keys(&batch_rows(&snapshot)), ["p2", "p3", "p4"]);
    // The acknowledgement says otherwise.
    assert_eq!(ack["sort"]["order"], "desc");
}

#[tokio::test]
async fn a_row_deleted_after_the_cursor_is_not_reported() {
    let server = players().start();
    server.apply(crowd(3)).await;
    let mut client = Client::connect(&server).await;
    open_after(&mut client, "a", "3:000000000000").await;
    server.apply([delete("p0")]).await;
    // A row that did not change since the cursor enters with its first change.
    server.apply([change("p1", json!({"score": 9}))]).await;
    let upsert = client.update("upsert", "p1").await;
    assert_eq!(upsert["data"]["name"], "p1");
    server.apply([delete("p1")]).await;
    client.update("delete", "p1").await;
}

#[tokio::test]
async fn a_change_at_a_position_before_the_cursor_removes_the_row_though_it_exists() {
    let server = players().start();
    let account = SlotContext::account(100, 0);
    server.apply_at(Some(account), [player("x", 1)]).await;
    let mut client = Client::connect(&server).await;
    let (_, snapshot) = open_after(&mut client, "a", "50:000000000000").await;
    assert_eq!(keys(&batch_rows(&snapshot)), ["x"]);
    let instruction = SlotContext::instruction(40, 0);
    let earlier = change("x", json!({"score": 2}));
    server.apply_at(Some(instruction), [earlier]).await;
    client.update("remove", "x").await;
    assert!(server.row("Player/list", "x").await.is_some());
}

#[tokio::test]
async fn a_cursor_without_numbers_counts_as_the_beginning() {
    let server = players().start();
    server.apply(crowd(2)).await;
    let mut client = Client::connect(&server).await;
    let (_, snapshot) = open_after(&mut client, "a", "garbage").await;
    assert_eq!(keys(&batch_rows(&snapshot)), ["p0", "p1"]);
}
