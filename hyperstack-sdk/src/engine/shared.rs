//! The client's state, which handles, readers and the driver share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use tokio::sync::{watch, Notify};
use tokio::time::Instant;

use super::core::Core;
use super::fault::Fault;
use super::feed::Broadcast;
use super::feed::Feed;
#[cfg(feature = "metrics")]
use super::metrics::Metrics;
use super::state::{ConnectionState, StateChange};
use super::stats::{Stats, SubscriptionStats};
#[cfg(feature = "testing")]
use super::tap::{received, sent, Tap};
use super::trace::{self, Trace};
use super::warnings::Warnings;
use crate::auth::{until, TokenError};
use crate::session::{
    CloseReason, ConnectError, ConnectionLost, Grant, Link, Notice, Session, Time, Transmit,
};
use crate::store::{Caches, Full};
use crate::wire::payload::{self, Limits};
#[cfg(feature = "testing")]
use crate::wire::Kind;
use crate::wire::{Incoming, Issue, Secret};

/// The state of a client. Its lock is held briefly, and never across an await.
pub(crate) struct Engine {
    core: Mutex<Core>,
    /// Wakes the driver if there may be something to do.
    wake: Notify,
    state: watch::Sender<ConnectionState>,
    changes: Broadcast<StateChange>,
    faults: Broadcast<Fault>,
    issues: Broadcast<Issue>,
    counters: Counters,
    warnings: Warnings,
    trace: Trace,
    #[cfg(feature = "metrics")]
    metrics: Metrics,
    started: Instant,
    settings: ClientSettings,
}

/// The largest message, in bytes, that is decoded while the core is locked.
const MOST_LOCKED: usize = 16 << 10;

/// The settings that are neither the session's nor the socket's.
#[derive(Debug, Clone)]
pub(crate) struct ClientSettings {
    /// The URL without its query and user, for logs.
    pub(crate) url: String,
    pub(crate) initial_data_timeout: Duration,
    pub(crate) queue_capacity: usize,
    pub(crate) limits: Limits,
    #[cfg(feature = "testing")]
    pub(crate) tap: Option<Tap>,
}

#[derive(Debug, Default)]
struct Counters {
    frames: AtomicU64,
    bytes: AtomicU64,
    frame_errors: AtomicU64,
    row_errors: AtomicU64,
}

impl Engine {
    pub(crate) fn new(session: Session, caches: Caches, settings: ClientSettings) -> Self {
        Engine {
            core: Mutex::new(Core::new(session, caches)),
            wake: Notify::new(),
            state: watch::Sender::new(ConnectionState::Connecting),
            changes: Broadcast::default(),
            faults: Broadcast::default(),
            issues: Broadcast::default(),
            counters: Counters::default(),
            warnings: Warnings::default(),
            trace: Trace::new(),
            #[cfg(feature = "metrics")]
            metrics: Metrics::new(&settings.url),
            started: Instant::now(),
            settings,
        }
    }

    // For the handles and readers.

    /// Wakes the driver.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) fn queue_capacity(&self) -> usize {
        self.settings.queue_capacity
    }

    pub(crate) fn close(&self, reason: CloseReason) {
        self.change(|core, _| core.session.close(reason));
        self.wake();
    }

    pub(crate) fn state(&self) -> ConnectionState {
        *self.state.borrow()
    }

    /// Waits until the client first connects or gives up.
    pub(crate) async fn connected(&self) -> Result<(), ConnectError> {
        let mut state = self.state.subscribe();
        // The sender lives in `self`.
        let _ = state
            .wait_for(|state| *state != ConnectionState::Connecting)
            .await;
        match self.end_reason() {
            None => Ok(()),
            Some(CloseReason::Failed(cause) | CloseReason::AttemptsExhausted { cause, .. }) => {
                Err(cause)
            }
            Some(CloseReason::Lost(cause)) => Err(self.lost(cause)),
            Some(
                reason @ (CloseReason::Disconnected | CloseReason::Dropped | CloseReason::Stopped),
            ) => Err(self.lost(ConnectionLost::Closed(reason.to_string()))),
        }
    }

    fn lost(&self, cause: ConnectionLost) -> ConnectError {
        ConnectError::Lost {
            url: self.settings.url.clone(),
            cause,
        }
    }

    /// Waits until the connection is open, or the client has closed for good.
    pub(crate) async fn open(&self) -> Result<(), CloseReason> {
        let mut state = self.state.subscribe();
        loop {
            if state.borrow_and_update().is_connected() {
                return Ok(());
            }
            if let Some(reason) = self.end_reason() {
                return Err(reason);
            }
            // The sender lives in `self`.
            let _ = state.changed().await;
        }
    }

    pub(crate) fn end_reason(&self) -> Option<CloseReason> {
        match self.core().session.link() {
            Link::Closed(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    pub(crate) fn last_error(&self) -> Option<ConnectError> {
        self.core().session.last_error().cloned()
    }

    pub(crate) fn changes(&self) -> Feed<StateChange> {
        // While the state is borrowed, no change can be sent, so the feed misses none.
        let state = self.state.borrow();
        self.changes.subscribe(Some(self.change_to(*state)))
    }

    /// Returns the event for a change to this state.
    fn change_to(&self, state: ConnectionState) -> StateChange {
        let core = self.core();
        StateChange::new(state, core.session.last_error(), core.session.link())
    }

    pub(crate) fn faults(&self) -> Feed<Fault> {
        self.faults.subscribe(None)
    }

    pub(crate) fn issues(&self) -> Feed<Issue> {
        self.issues.subscribe(None)
    }

    pub(crate) fn stats(&self) -> Stats {
        let core = self.core();
        let counts = core.caches.counts();
        Stats {
            views: counts.sources,
            rows: counts.rows,
            partial_rows: counts.partial_rows,
            queue_depth: counts.queue_depth,
            last_seq: counts.last_seq,
            ..self.totals(&core)
        }
    }

    /// Returns the counters that need no reading of caches.
    fn totals(&self, core: &Core) -> Stats {
        let meter = core.caches.meter();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            frames: count(&self.counters.frames),
            bytes: count(&self.counters.bytes),
            frame_errors: count(&self.counters.frame_errors),
            row_errors: count(&self.counters.row_errors),
            conflated: meter.conflated.get(),
            missed: meter.missed.get(),
            resyncs: meter.resyncs.get(),
            protocol: core.session.protocol(),
            reconnects: core.session.reconnects(),
            evicted_rows: meter.evicted.get(),
            ..Stats::default()
        }
    }

    pub(crate) fn subscription_stats(&self) -> Vec<SubscriptionStats> {
        let core = self.core();
        let protocol = core.session.protocol();
        let subscribed = core.session.subscribed().into_iter();
        let stats = subscribed.map(|it| {
            let counts = core.caches.counts_of(it.source).unwrap_or_default();
            let sort = core.caches.sort_of(it.source).cloned();
            SubscriptionStats::new(it, counts, sort, protocol)
        });
        stats.collect()
    }

    pub(crate) fn url(&self) -> &str {
        &self.settings.url
    }

    pub(crate) fn initial_data_timeout(&self) -> Duration {
        self.settings.initial_data_timeout
    }

    // For the driver.

    /// Waits until the driver is woken.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(crate) fn link(&self) -> Link {
        self.core().session.link().clone()
    }

    /// A dial starts.
    pub(crate) fn log_connecting(&self, attempt: u32) {
        let protocol = self.core().session.protocol();
        self.trace.connecting(self.url(), protocol, attempt);
    }

    /// A dial succeeded.
    pub(crate) fn log_connected(&self) {
        let protocol = self.core().session.protocol();
        self.trace.connected(self.url(), protocol);
    }

    /// Logs what happened to subscriptions.
    fn log_notes(&self) {
        self.trace.log(self.url(), || self.core().take_notes());
    }

    pub(crate) fn handle_open(&self) {
        self.change(|core, now| core.session.handle_open(now));
    }

    /// Returns the token to send in the handshake.
    pub(crate) fn token(&self) -> Option<Secret> {
        self.core().session.token().cloned()
    }

    pub(crate) fn wants_token(&self) -> bool {
        self.core().session.wants_token()
    }

    pub(crate) fn handle_token(&self, fetched: Result<Grant, TokenError>) {
        self.change(|core, now| core.session.handle_token(fetched, now));
    }

    /// An attempt to connect failed.
    pub(crate) fn handle_failed(&self, cause: ConnectError) {
        self.change(|core, now| core.session.handle_failed(cause, now));
    }

    pub(crate) fn handle_lost(&self, mut cause: ConnectionLost) {
        self.change(|core, now| {
            if let ConnectionLost::Closed(text) | ConnectionLost::Expelled { message: text, .. } =
                &mut cause
            {
                *text = core.session.masked(std::mem::take(text));
            }
            core.session.handle_lost(cause, now);
        });
    }

    /// Records a message that is sent, if the client records.
    #[cfg(feature = "testing")]
    pub(crate) fn record_sent(&self, transmit: &Transmit) {
        if let Some(tap) = &self.settings.tap {
            if let Some(entry) = sent(transmit, self.now()) {
                tap.record(entry);
            }
        }
    }

    /// Records a message that arrived by `now`, if the client records.
    #[cfg(feature = "testing")]
    pub(crate) fn record_received(&self, kind: Kind, message: &[u8], now: Time) {
        if let Some(tap) = &self.settings.tap {
            let masked = |text| self.core().session.masked(text);
            if let Some(entry) = received(kind, message, self.settings.limits, now, masked) {
                tap.record(entry);
            }
        }
    }

    /// A ping arrived.
    pub(crate) fn handle_alive(&self) {
        let now = self.now();
        self.core().session.handle_alive(now);
    }

    /// A pong arrived.
    pub(crate) fn handle_pong(&self) {
        let now = self.now();
        self.core().session.handle_pong(now);
    }

    /// Handles text and binary messages that arrived by `now`, in order.
    ///
    /// Locks the core once for all small messages, because the atomic operations of a lock stop the processor from
    /// reading ahead.
    pub(crate) fn handle_messages<M: AsRef<[u8]>>(&self, messages: &[M], now: Time) {
        let bytes: usize = messages.iter().map(|it| it.as_ref().len()).sum();
        let count = |counter: &AtomicU64, more| counter.fetch_add(more as u64, Ordering::Relaxed);
        count(&self.counters.frames, messages.len());
        count(&self.counters.bytes, bytes);
        let is_traced = tracing::enabled!(target: trace::DATA, tracing::Level::TRACE);
        let mut locked = None;
        for message in messages.iter().map(AsRef::as_ref) {
            // Handles and readers can use the core while a large message is decoded.
            let is_large = message.len() > MOST_LOCKED || payload::is_compressed(message);
            // A log subscriber may call the client.
            if is_traced || is_large {
                locked = None;
            }
            let size = message.len();
            let json = payload::json(message, self.settings.limits);
            let mut message = match &json {
                Ok(json) => Incoming::decode(json),
                Err(error) => Err(error.clone()),
            };
            if let Ok(Incoming::Refresh(reply)) = &mut message {
                let expires_at = reply.expires_at.map(Duration::from_secs);
                reply.expires_in = expires_at.and_then(|at| until(at, SystemTime::now()));
            }
            if let Ok(message) = &message {
                if is_traced {
                    self.trace.frame(self.url(), message, size);
                }
                if let Some((view, json)) = message.unreadable_sort() {
                    locked = None;
                    let url = self.url();
                    tracing::warn!(target: trace::DATA, url, "cannot read the sort of {view}, so its rows stay in the order of arrival: {json}");
                }
            }
            let core = locked.get_or_insert_with(|| self.core());
            core.handle_message(message, now);
            if core.has_reports() {
                locked = None;
                self.report_messages(now);
            }
        }
    }

    /// Reports what the latest message brought besides rows.
    #[cold]
    fn report_messages(&self, now: Time) {
        let mut core = self.core();
        let row_errors = std::mem::take(&mut core.caches.report().row_errors);
        let has_notices = core.session.has_notices();
        drop(core);
        if has_notices {
            self.change(|_, _| ());
        }
        for error in row_errors {
            self.counters.row_errors.fetch_add(1, Ordering::Relaxed);
            #[cfg(feature = "metrics")]
            self.metrics.note_row_error(&error.view);
            self.warnings.note(&error, now);
            wake(self.faults.send(&Fault::Row(error)));
        }
    }

    /// Reports a notice of the session to the feeds and the log.
    fn notify(&self, notice: Notice) {
        match notice {
            Notice::Connection(error) => self.report(&Fault::Connection(error)),
            Notice::Issue(issue) => {
                self.report(&Fault::Issue(issue.clone()));
                wake(self.issues.send(&issue));
            }
            Notice::Undecodable(error) => {
                self.counters.frame_errors.fetch_add(1, Ordering::Relaxed);
                self.report(&Fault::Frame(error));
            }
        }
    }

    fn report(&self, fault: &Fault) {
        let (url, parent) = (self.url(), &self.trace.connection());
        match fault {
            Fault::Connection(cause) => {
                let what = match cause {
                    ConnectError::Lost { .. } => "connection lost",
                    ConnectError::Token(_) => "cannot fetch a token",
                    _ => "cannot connect",
                };
                tracing::warn!(target: trace::CONNECTION, parent: parent, url, %cause, "{what}");
            }
            Fault::Issue(issue) => {
                let subscription = issue.subscription.as_deref();
                tracing::warn!(target: trace::CONNECTION, parent: parent, url, subscription, "{fault}");
            }
            Fault::Row(_) | Fault::Frame(_) | Fault::Full { .. } | Fault::MissingField(_) => {
                tracing::warn!(target: trace::DATA, parent: parent, url, "{fault}");
            }
        }
        wake(self.faults.send(fault));
    }

    pub(crate) fn handle_timeout(&self) {
        self.change(|core, now| core.session.handle_timeout(now));
    }

    pub(crate) fn poll_transmit(&self) -> Option<Transmit> {
        let mut core = self.core();
        let transmit = core.poll_transmit(|| self.now());
        let has_notes = core.has_notes();
        drop(core);
        if has_notes {
            self.log_notes();
        }
        transmit
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        // A deadline beyond the clock's range never expires.
        let timeout = self.core().session.poll_timeout()?;
        self.started.checked_add(timeout)
    }

    /// Ends a turn of messages: wakes readers, and handles expired timers, so that a flood of messages cannot
    /// delay them.
    pub(crate) fn finish_turn(&self) {
        let mut core = self.core();
        core.caches.finish_turn();
        let timeout = core.session.poll_timeout();
        let report = core.caches.report();
        let full = std::mem::take(&mut report.full);
        let missing = std::mem::take(&mut report.missing);
        let has_notes = core.has_notes();
        drop(core);
        if has_notes {
            self.log_notes();
        }
        for missing in missing {
            if self.warnings.note_missing(&missing) {
                self.report(&missing.into());
            }
        }
        for Full { view, rows, limit } in full {
            self.report(&Fault::Full { view, rows, limit });
        }
        if timeout.is_some_and(|at| at <= self.now()) {
            self.handle_timeout();
        } else {
            self.wake_readers();
        }
        #[cfg(feature = "metrics")]
        self.publish_metrics();
    }

    /// Publishes what has changed since the last call.
    #[cfg(feature = "metrics")]
    fn publish_metrics(&self) {
        self.metrics.publish(|| {
            let mut core = self.core();
            let stats = self.totals(&core);
            let is_connected = *core.session.link() == Link::Open;
            (stats, is_connected, core.caches.take_differences())
        });
    }

    fn wake_readers(&self) {
        let wakers = std::mem::take(&mut self.core().caches.report().wakers);
        wake(wakers);
    }

    /// Changes the session, and announces the results. A new connection state is announced before streams end,
    /// so that a reader that sees the end also sees the new state.
    fn change(&self, change: impl FnOnce(&mut Core, Time)) {
        let now = self.now();
        let mut core = self.core();
        let was_waiting = matches!(core.session.link(), Link::Waiting { .. });
        change(&mut core, now);
        core.follow(now);
        let notices: Vec<_> = std::iter::from_fn(|| core.session.poll_notice()).collect();
        let retry = match core.session.link() {
            Link::Waiting { attempt } if !was_waiting => {
                let at = core.session.reconnect_at().unwrap_or(now);
                Some((*attempt, at.saturating_sub(now)))
            }
            _ => None,
        };
        drop(core);
        let mut wakers = Vec::new();
        self.state.send_if_modified(|state| {
            let first = *state == ConnectionState::Connecting;
            let now = ConnectionState::of(self.core().session.link(), first);
            let before = std::mem::replace(state, now);
            if now != before {
                wakers = self.changes.send(&self.change_to(now));
            }
            now != before
        });
        let ended = self.core().end(now);
        wake(wakers);
        self.wake_readers();
        for notice in notices {
            self.notify(notice);
        }
        self.log_notes();
        if let Some((attempt, delay)) = retry {
            self.trace.reconnecting(self.url(), attempt, delay);
        }
        #[cfg(feature = "metrics")]
        self.publish_metrics();
        if let Some(reason) = ended {
            self.trace.closed(self.url(), &reason);
            wake(self.changes.end());
            wake(self.faults.end());
            wake(self.issues.end());
        }
    }

    pub(crate) fn now(&self) -> Time {
        self.started.elapsed()
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        // A panic under this lock would be a bug in a pure state machine. Its state is still the best
        // available.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes tasks. Call it without a lock: a waker can run any code.
fn wake(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}
