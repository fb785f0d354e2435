//! A client that applies the frames has the rows that a fresh subscription gets.

use std::collections::BTreeMap;

use serde_json::{json, Map, Value};

use super::{builder, values};
use crate::client::Client;

/// The rows that the frames of a subscription lead to.
#[derive(Debug, Default)]
struct Mirror(BTreeMap<String, Value>);

impl Mirror {
    fn apply(&mut self, frame: &Value) {
        let key = frame["key"].as_str().unwrap_or_default();
        match frame["op"].as_str() {
            Some("snapshot") => {
                self.0.clear();
                for row in frame["data"].as_array().unwrap() {
                    let key = row["key"].as_str().unwrap().to_owned();
                    self.0.insert(key, row["data"].clone());
                }
            }
            Some("upsert") => drop(self.0.insert(key.to_owned(), frame["data"].clone())),
            Some("patch") => {
                let row = self.0.get_mut(key).expect("a patch is for a held row");
                let append = frame["append"].as_array();
                let appends = append.is_some_and(|paths| paths.contains(&json!("log")));
                merge(row, &frame["data"], appends);
            }
            Some("remove" | "delete") => {
                assert!(self.0.remove(key).is_some(), "{frame}");
            }
            _ => {}
        }
    }
}

fn merge(row: &mut Value, patch: &Value, appends: bool) {
    let row: &mut Map<String, Value> = row.as_object_mut().unwrap();
    for (name, value) in patch.as_object().unwrap() {
        match (row.get_mut(name), value) {
            (Some(Value::Array(known)), Value::Array(new)) if appends => {
                known.extend(new.iter().cloned());
            }
            _ => drop(row.insert(name.clone(), value.clone())),
        }
    }
}

/// The next of a sequence of numbers that looks random.
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    *state >> 33
}

#[tokio::test]
async fn every_query_converges_whatever_changes() {
    let queries = [
        json!({"view": "Round/list"}),
        json!({"view": "Round/list", "take": 3, "skip": 1}),
        json!({"view": "Round/list", "filters": {"open": true}}),
        json!({"view": "Round/list", "filters": {"open": true}, "take": 2}),
        json!({"view": "Round/list", "key": "2"}),
        json!({"view": "Round/state", "key": "2"}),
        json!({"view": "Round/state", "key": "3", "filters": {"open": true}}),
        json!({"view": "Round/top"}),
        json!({"view": "Round/top", "skip": 2}),
        json!({"view": "Round/top", "key": "1"}),
    ];
    for seed in 1..=20_u64 {
        let mut state = seed;
        let server = builder().row_limit(6).array_limit(100).start();
        let server = server.await.unwrap();
        let mut client = Client::connect(&server).await;
        for (id, query) in queries.iter().enumerate() {
            client.ask(&id.to_string(), query.clone()).await;
        }
        let mut frames = values(client.drain_v2().await);
        for _ in 0..150 {
            let key = (next(&mut state) % 8).to_string();
            let n = next(&mut state) % 5;
            match next(&mut state) % 12 {
                0 => server.delete("Round", &key),
                1 => server.recover("Round/list"),
                2 => server.coalesce("Round/top"),
                3 => server.stop_coalescing("Round/top"),
                4 | 5 => drop(server.append("Round", &key, json!({"log": [n]}), &["log"])),
                6 | 7 => drop(server.patch("Round", &key, json!({"open": n > 2}))),
                8 => drop(server.patch("Round", &key, json!({"score": null}))),
                _ => {
                    let row = json!({"score": n, "open": n > 1, "log": []});
                    server.upsert("Round", &key, row);
                }
            }
        }
        server.stop_coalescing("Round/top");
        frames.extend(values(client.drain_v2().await));

        for (id, query) in queries.iter().enumerate() {
            let id = id.to_string();
            let mut mirror = Mirror::default();
            let own = frames.iter().filter(|it| it["subscriptionId"] == *id);
            own.for_each(|frame| mirror.apply(frame));
            let fresh = client.open(&format!("fresh {id}"), query.clone()).await;
            let mut expected = Mirror::default();
            fresh.iter().for_each(|frame| expected.apply(frame));
            let holds_evicted = query["view"] == "Round/state" && expected.0.is_empty();
            if !holds_evicted {
                assert_eq!(mirror.0, expected.0, "seed {seed}, {query}");
            }
        }
    }
}
