//! The spans and events of a client's life, in both protocol generations. No secret is in them.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::Refusal;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::*;

/// The secrets of the scenes.
const TOKEN: &str = "token-c4tch3d";
const QUERY: &str = "query-c4tch3d";

/// Records the SDK's spans and events as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    /// The text and the number of handles, by id. Spans that are closed are gone.
    spans: HashMap<u64, (String, usize)>,
    last_span: u64,
    events: Vec<String>,
}

/// Writes fields as ` name=value`, and the message without its name.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        }
        .expect("writing to a string does not fail");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("hyperstack_sdk")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(span.metadata().name().to_owned());
        span.record(&mut fields);
        let mut log = self.0.lock().unwrap();
        let parent = log.parent(span.parent());
        let span = format!("{}{parent}", fields.0);
        log.last_span += 1;
        let id = log.last_span;
        log.spans.insert(id, (span, 1));
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let target = metadata.target().trim_start_matches("hyperstack_sdk::");
        let mut fields = Fields(format!("{} {target}", metadata.level()));
        event.record(&mut fields);
        let mut log = self.0.lock().unwrap();
        let parent = log.parent(event.parent());
        let text = format!("{} @{parent}", fields.0);
        log.events.push(text);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn clone_span(&self, id: &Id) -> Id {
        if let Some((_, handles)) = self.0.lock().unwrap().spans.get_mut(&id.into_u64()) {
            *handles += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut log = self.0.lock().unwrap();
        let Some((_, handles)) = log.spans.get_mut(&id.into_u64()) else {
            return false;
        };
        *handles -= 1;
        let is_last = *handles == 0;
        if is_last {
            log.spans.remove(&id.into_u64());
        }
        is_last
    }
}

impl Recorded {
    fn parent(&self, id: Option<&Id>) -> &str {
        let span = id.and_then(|id| self.spans.get(&id.into_u64()));
        span.map_or("", |(text, _)| text)
    }
}

impl Log {
    /// Takes the events so far: level, target, message and fields.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().events)
    }

    /// Takes the events above TRACE, without spans, URLs and durations.
    fn steps(&self) -> Vec<String> {
        let steps = self.take().into_iter().filter_map(|event| {
            let (event, _) = event.split_once(" @")?;
            let words = event
                .split(' ')
                .filter(|word| !word.starts_with("url=") && !word.starts_with("duration_ms="));
            let event = words.collect::<Vec<_>>().join(" ");
            // How the socket reports the loss is a matter of timing.
            let event = event.split(" to ws://").next()?.to_owned();
            (!event.starts_with("TRACE")).then_some(event)
        });
        steps.collect()
    }

    fn spans(&self) -> usize {
        self.0.lock().unwrap().spans.len()
    }
}

/// Starts a log of this thread, which ends when the guard is dropped.
fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    (log, guard)
}

async fn a_life_is_logged(protocol: Protocol) -> anyhow::Result<()> {
    let server = games().protocol(protocol).token(TOKEN).start().await?;
    put(&server, "a", 1.0);
    let (log, _guard) = log();
    let url = format!("{}/?x={QUERY}", server.url());
    let builder = client(&server).url(url).token(TOKEN).protocol(protocol);
    let hs = builder.connect().await?;
    let mut updates = hs.watch::<Game>();
    assert_eq!(read(&mut updates, 1).await, ["upsert a 1"]);
    server.drop_connections();
    put(&server, "b", 2.0);
    assert_eq!(read(&mut updates, 1).await, ["upsert b 2"]);
    hs.disconnect().await;
    assert_eq!(soon(updates.next()).await, None);

    let events = log.take();
    for event in &events {
        assert!(!event.contains("c4tch3d"), "{event}");
    }
    let address = server.address();
    let span = format!(
        "subscription url=\"ws://{address}\" view=\"Game/list\"{} protocol={protocol}\
         connection url=\"ws://{address}\" protocol={protocol}",
        if protocol == Protocol::V2 {
            " subscription=\"1\""
        } else {
            ""
        }
    );
    let complete = events.iter().find(|event| event.contains("complete"));
    assert!(
        complete.is_some_and(|event| event.ends_with(&span)),
        "{complete:?} {span}"
    );
    log.0.lock().unwrap().events = events;
    assert_eq!(
        log.steps(),
        [
            "DEBUG connection connecting attempt=0",
            &format!("INFO connection connected protocol={protocol}"),
            "DEBUG subscription subscribing",
            "DEBUG subscription acknowledged",
            "DEBUG subscription snapshot complete rows=1",
            "WARN connection connection lost cause=lost the connection",
            "DEBUG connection reconnecting attempt=1 delay_ms=0",
            "DEBUG connection connecting attempt=1",
            &format!("INFO connection connected protocol={protocol}"),
            "DEBUG subscription subscribing",
            "DEBUG subscription acknowledged",
            "DEBUG subscription resync cause=\"reconnect\"",
            "DEBUG subscription snapshot complete rows=2",
            "DEBUG subscription ended reason=\"the client disconnected\"",
            "INFO connection closed reason=the client disconnected",
        ]
    );
    drop((hs, updates));
    until(|| log.spans() == 0).await;
    Ok(())
}

#[tokio::test]
async fn a_life_is_logged_in_v1() -> anyhow::Result<()> {
    a_life_is_logged(Protocol::V1).await
}

#[tokio::test]
async fn a_life_is_logged_in_v2() -> anyhow::Result<()> {
    a_life_is_logged(Protocol::V2).await
}

async fn the_end_of_a_subscription_is_logged(protocol: Protocol) -> anyhow::Result<()> {
    let server = games().protocol(protocol).start().await?;
    put(&server, "a", 1.0);
    let (log, _guard) = log();
    let hs = client(&server).protocol(protocol).connect().await?;
    let mut one = hs.watch_key::<Game>("a");
    read(&mut one, 1).await;
    log.take();
    drop(one);
    until(|| log.0.lock().unwrap().events.len() >= 2).await;
    assert_eq!(
        log.steps(),
        [
            "DEBUG subscription ended reason=\"no readers\"",
            "DEBUG subscription unsubscribing"
        ]
    );

    let mut nowhere = hs.views::<GameViews>().nowhere().watch();
    assert_eq!(soon(nowhere.next()).await, None);
    let steps = log.steps();
    let ended = "DEBUG subscription ended reason=\"unknown view\"";
    assert!(steps.iter().any(|step| step == ended), "{steps:?}");
    Ok(())
}

#[tokio::test]
async fn the_end_of_a_subscription_is_logged_in_v1() -> anyhow::Result<()> {
    the_end_of_a_subscription_is_logged(Protocol::V1).await
}

#[tokio::test]
async fn the_end_of_a_subscription_is_logged_in_v2() -> anyhow::Result<()> {
    the_end_of_a_subscription_is_logged(Protocol::V2).await
}

/// A v2 server sends a recovery snapshot, and ends a subscription that lagged.
#[tokio::test]
async fn the_cause_of_a_resync_is_logged() -> anyhow::Result<()> {
    let server = games().protocol(Protocol::V2).start().await?;
    put(&server, "a", 1.0);
    let (log, _guard) = log();
    let hs = client(&server).protocol(Protocol::V2).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    let resyncs = || {
        let recorded = log.0.lock().unwrap();
        let resyncs = recorded.events.iter().filter_map(|event| {
            let (event, _) = event.split_once(" @")?;
            event.strip_prefix("DEBUG subscription resync cause=")
        });
        resyncs.map(str::to_owned).collect::<Vec<_>>()
    };
    server.recover("Game/list");
    until(|| resyncs() == ["\"server\""]).await;
    server.end_subscriptions("Game/list", &Refusal::new("subscription-lagged"));
    until(|| resyncs() == ["\"server\"", "\"lagged\""]).await;
    Ok(())
}

/// A decode error and a malformed message are warnings about data; each frame is a TRACE event without its rows.
#[tokio::test]
async fn bad_data_is_a_warning_and_rows_are_not_logged() -> anyhow::Result<()> {
    let server = games().start().await?;
    server.upsert("Game", "a", game("ann-c4tch3d", 1.0));
    let (log, _guard) = log();
    let hs = client(&server).protocol(Protocol::V1).connect().await?;
    let mut updates = hs.watch::<Game>();
    read(&mut updates, 1).await;
    server.patch("Game", "a", serde_json::json!({"score": true}));
    server.send_text("{");
    server.patch("Game", "a", serde_json::json!({"score": 2.0}));
    read(&mut updates, 1).await;
    let events = log.take();
    let of = |level: &str| {
        let of_level = events.iter().filter(|event| event.starts_with(level));
        of_level.map(String::as_str).collect::<Vec<_>>()
    };
    let [row, message] = of("WARN data")[..] else {
        panic!("{events:#?}");
    };
    assert!(
        row.contains("view=\"Game/list\" key=\"a\"") && row.contains("Game.score"),
        "{row}"
    );
    assert!(message.contains("malformed message"), "{message}");
    assert!(
        of("TRACE data")
            .iter()
            .any(|event| event.contains("view=\"Game/list\" key=\"a\" op=\"patch\"")),
        "{events:#?}"
    );
    assert!(
        !events.iter().any(|event| event.contains("c4tch3d")),
        "{events:#?}"
    );
    Ok(())
}
