//! The metrics of the feature `metrics`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use hyperstack_sdk::prelude::*;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use serde_json::json;

use crate::support::*;

/// Keeps the values by name and labels: `name{host}` or `name{host,view}`.
#[derive(Default)]
struct Recorder {
    values: Mutex<HashMap<String, Arc<AtomicU64>>>,
    described: Mutex<Vec<String>>,
}

impl Recorder {
    fn value(&self, key: &Key) -> Arc<AtomicU64> {
        let labels: Vec<&str> = key.labels().map(|label| label.value()).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        self.values.lock().unwrap().entry(name).or_default().clone()
    }

    fn get(&self, name: &str) -> u64 {
        let values = self.values.lock().unwrap();
        let value = values.get(name);
        value
            .unwrap_or_else(|| panic!("no {name} in {values:?}"))
            .load(Ordering::Relaxed)
    }

    /// The value of a gauge, which is kept as the bits of a float.
    fn gauge(&self, name: &str) -> f64 {
        f64::from_bits(self.get(name))
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described
            .lock()
            .unwrap()
            .push(name.as_str().to_owned());
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.described
            .lock()
            .unwrap()
            .push(name.as_str().to_owned());
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.value(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.value(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

async fn metrics_follow_the_client(protocol: Protocol) -> anyhow::Result<()> {
    let recorder = Recorder::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let server = games().protocol(protocol).start().await?;
    put(&server, "a", 1.0);
    server.upsert("Game", "b", json!({"name": "b"}));
    let host = server.address();
    let url = format!("{}/?token=c4tch3d", server.url());
    let hs = client(&server)
        .url(url)
        .protocol(protocol)
        .connect()
        .await?;
    let of_host = |name: &str| format!("hyperstack_{name}{{{host}}}");
    let of_view = |name: &str| format!("hyperstack_{name}{{{host},Game/list}}");
    assert_eq!(recorder.gauge(&of_host("connected")), 1.0);

    let mut updates = hs.watch::<Game>();
    let mut other = hs.watch_key::<Game>("a");
    read(&mut updates, 1).await;
    read(&mut other, 1).await;
    server.patch("Game", "a", json!({"score": "much"}));
    server.patch("Game", "a", json!({"score": 3.0}));
    assert_eq!(read(&mut updates, 1).await, ["patch a 3"]);
    assert_eq!(read(&mut other, 1).await, ["patch a 3"]);
    let stats = hs.stats();
    until(|| recorder.get(&of_host("frames_total")) == stats.frames).await;
    assert_eq!(recorder.get(&of_host("bytes_total")), stats.bytes);
    assert_eq!(
        recorder.get(&of_view("decode_errors_total")),
        stats.row_errors
    );
    assert_eq!(recorder.gauge(&of_view("rows")), stats.rows as f64);
    assert_eq!(
        recorder.gauge(&of_view("partial_rows")),
        stats.partial_rows as f64
    );
    assert_eq!(
        recorder.gauge(&of_view("subscriptions")),
        stats.views as f64
    );
    let frames: u64 = hs.subscription_stats().iter().map(|it| it.frames).sum();
    assert_eq!(recorder.get(&of_view("view_frames_total")), frames);

    server.drop_connections();
    put(&server, "c", 4.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert c 4"]);
    until(|| recorder.gauge(&of_view("rows")) == hs.stats().rows as f64).await;
    assert_eq!(recorder.get(&of_host("reconnects_total")), 1);
    assert_eq!(recorder.get(&of_host("resyncs_total")), hs.stats().resyncs);
    assert_eq!(recorder.gauge(&of_host("connected")), 1.0);

    // Subscriptions that end no longer count, and neither does a client that is gone.
    drop(other);
    until(|| hs.stats().views == 1).await;
    until(|| recorder.gauge(&of_view("subscriptions")) == 1.0).await;
    drop((hs, updates));
    until(|| recorder.gauge(&of_view("rows")) == 0.0).await;
    for name in ["partial_rows", "subscriptions"] {
        assert_eq!(recorder.gauge(&of_view(name)), 0.0, "{name}");
    }
    assert_eq!(recorder.gauge(&of_host("connected")), 0.0);

    let values = recorder.values.lock().unwrap();
    assert!(
        !values.keys().any(|name| name.contains("c4tch3d")),
        "{values:?}"
    );
    let described = recorder.described.lock().unwrap();
    for name in values.keys() {
        let (name, _) = name.split_once('{').unwrap();
        assert!(
            described.iter().any(|it| it == name),
            "{name} is not described"
        );
    }
    Ok(())
}

#[tokio::test]
async fn metrics_follow_the_client_in_v1() -> anyhow::Result<()> {
    metrics_follow_the_client(Protocol::V1).await
}

#[tokio::test]
async fn metrics_follow_the_client_in_v2() -> anyhow::Result<()> {
    metrics_follow_the_client(Protocol::V2).await
}
