//! Logs: spans for the connection and its subscriptions, and events with stable targets.
//!
//! The core notes what happens to subscriptions while it is locked. [`Trace`] logs the notes without that lock,
//! because a `tracing` subscriber can run any code. The guide `observing` lists all spans and events.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use tracing::{debug, debug_span, info, trace, Level, Span};

use crate::session::{CloseReason, SourceId, Target, Time};
use crate::wire::{Frame, Incoming, Protocol};

/// The target of events about the connection.
pub(super) const CONNECTION: &str = "hyperstack_sdk::connection";
/// The target of events about subscriptions.
pub(super) const SUBSCRIPTION: &str = "hyperstack_sdk::subscription";
/// The target of events about frames and rows.
pub(super) const DATA: &str = "hyperstack_sdk::data";

/// Something that happened to subscriptions.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) at: Time,
    pub(super) event: Event,
}

#[derive(Debug)]
pub(super) enum Event {
    /// The server rejected a subscription, so its end will not be requested.
    Forget(Name),
    /// A subscription was requested.
    Subscribe {
        source: SourceId,
        view: Arc<str>,
        target: Target,
        name: Name,
        protocol: Protocol,
    },
    /// The end of a subscription was requested.
    Unsubscribe(Name),
    /// The server accepted a subscription.
    Begin {
        source: SourceId,
        target: Target,
        resync: bool,
    },
    /// The server sent another snapshot unasked.
    Restart(SourceId),
    /// A snapshot is complete.
    Complete {
        source: SourceId,
        target: Target,
        rows: usize,
    },
    /// Why the next snapshot of a subscription replaces one.
    Cause(Subject, &'static str),
    /// Subscriptions ended.
    End {
        source: SourceId,
        /// `None` stands for all targets of the source.
        target: Option<Target>,
        reason: String,
    },
    /// Only these rows of a source are still subscribed.
    Narrow(SourceId, Vec<Arc<str>>),
    /// The connection is lost.
    Lost,
    /// The client closed.
    Close(CloseReason),
    /// The server speaks another protocol generation than expected.
    Protocol(Protocol),
}

/// A subscription, by its source or by its name.
#[derive(Debug)]
pub(super) enum Subject {
    Source(SourceId),
    Named(Name),
}

/// What a subscription is called on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// v1: the view and the key.
    View(String, Option<String>),
    /// v2: the id.
    Id(String),
}

/// Logs what happens to one client.
#[derive(Debug)]
pub(super) struct Trace {
    /// The span of the current connection.
    connection: Mutex<Span>,
    subscriptions: Mutex<Subscriptions>,
}

/// The subscriptions that have a span.
#[derive(Debug, Default)]
struct Subscriptions {
    all: HashMap<SourceId, BTreeMap<Target, Subscription>>,
    /// The names of the current connection, for requests that end a subscription.
    named: HashMap<Name, (SourceId, Span)>,
}

#[derive(Debug)]
struct Subscription {
    span: Span,
    /// When its present snapshot was requested.
    since: Time,
    /// Why its next snapshot replaces one.
    cause: Option<&'static str>,
}

/// Whether notes will be logged.
pub(super) fn is_enabled() -> bool {
    tracing::enabled!(target: SUBSCRIPTION, Level::DEBUG)
}

impl Trace {
    pub(super) fn new() -> Self {
        Trace {
            connection: Mutex::new(Span::none()),
            subscriptions: Mutex::default(),
        }
    }

    /// Starts the span of a connection.
    pub(super) fn connecting(&self, url: &str, protocol: Protocol, attempt: u32) {
        let span = debug_span!(target: CONNECTION, parent: None, "connection", url, %protocol);
        debug!(target: CONNECTION, parent: &span, url, attempt, "connecting");
        // Closing a span can run any code, too, so it is dropped without the lock.
        let before = std::mem::replace(&mut *self.lock(), span);
        drop(before);
    }

    pub(super) fn connected(&self, url: &str, protocol: Protocol) {
        info!(target: CONNECTION, parent: &self.connection(), url, %protocol, "connected");
    }

    pub(super) fn reconnecting(&self, url: &str, attempt: u32, delay: Time) {
        let delay_ms = millis(delay);
        debug!(target: CONNECTION, parent: &self.connection(), url, attempt, delay_ms, "reconnecting");
    }

    pub(super) fn closed(&self, url: &str, reason: &CloseReason) {
        let connection = std::mem::replace(&mut *self.lock(), Span::none());
        info!(target: CONNECTION, parent: &connection, url, %reason, "closed");
    }

    /// Returns the span of the current connection.
    pub(super) fn connection(&self) -> Span {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Span> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs a frame, without its rows.
    pub(super) fn frame(&self, url: &str, message: &Incoming<'_>, bytes: usize) {
        let (id, frame) = match message {
            Incoming::Frame(frame) => (None, frame),
            Incoming::Routed { id, frame } => (Some(&**id), frame),
            Incoming::Issue(_) | Incoming::Refresh(_) => return,
        };
        let (op, view, key) = match frame {
            Frame::Subscribed { view, .. } => ("subscribed", Some(view), None),
            Frame::Snapshot { view, .. } => ("snapshot", Some(view), None),
            Frame::Upsert { view, row } => ("upsert", Some(view), Some(&row.key)),
            Frame::Patch { view, row, .. } => ("patch", Some(view), Some(&row.key)),
            Frame::Delete { view, key } => ("delete", Some(view), Some(key)),
            Frame::Remove { view, key } => ("remove", Some(view), Some(key)),
            Frame::Unsubscribed => ("unsubscribed", None, None),
        };
        let (view, key) = (view.map(|view| &**view), key.map(|key| &**key));
        let parent = self.connection();
        trace!(target: DATA, parent: &parent, url, subscription = id, view, key, op, bytes, "frame");
    }

    /// Logs the notes that `take` returns, until there are none. If another thread is logging, it logs them.
    pub(super) fn log(&self, url: &str, mut take: impl FnMut() -> Vec<Note>) {
        let mut subscriptions = match self.subscriptions.try_lock() {
            Ok(subscriptions) => subscriptions,
            Err(TryLockError::Poisoned(error)) => error.into_inner(),
            // A subscriber of `tracing` may use the client, so this can also be the same thread.
            Err(TryLockError::WouldBlock) => return,
        };
        loop {
            let notes = take();
            if notes.is_empty() {
                return;
            }
            for note in notes {
                self.log_note(url, note, &mut subscriptions);
            }
        }
    }

    fn log_note(&self, url: &str, note: Note, subscriptions: &mut Subscriptions) {
        let at = note.at;
        match note.event {
            Event::Subscribe {
                source,
                view,
                target,
                name,
                protocol,
            } => {
                let parent = self.connection();
                let key = target.key().map(|key| &**key);
                let id = match &name {
                    Name::Id(id) => Some(id.as_str()),
                    Name::View(..) => None,
                };
                let span = debug_span!(
                    target: SUBSCRIPTION, parent: &parent, "subscription",
                    url, view = &*view, key, subscription = id, %protocol
                );
                debug!(target: SUBSCRIPTION, parent: &span, "subscribing");
                subscriptions.named.insert(name, (source, span.clone()));
                let of_source = subscriptions.all.entry(source).or_default();
                let known = of_source.remove(&target);
                let subscription = Subscription {
                    span,
                    since: at,
                    cause: known.and_then(|known| known.cause),
                };
                of_source.insert(target, subscription);
            }
            Event::Forget(name) => drop(subscriptions.named.remove(&name)),
            Event::Unsubscribe(name) => {
                if let Some((_, span)) = subscriptions.named.remove(&name) {
                    debug!(target: SUBSCRIPTION, parent: &span, "unsubscribing");
                }
            }
            Event::Begin {
                source,
                target,
                resync,
            } => {
                if let Some(it) = subscriptions.get(source, &target) {
                    debug!(target: SUBSCRIPTION, parent: &it.span, "acknowledged");
                    let cause = it.cause.take().unwrap_or("resubscribed");
                    if resync {
                        debug!(target: SUBSCRIPTION, parent: &it.span, cause, "resync");
                    }
                }
            }
            Event::Restart(source) => {
                for it in subscriptions.of(source) {
                    (it.since, it.cause) = (at, None);
                    let cause = "server";
                    debug!(target: SUBSCRIPTION, parent: &it.span, cause, "resync");
                }
            }
            Event::Complete {
                source,
                target,
                rows,
            } => {
                if let Some(it) = subscriptions.get(source, &target) {
                    let duration_ms = millis(at.saturating_sub(it.since));
                    debug!(target: SUBSCRIPTION, parent: &it.span, rows, duration_ms, "snapshot complete");
                }
            }
            Event::Cause(subject, cause) => {
                let source = match subject {
                    Subject::Source(source) => Some(source),
                    Subject::Named(name) => subscriptions.named.get(&name).map(|(it, _)| *it),
                };
                if let Some(source) = source {
                    subscriptions
                        .of(source)
                        .for_each(|it| it.cause = Some(cause));
                }
            }
            Event::End {
                source,
                target,
                reason,
            } => subscriptions.end(source, &reason, |its| {
                target.as_ref().is_none_or(|target| target == its)
            }),
            Event::Narrow(source, keys) => subscriptions.end(source, NO_READERS, |target| {
                target.key().is_none_or(|key| !keys.contains(key))
            }),
            Event::Lost => {
                subscriptions.named.clear();
                for it in subscriptions
                    .all
                    .values_mut()
                    .flat_map(BTreeMap::values_mut)
                {
                    it.cause = Some("reconnect");
                }
            }
            Event::Close(reason) => {
                let reason = reason.to_string();
                let sources: Vec<SourceId> = subscriptions.all.keys().copied().collect();
                for source in sources {
                    subscriptions.end(source, &reason, |_| true);
                }
                subscriptions.named.clear();
            }
            Event::Protocol(protocol) => {
                let connection = self.connection();
                let value = tracing::field::display(protocol);
                connection.record("protocol", &value);
                debug!(target: CONNECTION, parent: &connection, url, %protocol, "protocol changed");
            }
        }
    }
}

/// The reason for the end of a subscription whose last reader left.
pub(super) const NO_READERS: &str = "no readers";

impl Subscriptions {
    fn get(&mut self, source: SourceId, target: &Target) -> Option<&mut Subscription> {
        self.all.get_mut(&source)?.get_mut(target)
    }

    fn of(&mut self, source: SourceId) -> impl Iterator<Item = &mut Subscription> {
        let of_source = self.all.get_mut(&source).into_iter();
        of_source.flat_map(BTreeMap::values_mut)
    }

    /// Logs the end of a source's subscriptions whose target matches, and forgets them.
    fn end(&mut self, source: SourceId, reason: &str, matches: impl Fn(&Target) -> bool) {
        let Some(of_source) = self.all.get_mut(&source) else {
            return;
        };
        of_source.retain(|target, it| {
            let is_over = matches(target);
            if is_over {
                debug!(target: SUBSCRIPTION, parent: &it.span, reason, "ended");
            }
            !is_over
        });
        if of_source.is_empty() {
            self.all.remove(&source);
        }
    }
}

fn millis(time: Time) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
