//! Recorded sessions with real servers, through a bridge and NATS.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Pace, Recording, Refusal, Side, TestServer};
use hyperstack_sdk::{TapeError, WindowView};
use nats_tests::NatsServer;
use serde_json::{json, Value};

use super::{client, equal, Running};
use crate::support::{next, settings, soon};

fn open(name: &str) -> Recording {
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recordings");
    Recording::open(recordings.join(name)).unwrap()
}

async fn replay(recording: &Recording) -> TestServer {
    let server = TestServer::builder().replay(recording.clone(), Pace::Instant);
    server.start().await.unwrap()
}

/// Returns the tapes of a recording.
fn tapes(recording: &Recording) -> BTreeSet<String> {
    let from_server = recording.iter().filter(|entry| entry.from == Side::Server);
    let messages = from_server.map(|entry| serde_json::from_str::<Value>(&entry.text).unwrap());
    let tapes = messages.filter(|it| it["op"] == "subscribed" && !it["replayWindow"].is_null());
    let ids = tapes.map(|message| message["query"]["view"].as_str().unwrap().to_owned());
    ids.collect()
}

/// Returns the views that the recording has as a whole, without tapes.
fn whole_views(recording: &Recording) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    for entry in recording {
        let Ok(message) = serde_json::from_str::<Value>(&entry.text) else {
            continue;
        };
        if entry.from == Side::Client && message["type"] == "subscribe" {
            let query = match &message["query"] {
                Value::Null => &message,
                query => query,
            };
            let parts = ["key", "filters", "take", "skip", "after", "snapshotLimit"];
            if parts
                .iter()
                .all(|part| query[part].is_null() && message[part].is_null())
            {
                asked.extend(query["view"].as_str().map(str::to_owned));
            }
        }
    }
    &asked - &tapes(recording)
}

/// Returns a handle of a view.
fn view(hs: &HyperStack, id: &str) -> WindowView<Value> {
    hs.raw("").collection(id)
}

/// The rows of each view must end equal to those of a client that reads the recording itself.
async fn rows_end_equal(name: &str) -> usize {
    let recording = open(name);
    let mut rows = 0;
    for id in whole_views(&recording) {
        let (server, nats) = (replay(&recording).await, NatsServer::start());
        let direct = settings().linger(Duration::from_secs(60));
        let direct = direct.url(server.url()).connect().await.unwrap();
        let mut issues = direct.socket_issues();
        let expected = view(&direct, &id);
        let _watch = expected.watch_window();
        expected.get().await;
        soon(server.wait_replayed()).await;
        server.send_issue(&Refusal::new("the-end"), false);
        while next(&mut issues).await.code != "the-end" {}
        let bridge = Running::start(&server, &nats, |bridge| bridge.view(&id)).await;
        bridge.caught_up().await;
        let hs = client(&nats).await;
        let subscriptions = direct.subscription_stats();
        let is_sorted = subscriptions
            .iter()
            .any(|it| it.view == id && it.sort.is_some());
        rows += equal(expected, view(&hs, &id), is_sorted).await;
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_protocol_v1() {
    for name in ["ore", "tokens", "settlement-game"] {
        let rows = rows_end_equal(&format!("{name}.jsonl.gz")).await;
        assert!(rows > 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_protocol_v2() {
    for name in ["ore", "tokens", "windows", "append-plain"] {
        let rows = rows_end_equal(&format!("v2/{name}.jsonl.gz")).await;
        assert!(rows > 0, "{name}");
    }
}

/// Returns the records of a recorded tape: epochs, keys and patches. They are computed from the JSON alone.
fn records(recording: &Recording, view: &str) -> Vec<(String, String, Value)> {
    let mut epochs: HashMap<String, String> = HashMap::new();
    let (mut known, mut records) = (BTreeSet::new(), BTreeMap::new());
    let from_server = recording.iter().filter(|entry| entry.from == Side::Server);
    for entry in from_server {
        let message: Value = serde_json::from_str(&entry.text).unwrap();
        let Some(id) = message["subscriptionId"].as_str() else {
            continue;
        };
        if message["op"] == "subscribed" {
            epochs.remove(id);
            if message["query"]["view"] == view {
                let epoch = message["replayWindow"]["epoch"].as_str().unwrap();
                epochs.insert(id.to_owned(), epoch.to_owned());
                known.insert((known.len(), epoch.to_owned()));
            }
        }
        if let (Some(epoch), Some(offset)) = (epochs.get(id), message["offset"].as_u64()) {
            let first = known.iter().find(|(_, it)| it == epoch).unwrap().0;
            let key = message["key"].as_str().unwrap().to_owned();
            let record = (epoch.clone(), key, message["data"].clone());
            records.insert((first, offset), record);
        }
    }
    records.into_values().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tapes_of_protocol_v2() {
    for name in ["tape", "tape-lag", "tape-restart"] {
        let recording = open(&format!("v2/{name}.jsonl.gz"));
        for id in tapes(&recording) {
            let expected = records(&recording, &id);
            let (server, nats) = (replay(&recording).await, NatsServer::start());
            let _bridge = Running::start(&server, &nats, |bridge| bridge.tape(&id)).await;
            let hs = client(&nats).await;
            let mut tape = view(&hs, &id).tape();
            let mut gaps = 0;
            for (number, (_, key, patch)) in expected.iter().enumerate() {
                let record = loop {
                    match next(&mut tape).await {
                        Ok(record) => break record,
                        Err(TapeError::Gap(_)) => gaps += 1,
                        Err(other) => panic!("{name}: {other}"),
                    }
                };
                let record = serde_json::to_value(&record).unwrap();
                let found = (&record["key"], &record["patch"]);
                assert_eq!(found, (&json!(key), patch), "{name}: record {number}");
            }
            let epochs: BTreeSet<_> = expected.iter().map(|(epoch, ..)| epoch).collect();
            assert!(gaps + 1 >= epochs.len(), "{name}: {gaps} gaps, {epochs:?}");
            assert!(!expected.is_empty(), "{name}");
        }
    }
}
