//! The order of a view's rows: sort values, ties and moves.

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Mode, Sort, TestServer};
use serde_json::{json, Value};

use crate::support::*;

#[derive(Debug, Clone, PartialEq, Entity, Views)]
#[view(sorted)]
struct Item {
    label: Option<String>,
}

/// Returns the keys of the view `Item/sorted` in order, after these rows have arrived in this order.
async fn keys_by(sort: Sort, rows: &[(&str, Value)]) -> Vec<String> {
    let (server, hs) = sorted(sort).await;
    let view = hs.views::<ItemViews>().sorted();
    let mut updates = view.watch();
    assert_eq!(soon(view.get()).await, []);
    for (key, value) in rows {
        server.send(frame("upsert", key, value));
        assert_eq!(next(&mut updates).await.key(), *key);
    }
    keys(&view).await
}

async fn sorted(sort: Sort) -> (TestServer, HyperStack) {
    let server = TestServer::builder()
        .protocol(Protocol::V1)
        .entity("Item")
        .scripted_view("Item/sorted", Mode::List, Some(sort))
        .start()
        .await
        .unwrap();
    let hs = client(&server).connect().await.unwrap();
    (server, hs)
}

/// Returns a row with its key as label and this `by.value`.
fn frame(operation: &str, key: &str, value: &Value) -> Value {
    json!({
        "mode": "list", "entity": "Item/sorted", "op": operation, "key": key,
        "data": {"label": key, "by": {"value": value}},
    })
}

async fn keys(view: &WindowView<Item>) -> Vec<String> {
    let rows = soon(view.get()).await.into_iter();
    rows.map(|row| row.label.unwrap()).collect()
}

#[tokio::test]
async fn numbers_of_every_spelling_compare_by_value() {
    // Sorted as text or as floats, these would have another order.
    let rows = [
        ("b", json!(9_007_199_254_740_991_u64)),
        ("f", json!("18446744073709551615")),
        ("d", json!("9007199254740993")),
        ("a", json!(-3)),
        ("c", json!("9007199254740992")),
        ("h", json!(1e30)),
        ("e", json!("10000000000000000")),
        ("z", json!("-9007199254740993")),
        ("ab", json!(0.5)),
        ("g", json!("340282366920938463463374607431768211")),
    ];
    let ascending = ["z", "a", "ab", "b", "c", "d", "e", "f", "h", "g"];
    assert_eq!(keys_by(Sort::asc("by.value"), &rows).await, ascending);
    let descending: Vec<_> = ascending.into_iter().rev().collect();
    assert_eq!(keys_by(Sort::desc("by.value"), &rows).await, descending);
}

#[tokio::test]
async fn floats_are_not_truncated() {
    let rows = [
        ("a", json!(1.9)),
        ("b", json!(1.1)),
        ("c", json!(1.5)),
        ("d", json!(1)),
        ("e", json!(-1.5)),
        ("f", json!(-1)),
    ];
    let ascending = ["e", "f", "d", "b", "c", "a"];
    assert_eq!(keys_by(Sort::asc("by.value"), &rows).await, ascending);
}

#[tokio::test]
async fn ties_are_sorted_by_key_in_both_directions() {
    let rows = [("c", json!(1)), ("a", json!(1.0)), ("b", json!("1"))];
    assert_eq!(keys_by(Sort::asc("by.value"), &rows).await, ["a", "b", "c"]);
    assert_eq!(
        keys_by(Sort::desc("by.value"), &rows).await,
        ["a", "b", "c"]
    );
}

#[tokio::test]
async fn rows_without_the_value_come_first() {
    let rows = [("a", json!(1)), ("b", json!(null)), ("c", json!(2))];
    assert_eq!(keys_by(Sort::asc("by.value"), &rows).await, ["b", "a", "c"]);
    assert_eq!(
        keys_by(Sort::desc("by.value"), &rows).await,
        ["b", "c", "a"]
    );
}

#[tokio::test]
async fn the_rows_need_not_have_the_field_and_patches_move_them() {
    let (server, hs) = sorted(Sort::desc("by.value")).await;
    let view = hs.views::<ItemViews>().sorted();
    let mut updates = view.watch();
    assert_eq!(soon(view.get()).await, []);
    for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
        server.send(frame("upsert", key, &json!(value)));
        next(&mut updates).await;
    }
    assert_eq!(keys(&view).await, ["c", "b", "a"]);
    // `Item` lacks the patched field, so the row moves without an update.
    server.send(frame("patch", "a", &json!(2.5)));
    server.send(frame("patch", "d", &json!("9007199254740993")));
    assert_eq!(next(&mut updates).await.key(), "d");
    assert_eq!(keys(&view).await, ["d", "c", "a", "b"]);
    // A patch of another field in the same object does not move the row.
    server.send(json!({
        "mode": "list", "entity": "Item/sorted", "op": "patch", "key": "b",
        "data": {"by": {"other": 99}},
    }));
    server.send(frame("patch", "d", &json!(0)));
    server.send(frame("patch", "e", &json!(-1)));
    assert_eq!(next(&mut updates).await.key(), "e");
    assert_eq!(keys(&view).await, ["c", "a", "b", "d", "e"]);
}

#[tokio::test]
async fn a_list_is_in_the_order_of_change() {
    let server = games().start().await.unwrap();
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    put(&server, "a", 1.5);
    let hs = client(&server).connect().await.unwrap();
    let mut updates = hs.watch::<Game>();
    assert_eq!(
        read(&mut updates, 3).await,
        ["upsert a 1.5", "upsert c 3", "upsert b 2"]
    );
    let in_order = || {
        let rows = server.rows("Game").into_iter();
        rows.map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(names(&soon(hs.list::<Game>()).await), in_order());
    put(&server, "b", 2.5);
    read(&mut updates, 1).await;
    assert_eq!(in_order(), ["b", "a", "c"]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), in_order());
    // The row also moves if a reader sees no change in its fields.
    put(&server, "c", 3.0);
    put(&server, "d", 4.0);
    assert_eq!(read(&mut updates, 1).await, ["patch d 4"]);
    assert_eq!(in_order(), ["d", "c", "b", "a"]);
    assert_eq!(names(&soon(hs.list::<Game>()).await), in_order());
}

#[tokio::test]
async fn a_list_is_in_the_order_of_change_after_a_reconnect() {
    let server = games().start().await.unwrap();
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await.unwrap();
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 3).await;
    server.freeze();
    server.drop_connections();
    put(&server, "a", 1.5);
    put(&server, "d", 4.0);
    put(&server, "b", 2.0);
    server.thaw();
    let mut changes = read(&mut updates, 2).await;
    changes.sort_unstable();
    assert_eq!(changes, ["upsert a 1.5", "upsert d 4"]);
    put(&server, "e", 5.0);
    read(&mut updates, 1).await;
    assert_eq!(
        names(&soon(hs.list::<Game>()).await),
        ["e", "b", "d", "a", "c"]
    );
}

#[tokio::test]
async fn positions_are_compared_as_numbers() {
    let server = games().start().await.unwrap();
    // Sorted as text, or by index, slot 99999999 would come last.
    for (slot, key) in [(99_999_999, "a"), (100_000_000, "b"), (100_000_001, "c")] {
        server.set_seq(hyperstack_sdk::testing::SeqSource::FromSlot(slot));
        put(&server, key, 0.0);
    }
    let hs = client(&server).connect().await.unwrap();
    assert_eq!(names(&soon(hs.list::<Game>()).await), ["c", "b", "a"]);
}

#[tokio::test]
async fn a_window_is_the_servers() {
    let server = games().start().await.unwrap();
    let scores = [3.5, 1.0, 2.25, 9.0, 2.5, 9.0, -4.0];
    for (n, score) in scores.into_iter().enumerate() {
        put(&server, &format!("k{n}"), score);
    }
    let hs = client(&server).connect().await.unwrap();
    let top = hs.views::<GameViews>().top();
    let mut updates = top.watch();
    read(&mut updates, 3).await;
    let window = || {
        let rows = server.window("Game/top").unwrap().into_iter();
        rows.map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(names(&soon(top.get()).await), window());
    for (n, (key, score)) in [("k6", 10.0), ("k3", 0.0), ("k1", 9.5), ("k6", 9.0)]
        .into_iter()
        .enumerate()
    {
        put(&server, key, score);
        // A row that never leaves the window shows when the whole change has arrived.
        server.patch("Game", "k5", json!({"score": 9.25, "note": n.to_string()}));
        loop {
            let update = next(&mut updates).await;
            let note = update.data().and_then(|row| row.note.clone());
            if note == Some(n.to_string()) {
                break;
            }
        }
        // The rest of the window follows in order on the same connection.
        soon(server.wait_idle()).await;
        let mut faults = hs.faults();
        settled(&server, &mut faults).await;
        assert_eq!(names(&soon(top.get()).await), window());
    }
}

#[tokio::test]
async fn a_window_keeps_its_length_while_rows_change_places() {
    let server = games().start().await.unwrap();
    for (key, score) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)] {
        put(&server, key, score);
    }
    let hs = client(&server).connect().await.unwrap();
    let mut updates = hs.views::<GameViews>().top().watch();
    read(&mut updates, 3).await;
    let (mut held, mut deletes) = (3, 0);
    // `a` takes the last place, then `b` the second.
    put(&server, "a", 2.5);
    put(&server, "b", 3.5);
    while deletes < 2 {
        match next(&mut updates).await {
            Update::Delete { .. } => {
                held -= 1;
                deletes += 1;
            }
            _ => held += 1,
        }
        assert!(held >= 3, "{held} rows of 3");
    }
}

#[tokio::test]
async fn a_row_that_left_without_a_successor_is_deleted() {
    let server = games().start().await.unwrap();
    put(&server, "a", 1.0);
    put(&server, "b", 2.0);
    let hs = client(&server).connect().await.unwrap();
    let top = hs.views::<GameViews>().top();
    let mut updates = top.watch();
    read(&mut updates, 2).await;
    server.delete("Game", "b");
    assert_eq!(read(&mut updates, 1).await, ["delete b"]);
    server.delete("Game", "a");
    assert_eq!(read(&mut updates, 1).await, ["delete a"]);
    assert_eq!(soon(top.get()).await, []);
}
