//! Serves one connection of the client.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::Event;
use hyperstack_sdk::session::ConnectionLost;
use hyperstack_sdk::upstream::Peer;
use hyperstack_sdk::wire::{Query, Request};
use serde_json::{json, Value};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep_until, Instant};

use super::follow;
use super::frames::Frames;
use super::rows::Rows;
use super::tape::Tape;
use super::views::Views;
use crate::meta::{Kind, Meta};
use crate::{names, store};

/// The number of messages that wait for the client.
pub(super) const CAPACITY: usize = 64;

/// The seconds after which the client repeats a query for a view that no bridge serves now.
const RETRY: u64 = 1;

/// How long to wait with the next check of heartbeats if nothing is subscribed.
const IDLE: Duration = Duration::from_secs(3600);

/// A connection to NATS.
pub(super) struct Connection {
    pub(super) jetstream: Context,
    pub(super) prefix: String,
    pub(super) views: Views,
    pub(super) events: mpsc::UnboundedReceiver<Event>,
}

/// Where a subscription sends its messages.
#[derive(Clone)]
pub(super) struct Out(mpsc::Sender<Vec<u8>>);

impl Out {
    /// Waits until the client has room.
    pub(super) async fn send(&self, message: Vec<u8>) -> Result<(), ConnectionLost> {
        // The receiver and the subscriptions are dropped together.
        let _ = self.0.send(message).await;
        Ok(())
    }
}

/// The subscriptions of a connection.
struct Subscriptions {
    /// Yields the id of each subscription that has ended.
    tasks: JoinSet<Result<String, ConnectionLost>>,
    open: HashMap<String, Subscription>,
    out: Out,
}

struct Subscription {
    view: String,
    /// Whether the view must stay up to date. `false` if the query is rejected.
    is_served: bool,
    task: AbortHandle,
}

impl Connection {
    /// Answers requests until the connection ends.
    pub(super) async fn serve(mut self, mut peer: Peer<Vec<u8>>) {
        if let Err(cause) = self.run(&mut peer).await {
            tracing::debug!(%cause, "lost the connection to NATS");
            peer.fail(cause).await;
        }
    }

    async fn run(&mut self, peer: &mut Peer<Vec<u8>>) -> Result<(), ConnectionLost> {
        let (out, mut messages) = mpsc::channel(CAPACITY);
        let mut subscriptions = Subscriptions {
            tasks: JoinSet::new(),
            open: HashMap::new(),
            out: Out(out),
        };
        let check = sleep_until(Instant::now());
        tokio::pin!(check);
        loop {
            tokio::select! {
                biased;
                event = self.events.recv() => self.handle_event(event, &mut subscriptions)?,
                request = peer.recv() => match request {
                    None => return Ok(()),
                    Some(Request::Query { id, query, .. }) => {
                        self.subscribe(&mut subscriptions, id, query);
                        check.as_mut().reset(Instant::now());
                    }
                    Some(Request::EndQuery { id }) => subscriptions.end(&id),
                    Some(_) => {}
                },
                changed = self.views.next() => {
                    if let Some(view) = changed?.filter(|view| subscriptions.reads(view)) {
                        let reason = format!("the description of the view \"{view}\" has changed");
                        return Err(ConnectionLost::Closed(reason));
                    }
                },
                () = &mut check => {
                    let next = self.check_heartbeats(&subscriptions)?;
                    check.as_mut().reset(next);
                }
                Some(message) = messages.recv() => peer.send(message).await?,
                Some(ended) = subscriptions.tasks.join_next() => match ended {
                    Ok(ended) => drop(subscriptions.open.remove(&ended?)),
                    Err(error) if error.is_cancelled() => {}
                    Err(error) => return Err(ConnectionLost::Closed(error.to_string())),
                },
            }
        }
    }

    fn handle_event(
        &self,
        event: Option<Event>,
        subscriptions: &mut Subscriptions,
    ) -> Result<(), ConnectionLost> {
        match event {
            Some(Event::ServerError(error)) => {
                tracing::warn!(%error, "NATS reports an error");
                self.reject(&error.to_string(), subscriptions);
            }
            Some(Event::Disconnected | Event::Closed) | None => {
                let reason = "NATS closed the connection".to_owned();
                return Err(ConnectionLost::Closed(reason));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Rejects the queries whose requests NATS refuses: such a request has no answer.
    fn reject(&self, error: &str, subscriptions: &mut Subscriptions) {
        // `Permissions Violation for Publish to "$JS.API.STREAM.INFO.KV_ore_OreRound_list"`
        let subject = error.split('"').nth(1).unwrap_or_default();
        // A query that has ended sends this request.
        if subject.starts_with("$JS.API.CONSUMER.DELETE.") {
            return;
        }
        let is_refused = |view: &str| {
            let streams = self.streams(view);
            subject
                .split('.')
                .any(|token| streams.iter().any(|stream| token == stream))
        };
        let refused = subscriptions.open.iter();
        let refused: Vec<_> = refused
            .filter(|(_, subscription)| is_refused(&subscription.view))
            .map(|(id, subscription)| (id.clone(), subscription.view.clone()))
            .collect();
        for (id, view) in refused {
            subscriptions.end(&id);
            let frames = Frames::new(id.clone(), view.clone());
            let error = frames.error("subscription-rejected", error, &Value::Null);
            let out = subscriptions.out.clone();
            subscriptions.spawn(id, view, false, async move { out.send(error).await });
        }
    }

    /// Returns the names of the streams that a view may have.
    fn streams(&self, view: &str) -> [String; 2] {
        let bucket = store::stream_of(&names::bucket(&self.prefix, view));
        [bucket, names::tape_stream(&self.prefix, view)]
    }

    /// Fails if a subscribed view is stale. Returns when to check again.
    fn check_heartbeats(&self, subscriptions: &Subscriptions) -> Result<Instant, ConnectionLost> {
        let now = Instant::now();
        let mut next = now + IDLE;
        for view in subscriptions.served() {
            let Some(known) = self.views.get(view) else {
                continue;
            };
            if known.stale_at <= now {
                return Err(ConnectionLost::Closed(self.silence(view, &known.meta)));
            }
            next = next.min(known.stale_at);
        }
        Ok(next)
    }

    fn silence(&self, view: &str, meta: &Meta) -> String {
        let tolerance = self.views.tolerance(meta);
        format!("no bridge has written to the view \"{view}\" for {tolerance:?}")
    }

    fn subscribe(&self, subscriptions: &mut Subscriptions, id: String, query: Query) {
        let Query {
            view, key, after, ..
        } = query;
        let jetstream = self.jetstream.clone();
        let frames = Frames::new(id.clone(), view.clone());
        let out = subscriptions.out.clone();
        let Some(known) = self.views.get(&view) else {
            if self.views.announce(&view) {
                let error = not_served(&frames, &not_copied(&view));
                let answer = async move { out.send(error).await };
                return subscriptions.spawn(id, view, false, answer);
            }
            let (streams, others) = (self.streams(&view), self.views.ids());
            let answer = refuse(jetstream, streams, others, frames, out);
            return subscriptions.spawn(id, view, false, answer);
        };
        if known.is_stale() {
            let error = not_served(&frames, &self.silence(&view, &known.meta));
            let answer = async move { out.send(error).await };
            return subscriptions.spawn(id, view, false, answer);
        }
        match known.meta.kind.clone() {
            Kind::Rows { sort, take } => {
                let bucket = names::bucket(&self.prefix, &view);
                let rows = Rows {
                    bucket,
                    key,
                    sort,
                    take,
                };
                subscriptions.spawn(id, view, true, rows.serve(jetstream, frames, out));
            }
            Kind::Tape => {
                let tape = Tape {
                    stream: names::tape_stream(&self.prefix, &view),
                    subject: names::tape_subject(&self.prefix, &view),
                    key,
                    after,
                };
                subscriptions.spawn(id, view, true, tape.serve(jetstream, frames, out));
            }
        }
    }
}

impl Subscriptions {
    /// Starts to answer a query.
    fn spawn(
        &mut self,
        id: String,
        view: String,
        is_served: bool,
        answer: impl Future<Output = Result<(), ConnectionLost>> + Send + 'static,
    ) {
        let ended = id.clone();
        let task = self
            .tasks
            .spawn(async move { answer.await.map(|()| ended) });
        let subscription = Subscription {
            view,
            is_served,
            task,
        };
        self.open.insert(id, subscription);
    }

    fn end(&mut self, id: &str) {
        if let Some(subscription) = self.open.remove(id) {
            subscription.task.abort();
        }
    }

    fn reads(&self, view: &str) -> bool {
        self.served().any(|served| served == view)
    }

    /// Returns the views that must stay up to date.
    fn served(&self) -> impl Iterator<Item = &str> {
        let open = self.open.values().filter(|it| it.is_served);
        open.map(|it| it.view.as_str())
    }
}

/// Rejects a query for a view that has no description. The client repeats it if a bridge is copying the view.
async fn refuse(
    jetstream: Context,
    streams: [String; 2],
    others: String,
    frames: Frames,
    out: Out,
) -> Result<(), ConnectionLost> {
    let view = frames.view();
    for stream in streams {
        if follow::info(&jetstream, &stream).await?.is_some() {
            return out.send(not_served(&frames, &not_copied(view))).await;
        }
    }
    let message = format!("unknown view: {view} (the bridge serves {others})");
    let error = frames.error("subscription-rejected", &message, &Value::Null);
    out.send(error).await
}

fn not_copied(view: &str) -> String {
    format!("the bridge has not copied the view \"{view}\" yet")
}

fn not_served(frames: &Frames, message: &str) -> Vec<u8> {
    frames.error("view-not-served", message, &json!({ "retryAfter": RETRY }))
}
