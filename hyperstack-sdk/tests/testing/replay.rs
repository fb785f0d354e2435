//! Recordings, played back to subscribers.

use hyperstack_sdk::testing::{Entry, Kind, Pace, Recording, ServerError, Side, Sort, TestServer};
use serde_json::{json, Value};

use crate::client::{keys, Client};
use crate::v1_server;

fn entry(ms: u64, from: Side, message: Value) -> Entry {
    let snapshot = message["op"] == "snapshot";
    Entry {
        ms,
        from,
        kind: if from == Side::Client {
            Kind::Text
        } else {
            Kind::Binary
        },
        gzip: snapshot,
        text: message.to_string(),
    }
}

fn snapshot(view: &str, mode: &str, keys: &[&str], complete: bool) -> Value {
    let rows: Vec<_> = keys
        .iter()
        .map(|key| json!({"key": key, "data": {"n": key}}))
        .collect();
    json!({"mode": mode, "entity": view, "op": "snapshot", "data": rows, "complete": complete})
}

fn patch(view: &str, mode: &str, key: &str, n: u64) -> Value {
    json!({"mode": mode, "entity": view, "op": "patch", "key": key, "data": {"n": n}})
}

/// A list, a derived view and one keyed state, interleaved as they are on the wire.
fn recording() -> Recording {
    use Side::{Client, Server};
    let (list, top, state) = ("Round/list", "Round/top", "Round/state");
    [
        entry(0, Client, json!({"type": "subscribe", "view": list})),
        entry(
            1,
            Client,
            json!({"type": "subscribe", "view": top, "take": 1}),
        ),
        entry(
            2,
            Client,
            json!({"type": "subscribe", "view": state, "key": "b"}),
        ),
        entry(
            10,
            Server,
            json!({"op": "subscribed", "view": list, "mode": "list",
            "sort": {"field": ["_seq"], "order": "desc"}}),
        ),
        entry(11, Server, snapshot(list, "list", &["a", "b"], false)),
        entry(11, Server, snapshot(list, "list", &["c"], true)),
        entry(
            12,
            Server,
            json!({"op": "subscribed", "view": top, "mode": "list",
            "sort": {"field": ["n"], "order": "desc"}}),
        ),
        entry(12, Server, snapshot(top, "list", &["c"], true)),
        entry(
            13,
            Server,
            json!({"op": "subscribed", "view": state, "mode": "state"}),
        ),
        entry(13, Server, snapshot(state, "state", &["b"], true)),
        entry(1_010, Server, patch(list, "list", "a", 1)),
        entry(
            1_010,
            Server,
            json!({"mode": "list", "entity": top, "op": "upsert", "key": "c",
            "data": {"n": "c"}}),
        ),
        entry(61_010, Server, patch(list, "list", "b", 2)),
        entry(61_010, Server, patch(state, "state", "b", 2)),
    ]
    .into_iter()
    .collect()
}

async fn replaying(pace: Pace) -> (TestServer, Client) {
    let server = v1_server().replay(recording(), pace).start().await.unwrap();
    let client = Client::connect(&server).await;
    (server, client)
}

/// Returns the recorded messages of a view.
fn recorded(view: &str) -> Vec<Value> {
    let recording = recording();
    let frames = recording.iter().filter(|entry| entry.from == Side::Server);
    frames
        .map(|entry| serde_json::from_str::<Value>(&entry.text).unwrap())
        .filter(|frame| frame["entity"] == view || frame["view"] == view)
        .collect()
}

#[tokio::test]
async fn each_view_plays_its_own_frames_as_recorded() {
    let (server, mut client) = replaying(Pace::Instant).await;
    for view in ["Round/top", "Round/list"] {
        client.subscribe(view).await;
        let expected = recorded(view);
        for frame in expected {
            let got = client.next().await.unwrap();
            assert_eq!(got.gzip, frame["op"] == "snapshot");
            assert_eq!(got.value, frame);
        }
    }
    server.wait_replayed().await;
    assert_eq!(client.drain("Round").await, []);
}

#[tokio::test]
async fn a_keyed_recording_is_for_its_key() {
    let (_server, mut client) = replaying(Pace::Instant).await;
    client.say(json!({"view": "Round/state", "key": "b"})).await;
    assert_eq!(client.frames(3).await, recorded("Round/state"));
    for request in [
        json!({"view": "Round/state", "key": "other"}),
        json!({"view": "Round/list", "key": "nobody", "withSnapshot": false}),
        json!({"view": "Round/list", "key": "stranger"}),
    ] {
        client.say(request.clone()).await;
        let got = client.drain("Round").await;
        assert_eq!(got.len(), 1, "{request}");
        assert_eq!(got[0].value["op"], "subscribed");
    }
}

#[tokio::test]
async fn a_key_takes_its_part_of_a_recorded_list() {
    let (_server, mut client) = replaying(Pace::Instant).await;
    client.say(json!({"view": "Round/list", "key": "b"})).await;
    let frames = client.frames(3).await;
    assert_eq!(keys(&frames[1]), ["b"]);
    assert_eq!(frames[1]["complete"], true);
    assert_eq!(frames[2]["data"]["n"], 2);
    assert_eq!(client.drain("Round").await, []);
}

#[tokio::test]
async fn a_derived_view_ignores_the_key_and_with_snapshot_false() {
    let (_server, mut client) = replaying(Pace::Instant).await;
    client
        .say(json!({"view": "Round/top", "key": "x", "withSnapshot": false}))
        .await;
    assert_eq!(client.frames(3).await, recorded("Round/top"));
}

#[tokio::test(start_paused = true)]
async fn live_frames_keep_their_recorded_delays() {
    for (pace, waits) in [
        (Pace::Recorded, [1_000, 61_000]),
        (Pace::Speed(2.0), [500, 30_500]),
    ] {
        let (server, mut client) = replaying(pace).await;
        let start = tokio::time::Instant::now();
        client.subscribe("Round/list").await;
        client.frames(3).await;
        for wait in waits {
            assert_eq!(client.frame().await["op"], "patch");
            // A paused clock moves only when the runtime is idle.
            assert!(start.elapsed().as_millis() >= wait, "{pace:?}");
        }
        server.wait_replayed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn unsubscribing_ends_a_playback() {
    let (server, mut client) = replaying(Pace::Recorded).await;
    client.subscribe("Round/list").await;
    client
        .say(json!({"type": "unsubscribe", "view": "Round/list"}))
        .await;
    let start = tokio::time::Instant::now();
    client.frames(3).await;
    server.wait_for_subscriptions(|live| live.is_empty()).await;
    server.wait_replayed().await;
    assert!(start.elapsed().as_millis() < 61_000);
}

#[tokio::test]
async fn a_recording_of_a_generated_session_plays_back() {
    let server = v1_server()
        .view("Round/top", Sort::desc("n"), 3)
        .start()
        .await
        .unwrap();
    for n in 0..120 {
        server.upsert(
            "Round",
            &n.to_string(),
            json!({"n": n, "text": "a".repeat(n)}),
        );
    }
    let mut client = Client::connect(&server).await;
    let mut session = Recording::default();
    for view in ["Round/list", "Round/top"] {
        let request = json!({"type": "subscribe", "view": view});
        session.push(entry(0, Side::Client, request.clone()));
        client.say(request).await;
    }
    let mut got = client.drain("Round").await;
    for n in 0..40 {
        server.patch("Round", &n.to_string(), json!({"n": 200 - n}));
    }
    got.extend(client.drain("Round").await);
    session.extend(got.iter().map(|got| Entry {
        gzip: got.gzip,
        ..entry(0, Side::Server, got.value.clone())
    }));

    let mut lines = Vec::new();
    session.write(&mut lines).unwrap();
    let session = Recording::from_reader(&lines[..]).unwrap();
    assert_eq!(session.views(), ["Round/list", "Round/top"]);
    let player = v1_server()
        .replay(session, Pace::Instant)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&player).await;
    for view in ["Round/list", "Round/top"] {
        client.subscribe(view).await;
        let of_view =
            |got: &&crate::client::Got| got.value["entity"] == view || got.value["view"] == view;
        for expected in got.iter().filter(of_view) {
            assert_eq!(client.next().await.as_ref(), Some(expected));
        }
    }
}

#[tokio::test]
async fn an_invalid_speed_is_an_error() {
    let builder = v1_server().replay(recording(), Pace::Speed(0.0));
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, ServerError::Speed(_)));
}
