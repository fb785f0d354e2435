//! Recordings of v2 servers, played back.

use std::path::{Path, PathBuf};

use hyperstack_sdk::testing::{Entry, Kind, Pace, Recording, Side, TestServer};
use hyperstack_sdk::Protocol;
use serde_json::{json, Value};

use super::values;
use crate::client::{Client, Got};

fn path(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings/v2");
    root.join(name)
}

fn entry(ms: u64, from: Side, message: Value) -> Entry {
    Entry {
        ms,
        from,
        kind: if from == Side::Client {
            Kind::Text
        } else {
            Kind::Binary
        },
        gzip: false,
        text: message.to_string(),
    }
}

fn asked(ms: u64, id: &str, query: Value) -> Entry {
    let request = json!({
        "type": "subscribe", "protocolVersion": 2, "subscriptionId": id, "query": query
    });
    entry(ms, Side::Client, request)
}

fn answered(ms: u64, id: &str, query: Value) -> Entry {
    let answer = json!({
        "protocolVersion": 2, "subscriptionId": id, "op": "subscribed", "query": query,
        "mode": "list", "wholeEntities": true
    });
    entry(ms, Side::Server, answer)
}

fn sent(ms: u64, id: &str, op: &str, key: &str) -> Entry {
    let frame = json!({
        "protocolVersion": 2, "subscriptionId": id, "mode": "list", "entity": "Round/list",
        "op": op, "key": key, "data": {"subscriptionId": id}
    });
    entry(ms, Side::Server, frame)
}

fn snapshot(ms: u64, id: &str, complete: bool) -> Entry {
    let frame = json!({
        "protocolVersion": 2, "subscriptionId": id, "snapshotId": "s", "authoritative": true,
        "mode": "list", "entity": "Round/list", "op": "snapshot", "data": [], "complete": complete
    });
    entry(ms, Side::Server, frame)
}

async fn replaying(entries: impl IntoIterator<Item = Entry>, pace: Pace) -> (TestServer, Client) {
    let recording = entries.into_iter().collect();
    let server = TestServer::builder().replay(recording, pace);
    let server = server.start().await.unwrap();
    let client = Client::connect(&server).await;
    (server, client)
}

/// Two subscriptions whose frames are mixed.
fn session() -> Vec<Entry> {
    let list = || json!({"view": "Round/list"});
    let open = || json!({"view": "Round/list", "filters": {"open": true}, "take": 2});
    vec![
        asked(0, "l", list()),
        answered(10, "l", list()),
        snapshot(11, "l", false),
        asked(12, "o", open()),
        answered(13, "o", open()),
        snapshot(14, "o", true),
        snapshot(15, "l", true),
        sent(1_010, "l", "upsert", "1"),
        sent(1_013, "o", "upsert", "2"),
        snapshot(2_010, "l", true),
    ]
}

#[tokio::test]
async fn a_query_gets_its_own_frames_under_the_clients_id() {
    let (server, mut client) = replaying(session(), Pace::Instant).await;
    let query = json!({"take": 2, "filters": {"open": true}, "view": "Round/list"});
    let frames = client.open("mine", query).await;
    let ops: Vec<_> = frames.iter().map(|frame| &frame["op"]).collect();
    assert_eq!(ops, ["subscribed", "snapshot", "upsert"]);
    assert!(frames.iter().all(|frame| frame["subscriptionId"] == "mine"));
    assert_eq!(frames[2]["data"], json!({"subscriptionId": "o"}));
    assert_eq!(server.subscription_ids("Round/list"), ["mine"]);
    client.unsubscribe("mine").await;
    assert_eq!(client.frame().await["op"], "unsubscribed");
}

#[tokio::test(start_paused = true)]
async fn the_answer_comes_at_once_and_later_frames_keep_their_delays() {
    let (server, mut client) = replaying(session(), Pace::Recorded).await;
    let start = tokio::time::Instant::now();
    client.ask("l", json!({"view": "Round/list"})).await;
    let answer = client.frames(3).await;
    assert_eq!(answer[2]["complete"], true);
    assert_eq!(client.frame().await["op"], "upsert");
    assert!(start.elapsed().as_millis() >= 1_000);
    assert_eq!(client.frame().await["op"], "snapshot");
    assert!(start.elapsed().as_millis() >= 2_000);
    server.wait_replayed().await;
}

#[tokio::test]
async fn a_query_that_was_recorded_twice_plays_both_in_turn() {
    let list = || json!({"view": "Round/list"});
    let recording = [
        asked(0, "l", list()),
        answered(1, "l", list()),
        sent(2, "l", "upsert", "first"),
        asked(3, "l", list()),
        answered(4, "l", list()),
        sent(5, "l", "upsert", "second"),
    ];
    let (_server, mut client) = replaying(recording, Pace::Instant).await;
    for (id, key) in [("1", "first"), ("2", "second"), ("3", "first")] {
        let frames = client.open(id, list()).await;
        assert_eq!(frames[1]["key"], key, "{id}");
    }
}

#[tokio::test]
async fn a_query_matches_as_the_server_repeated_it() {
    let recording = [
        asked(0, "d", json!({"view": "Round/latest"})),
        answered(1, "d", json!({"view": "Round/latest", "take": 1})),
    ];
    let (_server, mut client) = replaying(recording, Pace::Instant).await;
    let query = json!({"view": "Round/latest", "take": 1});
    assert_eq!(client.open("mine", query).await[0]["op"], "subscribed");
}

#[tokio::test]
async fn another_query_of_a_recorded_view_is_rejected() {
    let (_server, mut client) = replaying(session(), Pace::Instant).await;
    let answer = client
        .open("k", json!({"view": "Round/list", "key": "1"}))
        .await;
    assert_eq!(answer[0]["code"], "subscription-rejected");
    assert_eq!(
        answer[0]["message"],
        r#"the recording does not have the query {"view":"Round/list","key":"1"}"#
    );
}

#[tokio::test]
async fn every_recording_gives_each_query_what_was_recorded() {
    let mut names = Vec::new();
    for file in std::fs::read_dir(path("")).unwrap() {
        names.push(file.unwrap().file_name().into_string().unwrap());
    }
    names.sort_unstable();
    assert_eq!(names.len(), 12);
    for name in names {
        let recording = Recording::open(path(&name)).unwrap();
        assert_eq!(recording.protocol(), Protocol::V2, "{name}");
        let expected = recorded(&recording);
        let server = TestServer::builder().replay(recording, Pace::Instant);
        let server = server.start().await.unwrap();
        let mut client = Client::connect(&server).await;
        for (n, (request, frames)) in expected.iter().enumerate() {
            let id = format!("mine {n}");
            let mut request = request.clone();
            request["subscriptionId"] = json!(id);
            client.say(request.clone()).await;
            let got = client.drain_v2().await;
            assert_eq!(got.len(), frames.len(), "{name}: {request}");
            for (got, frame) in got.into_iter().zip(frames) {
                let mut expected = frame.clone();
                expected.value["subscriptionId"] = json!(id);
                assert_eq!(got, expected, "{name}: {request}");
            }
            client.unsubscribe(&id).await;
            client.frame().await;
        }
    }
}

/// Returns the recorded requests that were subscribed or rejected, with their frames. This is an independent
/// implementation: an id belongs to its last request until it is unsubscribed. Tapes are left out: they are not played
/// frame by frame.
fn recorded(recording: &Recording) -> Vec<(Value, Vec<Got>)> {
    let mut requests: Vec<Value> = Vec::new();
    let mut sessions: Vec<(Value, Vec<Got>)> = Vec::new();
    let mut ended: Vec<usize> = Vec::new();
    let mut tapes: Vec<Value> = Vec::new();
    for entry in recording {
        let Ok(value) = serde_json::from_str::<Value>(&entry.text) else {
            continue;
        };
        if entry.from == Side::Client {
            let is_request = value["type"] == "subscribe" && value["protocolVersion"] == 2;
            requests.extend((is_request && value["query"].is_object()).then_some(value));
            continue;
        }
        let id = &value["subscriptionId"];
        if value["op"] == "subscribed" {
            tapes.retain(|tape| tape != id);
        }
        if value["replayWindow"].is_object() {
            let index = requests.iter().position(|it| it["subscriptionId"] == *id);
            requests.remove(index.unwrap());
            tapes.push(id.clone());
        }
        if tapes.contains(id) {
            continue;
        }
        let is_rejected = value["code"] == "subscription-rejected";
        if value["op"] == "subscribed" || is_rejected {
            // The answer repeats the query, with a declared limit; a rejection does not.
            let index = requests.iter().position(|request| {
                let asked = request["query"].as_object().unwrap();
                let is_same = || asked.iter().all(|(name, it)| value["query"][name] == *it);
                request["subscriptionId"] == *id && (is_rejected || is_same())
            });
            sessions.push((requests.remove(index.unwrap()), Vec::new()));
        }
        let session = sessions
            .iter()
            .rposition(|(it, _)| it["subscriptionId"] == *id);
        let Some(session) = session.filter(|session| !ended.contains(session)) else {
            continue;
        };
        if value["op"] == "unsubscribed" {
            ended.push(session);
        } else if value["type"] != "error" || is_rejected || entry.kind == Kind::Binary {
            sessions[session].1.push(Got {
                value,
                gzip: entry.gzip,
                text: entry.kind == Kind::Text,
            });
        }
    }
    sessions
}

#[tokio::test]
async fn the_frames_of_a_recording_lead_to_its_truth() {
    let mut compared = 0;
    for name in ["ore", "windows", "keyed-state", "append-plain"] {
        let recording = Recording::open(path(&format!("{name}.jsonl.gz"))).unwrap();
        let truth = recording.truth().to_vec();
        let requests = recorded(&recording).into_iter().map(|(request, _)| request);
        let requests: Vec<_> = requests.collect();
        let server = TestServer::builder().replay(recording, Pace::Instant);
        let server = server.start().await.unwrap();
        let mut client = Client::connect(&server).await;
        for truth in truth {
            let mut requests = requests.iter();
            let asked = requests.find(|it| it["subscriptionId"] == truth.subscription_id);
            client.say(asked.unwrap().clone()).await;
            let frames = values(client.drain_v2().await);
            assert_eq!(frames[0]["op"], "subscribed", "{name}: {}", truth.query);
            // The client under test must drop old versions. This client does not, so only the keys are
            // compared.
            let mut keys: Vec<&str> = Vec::new();
            for frame in &frames {
                let key = frame["key"].as_str().unwrap_or_default();
                match frame["op"].as_str() {
                    Some("snapshot") => {
                        keys.extend(crate::client::keys(frame));
                    }
                    Some("upsert") if !keys.contains(&key) => keys.push(key),
                    Some("remove" | "delete") => keys.retain(|known| *known != key),
                    _ => {}
                }
            }
            let mut expected: Vec<_> = truth.rows.iter().map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            expected.sort_unstable();
            assert_eq!(keys, expected, "{name}: {}", truth.query);
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}
