//! Subscribing: which requests get an answer, and which rows.

use hyperstack_sdk::testing::{Refresh, Seq, SeqSource, Sort, TestServer};
use serde_json::json;

use crate::client::{keys, Client};
use crate::v1_server;

async fn rounds(count: usize) -> (TestServer, Client) {
    let server = v1_server().entity("Round").start().await.unwrap();
    for n in 0..count {
        server.upsert("Round", &n.to_string(), json!({"n": n}));
    }
    let client = Client::connect(&server).await;
    (server, client)
}

#[tokio::test]
async fn a_snapshot_comes_in_batches_most_recent_first() {
    let (_server, mut client) = rounds(220).await;
    client.subscribe("Round/list").await;
    assert_eq!(
        client.frame().await,
        json!({"op": "subscribed", "view": "Round/list", "mode": "list",
               "sort": {"field": ["_seq"], "order": "desc"}})
    );
    let batches = client.frames(3).await;
    let sizes: Vec<_> = batches.iter().map(|batch| keys(batch).len()).collect();
    assert_eq!(sizes, [50, 100, 70]);
    let complete: Vec<_> = batches.iter().map(|batch| &batch["complete"]).collect();
    assert_eq!(complete, [&json!(false), &json!(false), &json!(true)]);
    let all: Vec<_> = batches.iter().flat_map(keys).collect();
    let expected: Vec<_> = (0..220).rev().map(|n| n.to_string()).collect();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn only_big_snapshots_are_compressed() {
    let (server, mut client) = rounds(1).await;
    client.subscribe("Round/list").await;
    let got = client.drain("Round").await;
    assert!(got.iter().all(|message| !message.gzip && !message.text));

    server.upsert("Round", "0", json!({"text": "a".repeat(2000)}));
    let patch = client.next().await.unwrap();
    assert!(!patch.gzip && patch.value["op"] == "patch");

    client.say(json!({"view": "Round/state", "key": "0"})).await;
    let got = client.drain("Round").await;
    let gzip: Vec<_> = got.iter().map(|message| message.gzip).collect();
    assert_eq!(gzip, [false, true]);
}

#[tokio::test]
async fn an_empty_view_is_confirmed_and_silent() {
    let (_server, mut client) = rounds(0).await;
    client.subscribe("Round/list").await;
    let got = client.drain("Round").await;
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].value["op"], "subscribed");
}

#[tokio::test]
async fn invalid_requests_get_no_reply() {
    let (server, mut client) = rounds(1).await;
    for message in [
        json!({"type": "subscribe", "view": "Round/unknown"}),
        json!({"type": "subscribe", "view": "Round/list", "take": -1}),
        json!({"type": "subscribe", "view": "Round/list", "key": 5}),
        json!({"type": "unsubscribe", "view": "Round/list"}),
        json!({"type": "ping"}),
        json!(["nonsense"]),
    ] {
        client.say(message).await;
    }
    assert_eq!(client.drain("Round").await, []);
    assert_eq!(server.messages()[0]["view"], "Round/unknown");
}

#[tokio::test]
async fn a_duplicate_ends_the_first_subscription_until_it_is_unsubscribed() {
    let (server, mut client) = rounds(0).await;
    client.subscribe("Round/list").await;
    client.frame().await;
    assert_eq!(server.subscriptions(), [("Round/list".to_owned(), None)]);

    client.subscribe("Round/list").await;
    // The key that stands for no key collides too.
    client.say(json!({"view": "Round/list", "key": "*"})).await;
    assert_eq!(client.drain("Round").await, []);
    server.upsert("Round", "1", json!({}));
    assert_eq!(client.drain("Round").await, []);

    client
        .say(json!({"type": "unsubscribe", "view": "Round/list"}))
        .await;
    client.subscribe("Round/list").await;
    let got = client.drain("Round").await;
    assert_eq!(got.len(), 2);
    server.upsert("Round", "1", json!({}));
    assert_eq!(client.frame().await["op"], "patch");
}

#[tokio::test]
async fn a_key_filters_lists_and_selects_states() {
    let (server, mut client) = rounds(3).await;
    client.say(json!({"view": "Round/list", "key": "1"})).await;
    assert_eq!(client.frame().await["view"], "Round/list");
    assert_eq!(keys(&client.frame().await), ["1"]);

    client.say(json!({"view": "Round/state", "key": "2"})).await;
    assert_eq!(
        client.frame().await,
        json!({"op": "subscribed", "view": "Round/state", "mode": "state"})
    );
    let state = client.frame().await;
    assert_eq!((&state["mode"], keys(&state)), (&json!("state"), vec!["2"]));

    for key in ["0", "1", "2"] {
        server.patch("Round", key, json!({"n": 9}));
    }
    let got = client.drain("Round").await;
    let arrived: Vec<_> = got
        .iter()
        .map(|got| (got.value["entity"].as_str(), got.value["key"].as_str()))
        .collect();
    assert_eq!(
        arrived,
        [
            (Some("Round/list"), Some("1")),
            (Some("Round/state"), Some("2"))
        ]
    );

    // Without a key, a state view sends nothing.
    client.subscribe("Round/state").await;
    assert_eq!(client.drain("Round").await.len(), 1);
}

#[tokio::test]
async fn a_cursor_reduces_the_snapshot_numerically() {
    let server = v1_server().entity("Round").start().await.unwrap();
    for (key, slot) in [("a", 99), ("b", 100), ("c", 101)] {
        server.set_seq(SeqSource::FromSlot(slot));
        server.upsert("Round", key, json!({}));
    }
    server.set_seq(SeqSource::Off);
    server.upsert("Round", "never", json!({}));

    let mut client = Client::connect(&server).await;
    let mut ask = async |more: serde_json::Value| {
        let mut request = json!({"view": "Round/list"});
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        client.say(request).await;
        let got = client.drain("Round").await;
        let mut unsubscribe = json!({"type": "unsubscribe", "view": "Round/list"});
        unsubscribe["key"] = more["key"].clone();
        client.say(unsubscribe).await;
        got.iter()
            .skip(1)
            .flat_map(|got| keys(&got.value))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let after = Seq::new(99, 0).to_string();
    assert_eq!(ask(json!({"after": after})).await, ["b", "c"]);
    assert_eq!(
        ask(json!({"after": after, "snapshotLimit": 1})).await,
        ["b"]
    );
    assert_eq!(ask(json!({"after": "garbage"})).await, ["a", "b", "c"]);
    assert_eq!(ask(json!({"after": "101:1"})).await, [""; 0]);
    assert_eq!(ask(json!({"snapshotLimit": 2})).await, ["c", "b"]);
    assert_eq!(ask(json!({"snapshotLimit": 1, "key": "a"})).await, [""; 0]);
    assert_eq!(ask(json!({"withSnapshot": false})).await, [""; 0]);
    assert_eq!(ask(json!({})).await, ["never", "c", "b", "a"]);
}

#[tokio::test]
async fn the_limit_of_subscriptions_is_an_error_in_text() {
    let server = v1_server()
        .view("Round/latest", Sort::desc("n"), 1)
        .max_subscriptions(1)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&server).await;
    client.subscribe("Round/list").await;
    client.frame().await;
    client.subscribe("Round/latest").await;
    let issue = client.next().await.unwrap();
    assert!(issue.text);
    assert_eq!(issue.value["type"], "error");
    assert_eq!(issue.value["code"], "subscription-limit-exceeded");
    assert_eq!(issue.value["fatal"], false);
}

#[tokio::test]
async fn a_new_token_is_answered_as_set() {
    let server = v1_server().start().await.unwrap();
    let mut client = Client::connect(&server).await;
    let refresh = json!({"type": "refresh_auth", "token": "new"});
    client.say(refresh.clone()).await;
    let reply = client.next().await.unwrap();
    assert!(reply.text);
    assert_eq!(
        reply.value,
        json!({"success": false, "error": "token-invalid"})
    );
    server.set_refresh(Refresh::Accept { expires_at: 99 });
    client.say(refresh).await;
    assert_eq!(
        client.frame().await,
        json!({"success": true, "expiresAt": 99})
    );
}
