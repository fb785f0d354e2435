//! The frames of changes in base views.

use hyperstack_sdk::testing::{Seq, SeqSource};
use serde_json::json;

use crate::client::Client;
use crate::v1_server;

#[tokio::test]
async fn a_patch_has_the_changed_fields_and_the_row_has_all() {
    let server = v1_server()
        .entity("Round")
        .seq(SeqSource::FromSlot(7))
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&server).await;
    client.subscribe("Round/list").await;
    client.frame().await;

    let seq = server.upsert("Round", "1", json!({"log": [1], "big": u64::MAX}));
    assert_eq!(seq, Some(Seq::new(7, 0)));
    server.append("Round", "1", json!({"log": [2]}), &["log"]);
    server.set_seq(SeqSource::Off);
    server.patch("Round", "1", json!({"big": null}));
    assert_eq!(
        client.frames(3).await,
        [
            json!({"mode": "list", "entity": "Round/list", "op": "patch", "key": "1",
                   "data": {"_seq": "7:000000000000", "log": [1], "big": "18446744073709551615"},
                   "seq": "7:000000000000"}),
            json!({"mode": "list", "entity": "Round/list", "op": "patch", "key": "1",
                   "data": {"_seq": "8:000000000000", "log": [2]}, "append": ["log"],
                   "seq": "8:000000000000"}),
            json!({"mode": "list", "entity": "Round/list", "op": "patch", "key": "1",
                   "data": {"big": null}}),
        ]
    );
    let row = json!({"_seq": "8:000000000000", "log": [1, 2], "big": null});
    assert_eq!(server.row("Round", "1"), Some(row.clone()));
    assert_eq!(server.rows("Round"), [("1".to_owned(), row)]);
}

#[tokio::test]
async fn limits_cut_the_cache_and_not_the_patches() {
    let server = v1_server()
        .entity("Round")
        .row_limit(1)
        .array_limit(2)
        .seq(SeqSource::Off)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&server).await;
    client.subscribe("Round/append").await;
    assert_eq!(client.frame().await["sort"], json!(null));
    server.upsert("Round", "1", json!({"log": [1, 2, 3]}));
    assert_eq!(client.frame().await["data"]["log"], json!([1, 2, 3]));
    server.append("Round", "1", json!({"log": [4]}), &["log"]);
    assert_eq!(server.row("Round", "1"), Some(json!({"log": [3, 4]})));
    server.upsert("Round", "2", json!({}));
    assert_eq!(server.row("Round", "1"), None);
}

#[tokio::test]
async fn base_views_do_not_report_deletions() {
    let server = v1_server().entity("Round").start().await.unwrap();
    server.upsert("Round", "1", json!({}));
    let mut client = Client::connect(&server).await;
    client.subscribe("Round/list").await;
    client.frames(2).await;
    server.delete("Round", "1");
    assert_eq!(client.drain("Round").await, []);
    assert_eq!(server.rows("Round"), []);
}

#[tokio::test]
#[should_panic(expected = "no entity `Rund`")]
async fn an_unknown_entity_panics_in_the_test() {
    let server = v1_server().entity("Round").start().await.unwrap();
    server.upsert("Rund", "1", json!({}));
}
