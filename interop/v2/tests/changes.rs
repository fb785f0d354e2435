//! Which message a change becomes (protocol-v2.md, section 4).

use std::time::Duration;

use hyperstack_interop_v2::Setup;
use serde_json::{json, Value};

use crate::support::*;

#[tokio::test]
async fn a_list_sends_an_upsert_of_a_new_row_and_patches_of_a_held_one() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    server.apply([player("x", 1)]).await;
    let upsert = client.update("upsert", "x").await;
    assert_eq!(upsert["data"]["name"], "x");
    assert_eq!(upsert["mode"], "list");
    assert_eq!(upsert["entity"], "Player/list");
    server.apply([change("x", json!({"score": 2}))]).await;
    let patch = client.update("patch", "x").await;
    assert_eq!(
        (&patch["data"]["name"], &patch["data"]["score"]),
        (&Value::Null, &json!(2))
    );
    assert_eq!(patch["append"], Value::Null);
    server.apply([delete("x")]).await;
    let deleted = client.update("delete", "x").await;
    assert_eq!(deleted["data"], Value::Null);
}

#[tokio::test]
async fn a_change_that_the_source_marks_as_a_creation_is_an_upsert() {
    let server = players().start();
    server.apply([player("x", 1)]).await;
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    server.apply([player("x", 2).created()]).await;
    client.update("upsert", "x").await;
}

#[tokio::test]
async fn a_state_sends_patches_and_a_delete() {
    let server = players().start();
    server.apply([player("x", 1), player("y", 1)]).await;
    let mut client = Client::connect(&server).await;
    let (_, rows) = client
        .open("a", json!({"view": "Player/state", "key": "x"}))
        .await;
    assert_eq!(keys(&rows), ["x"]);
    server.apply([change("y", json!({"score": 2}))]).await;
    server.apply([change("x", json!({"score": 2}))]).await;
    let patch = client.update("patch", "x").await;
    assert_eq!(
        (&patch["mode"], &patch["data"]["score"]),
        (&json!("state"), &json!(2))
    );
    server.apply([delete("x")]).await;
    client.update("delete", "x").await;
    server.apply([player("x", 5).created()]).await;
    client.update("upsert", "x").await;
}

#[tokio::test]
async fn a_state_of_an_unknown_key_starts_empty_and_gets_an_upsert() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    let (_, rows) = client
        .open("a", json!({"view": "Player/state", "key": "x"}))
        .await;
    assert_eq!(rows, []);
    server.apply([player("x", 1)]).await;
    client.update("upsert", "x").await;
}

/// The channel of a state keeps the last change only. What was skipped arrives as one patch of every
/// field that changed, without `seq` and `append`.
#[tokio::test]
async fn a_state_that_skipped_changes_catches_up_with_one_patch() {
    let server = players().start();
    server
        .apply([change("x", json!({"name": "x", "score": 0, "log": [1]}))])
        .await;
    let mut client = Client::connect(&server).await;
    let (_, rows) = client
        .open("a", json!({"view": "Player/state", "key": "x"}))
        .await;
    let mut replica = Replica::new(rows);
    let stall = server.stall();
    server
        .apply([
            change("x", json!({"score": 1})),
            change("x", json!({"note": "kept"})),
            change("x", json!({"log": [2]})).append("log"),
            change("x", json!({"score": 2})),
        ])
        .await;
    drop(stall);
    let patch = client.update("patch", "x").await;
    assert_eq!(
        (&patch["seq"], &patch["append"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(patch["data"]["note"], "kept");
    assert_eq!(patch["data"]["log"], json!([1, 2]));
    assert_eq!(patch["data"]["score"], 2);
    replica.handle(&patch);
    assert_eq!(
        replica.rows.get("x"),
        server.row("Player/state", "x").await.as_ref()
    );
}

#[tokio::test]
async fn a_derived_view_sends_whole_rows() {
    let server = players().start();
    server.apply([player("x", 1), player("y", 2)]).await;
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/ranked").await;
    server.apply([change("x", json!({"note": "new"}))]).await;
    let upsert = client.update("upsert", "x").await;
    assert_eq!(
        (&upsert["data"]["name"], &upsert["data"]["note"]),
        (&json!("x"), &json!("new"))
    );
    // A row that moves within the view is sent alone.
    server.apply([change("x", json!({"score": 3}))]).await;
    client.update("upsert", "x").await;
    server.apply([delete("y")]).await;
    client.update("delete", "y").await;
}

#[tokio::test]
async fn an_append_view_without_a_journal_does_not_publish_a_deletion() {
    let server = players().start();
    server.apply([player("x", 1)]).await;
    let mut client = Client::connect(&server).await;
    let rows = client.open_view("a", "Player/append").await;
    assert_eq!(keys(&rows), ["x"]);
    server.apply([change("x", json!({"score": 2}))]).await;
    client.update("patch", "x").await;
    server.apply([delete("x")]).await;
    // The deleted row leaves with the next change of another row.
    server.apply([player("y", 1)]).await;
    let mut updates = [client.socket.message().await, client.socket.message().await]
        .map(|update| format!("{} {}", update["op"], update["key"]));
    updates.sort();
    assert_eq!(updates, [r#""remove" "x""#, r#""upsert" "y""#]);
}

#[tokio::test]
async fn a_deleted_row_ignores_patches_until_it_is_created_again() {
    let server = players().start();
    server.apply([player("x", 1)]).await;
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    server.apply([delete("x")]).await;
    client.update("delete", "x").await;
    server.apply([change("x", json!({"score": 2}))]).await;
    assert_eq!(server.row("Player/list", "x").await, None);
    server.apply([player("x", 3).created()]).await;
    let upsert = client.update("upsert", "x").await;
    assert_eq!(upsert["data"]["score"], 3);
}

#[tokio::test]
async fn the_deletion_of_an_unknown_row_sends_nothing() {
    let server = players().start();
    let mut client = Client::connect(&server).await;
    client.open_view("a", "Player/list").await;
    server.apply([delete("never"), player("x", 1)]).await;
    client.update("upsert", "x").await;
}

/// The window is read again when a change is handled. If the row is gone from it by then, the client
/// cannot learn why.
#[tokio::test]
async fn deletions_in_quick_succession_arrive_as_remove() {
    let server = players().start();
    server.apply(crowd(20)).await;
    let mut client = Client::connect(&server).await;
    let mut replica = Replica::new(client.open_view("a", "Player/list").await);
    let stall = server.stall();
    server
        .apply((0..20).map(|n| delete(&format!("p{n}"))))
        .await;
    drop(stall);
    let updates = client.settle(&server, &mut replica).await;
    assert_converged(&server, "Player/list", &replica).await;
    let removes = updates.iter().filter(|update| update["op"] == "remove");
    assert!(removes.count() > 0);
}

#[tokio::test]
async fn a_list_at_its_cap_removes_the_row_that_is_longest_unchanged() {
    let server = players().max_rows(3).start();
    server.apply(crowd(3)).await;
    let mut client = Client::connect(&server).await;
    let mut replica = Replica::new(client.open_view("a", "Player/list").await);
    server.apply([change("p0", json!({"note": "kept"}))]).await;
    replica.handle(&client.update("patch", "p0").await);
    server.apply([player("new", 1)]).await;
    let updates = [client.socket.message().await, client.socket.message().await];
    for update in &updates {
        replica.handle(update);
    }
    assert!(updates
        .iter()
        .any(|update| update["op"] == "remove" && update["key"] == "p1"));
    assert_eq!(replica.rows.keys().collect::<Vec<_>>(), ["new", "p0", "p2"]);
    // A patch of the evicted row is not sent. The row returns when the source sends all of it, and
    // pushes out another one.
    server.apply([change("p1", json!({"score": 9}))]).await;
    server.apply([player("p1", 10).whole()]).await;
    replica.handle(&client.update("remove", "p2").await);
    let upsert = client.update("upsert", "p1").await;
    assert_eq!(upsert["data"]["score"], 10);
    replica.handle(&upsert);
    assert_converged(&server, "Player/list", &replica).await;
}

#[tokio::test]
async fn a_coalesced_view_sends_upserts_only() {
    let setup: Setup = players().coalesce(Duration::from_millis(20));
    let server = setup.start();
    server.apply([player("x", 0)]).await;
    let mut client = Client::connect(&server).await;
    let mut replica = Replica::new(client.open_view("a", "Player/list").await);
    let stall = server.stall();
    server
        .apply((1..=1000).map(|n| change("x", json!({"score": n}))))
        .await;
    drop(stall);
    let updates = client.settle(&server, &mut replica).await;
    assert!(updates.iter().all(|update| update["op"] == "upsert"));
    assert!(updates.len() < 100, "{} updates", updates.len());
    assert_converged(&server, "Player/list", &replica).await;
}

/// The server joins a subscriber to the feed before it reads the cache: a change in between is in the
/// snapshot and is sent again, with the same version.
#[tokio::test]
async fn a_change_that_is_in_the_snapshot_is_sent_again_with_the_same_version() {
    let server = players().start();
    server.apply([change("x", json!({"log": [1]}))]).await;
    let mut client = Client::connect(&server).await;
    let again = change("x", json!({"log": [2]})).append("log");
    let rows = server
        .apply_around(again, client.open_view("a", "Player/list"))
        .await;
    assert_eq!(rows[0].1["log"], json!([1, 2]));
    let repeated = client.socket.message().await;
    assert_eq!(version(&repeated["data"]), version(&rows[0].1));
    let mut replica = Replica::new(rows);
    replica.handle(&repeated);
    client.settle(&server, &mut replica).await;
    assert_converged(&server, "Player/list", &replica).await;
}
