//! Subscribing: the answer, and the rows of the first snapshot.

use hyperstack_sdk::testing::{Mode, SeqSource, Sort, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};

use super::{builder, scored, snapshot_keys};
use crate::client::{keys, Client};

#[tokio::test]
async fn a_list_is_answered_with_its_query_and_one_authoritative_snapshot() {
    let server = builder().seq(SeqSource::FromSlot(7)).start().await.unwrap();
    server.upsert("Round", "1", json!({"n": 1}));
    let mut client = Client::connect(&server).await;
    let answer = client.open("l", json!({"view": "Round/list"})).await;
    assert_eq!(
        answer[0],
        json!({"protocolVersion": 2, "subscriptionId": "l", "op": "subscribed",
               "query": {"view": "Round/list"}, "mode": "list",
               "sort": {"field": ["_seq"], "order": "desc"}, "wholeEntities": true})
    );
    let mut snapshot = answer[1].clone();
    assert!(snapshot["snapshotId"].take().is_string());
    assert_eq!(
        snapshot,
        json!({"protocolVersion": 2, "subscriptionId": "l", "snapshotId": null,
               "authoritative": true, "mode": "list", "entity": "Round/list", "op": "snapshot",
               "data": [{"key": "1", "data": {"_seq": "7:000000000000",
                                              "_version": "5ab904cc:1", "n": 1}}],
               "complete": true})
    );
}

#[tokio::test]
async fn an_empty_view_ends_its_snapshot_too() {
    let (_server, mut client) = scored(&[]).await;
    for (id, query) in [
        ("list", json!({"view": "Round/list"})),
        ("append", json!({"view": "Round/append"})),
        ("top", json!({"view": "Round/top"})),
        ("state", json!({"view": "Round/state", "key": "1"})),
    ] {
        let answer = client.open(id, query).await;
        assert_eq!(answer.len(), 2, "{id}");
        assert_eq!(answer[1]["data"], json!([]), "{id}");
        assert_eq!(answer[1]["complete"], true, "{id}");
    }
}

#[tokio::test]
async fn a_large_snapshot_is_batched_and_compressed_and_live_frames_are_not() {
    let (server, mut client) = scored(&[]).await;
    for n in 0..220 {
        server.upsert("Round", &n.to_string(), json!({"n": n}));
    }
    client.ask("l", json!({"view": "Round/list"})).await;
    let got = client.drain_v2().await;
    let gzip: Vec<_> = got.iter().map(|got| got.gzip).collect();
    assert_eq!(gzip, [false, true, true, true]);
    let batches: Vec<_> = got[1..].iter().map(|got| &got.value).collect();
    let sizes: Vec<_> = batches.iter().map(|batch| keys(batch).len()).collect();
    assert_eq!(sizes, [50, 100, 70]);
    let complete: Vec<_> = batches.iter().map(|batch| &batch["complete"]).collect();
    assert_eq!(complete, [&json!(false), &json!(false), &json!(true)]);
    assert!(batches
        .iter()
        .all(|it| it["snapshotId"] == batches[0]["snapshotId"]));
    let all: Vec<_> = batches.iter().flat_map(|batch| keys(batch)).collect();
    let expected: Vec<_> = (0..220).rev().map(|n| n.to_string()).collect();
    assert_eq!(all, expected);

    server.upsert("Round", "new", json!({"text": "a".repeat(2000)}));
    let live = client.next().await.unwrap();
    assert!(!live.gzip && !live.text);
    assert_eq!(live.value["op"], "upsert");
}

#[tokio::test]
async fn a_derived_view_announces_its_limit_and_caps_a_larger_one() {
    let (_server, mut client) = scored(&[("a", 1), ("b", 2), ("c", 3)]).await;
    let answer = client.open("1", json!({"view": "Round/top"})).await;
    assert_eq!(answer[0]["query"], json!({"view": "Round/top", "take": 2}));
    assert_eq!(
        answer[0]["sort"],
        json!({"field": ["score"], "order": "desc"})
    );
    assert_eq!(snapshot_keys(&answer), ["c", "b"]);
    let answer = client
        .open("2", json!({"view": "Round/top", "take": 50}))
        .await;
    assert_eq!(answer[0]["query"]["take"], 50);
    assert_eq!(snapshot_keys(&answer), ["c", "b"]);
}

#[tokio::test]
async fn a_derived_view_without_a_limit_announces_none() {
    let builder = TestServer::builder().protocol(Protocol::V2);
    let builder = builder.view_unlimited("Round/all", Sort::asc("n"));
    let server = builder.start().await.unwrap();
    for n in 0..120 {
        server.upsert("Round", &n.to_string(), json!({"n": n}));
    }
    let mut client = Client::connect(&server).await;
    let answer = client.open("1", json!({"view": "Round/all"})).await;
    assert_eq!(answer[0]["query"], json!({"view": "Round/all"}));
    assert_eq!(snapshot_keys(&answer).len(), 120);
}

#[tokio::test]
async fn a_query_selects_by_key_filter_partition_and_window() {
    let (server, mut client) = scored(&[]).await;
    for (key, miners, partition) in [("a", 1, "x"), ("b", 3, "y"), ("c", 3, "x"), ("d", 3, "x")] {
        let row = json!({"state": {"miners": miners}, "none": null, "_partition": partition});
        server.upsert("Round", key, row);
    }
    for (n, (query, expected)) in [
        (json!({"key": "b"}), vec!["b"]),
        (json!({"filters": {"state.miners": 3}}), vec!["d", "c", "b"]),
        (json!({"filters": {"state.miners": 3.0}}), vec![]),
        (json!({"filters": {"state.miners": "3"}}), vec![]),
        (json!({"filters": {"none": null}, "take": 1}), vec!["d"]),
        (json!({"filters": {"missing": null}}), vec![]),
        (
            json!({"filters": {"state.miners": 3}, "skip": 1, "take": 1}),
            vec!["c"],
        ),
        (json!({"partition": "x"}), vec!["d", "c", "a"]),
        (
            json!({"partition": "x", "filters": {"state.miners": 1}}),
            vec!["a"],
        ),
        (json!({"skip": 3}), vec!["a"]),
        (json!({"snapshotLimit": 2}), vec!["d", "c"]),
        (json!({"take": 3, "snapshotLimit": 2}), vec!["d", "c"]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut query = query;
        query["view"] = json!("Round/list");
        let answer = client.open(&n.to_string(), query.clone()).await;
        assert_eq!(snapshot_keys(&answer), expected, "{query}");
        assert_eq!(answer[0]["query"], query);
    }
    let state = json!({"view": "Round/state", "key": "b", "filters": {"state.miners": 1}});
    let answer = client.open("state", state).await;
    assert_eq!(snapshot_keys(&answer), [""; 0]);
    assert_eq!(answer[1]["key"], "b");
}

#[tokio::test]
async fn a_cursor_gives_a_partial_snapshot_oldest_first() {
    let server = builder().start().await.unwrap();
    for (key, slot) in [("a", 99), ("b", 100), ("c", 101)] {
        server.set_seq(SeqSource::FromSlot(slot));
        server.upsert("Round", key, json!({"score": slot}));
    }
    server.set_seq(SeqSource::Off);
    server.upsert("Round", "never", json!({}));
    let mut client = Client::connect(&server).await;
    for (n, (query, expected)) in [
        (json!({"after": "99:000000000000"}), vec!["b", "c"]),
        (json!({"after": "99:000000000000", "take": 1}), vec!["b"]),
        (json!({"after": "garbage"}), vec!["a", "b", "c"]),
        (json!({"after": "999:0"}), vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut query = query;
        query["view"] = json!("Round/list");
        let answer = client.open(&n.to_string(), query.clone()).await;
        assert_eq!(snapshot_keys(&answer), expected, "{query}");
        assert_eq!(answer[1]["authoritative"], false);
    }
    // A derived view keeps its order.
    let derived = json!({"view": "Round/top", "after": "99:000000000000"});
    let answer = client.open("derived", derived).await;
    assert_eq!(snapshot_keys(&answer), ["c", "b"]);
}

#[tokio::test]
async fn rows_are_sent_as_the_test_wrote_them() {
    let (server, mut client) = scored(&[]).await;
    let row = json!({"wide": u64::MAX, "text": "7", "float": 1e17, "null": null});
    server.upsert("Round", "1", row.clone());
    let answer = client.open("l", json!({"view": "Round/list"})).await;
    let mut sent = answer[1]["data"][0]["data"].clone();
    let fields = sent.as_object_mut().unwrap();
    fields.remove("_seq").unwrap();
    fields.remove("_version").unwrap();
    assert_eq!(sent, row);
}

#[tokio::test]
async fn a_scripted_view_is_confirmed_with_its_query() {
    let (server, mut client) = scored(&[]).await;
    server.scripted_view("Raw/tape", Mode::Append, None);
    let answer = client
        .open("t", json!({"view": "Raw/tape", "take": 3}))
        .await;
    assert_eq!(
        answer,
        [
            json!({"protocolVersion": 2, "subscriptionId": "t", "op": "subscribed",
                "query": {"view": "Raw/tape", "take": 3}, "mode": "append",
                "wholeEntities": true})
        ]
    );
    assert_eq!(server.subscription_ids("Raw/tape"), ["t"]);
}

#[tokio::test]
async fn null_query_fields_count_as_absent() {
    let (_server, mut client) = scored(&[]).await;
    let query = json!({"view": "Round/list", "key": null, "take": null, "filters": null});
    let answer = client.open("l", query).await;
    assert_eq!(answer[0]["query"], json!({"view": "Round/list"}));
}

#[tokio::test]
async fn rows_are_ordered_by_kind_and_value_with_null_last() {
    let builder = TestServer::builder().protocol(Protocol::V2);
    let server = builder
        .view_unlimited("Row/down", Sort::desc("v"))
        .view_unlimited("Row/up", Sort::asc("v"))
        .start()
        .await
        .unwrap();
    let values = json!([null, 5, "9", "10", true, "Alice", "bob", "éa", 5]);
    for (key, value) in values.as_array().unwrap().iter().enumerate() {
        server.upsert("Row", &key.to_string(), json!({"v": value}));
    }
    server.upsert("Row", "none", json!({}));
    let mut client = Client::connect(&server).await;
    let down = client.open("d", json!({"view": "Row/down"})).await;
    let expected = ["7", "6", "5", "3", "2", "1", "8", "4", "0", "none"];
    assert_eq!(snapshot_keys(&down), expected);
    let up = client.open("u", json!({"view": "Row/up"})).await;
    let expected = ["4", "1", "8", "2", "3", "5", "6", "7", "0", "none"];
    assert_eq!(snapshot_keys(&up), expected);
    let window: Vec<(String, Value)> = server.window("Row/up").unwrap();
    assert_eq!(window[0].0, "4");
}
