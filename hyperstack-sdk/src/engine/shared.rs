//! What the handles, the readers and the driver share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{watch, Notify};
use tokio::time::Instant;

use super::core::Core;
use super::fault::Board;
use super::{ConnectionState, Fault, Faults, Stats};
use crate::patch::Patchable;
use crate::session::{ConnectError, EndReason, Link, Session, Target, Time, Transmit, Window};
use crate::store::{Cache, Hub, Selection};
use crate::stream::{Options, Queue, Subscription};
use crate::wire::payload::{self, Limits};
use crate::wire::{Frame, FrameError, Incoming};

/// The state of a client. The lock on it is held for short, and never across an await.
pub(crate) struct Shared {
    core: Mutex<Core>,
    /// Tells the driver that there may be something to do.
    wake: Notify,
    state: watch::Sender<ConnectionState>,
    board: Board,
    counters: Counters,
    started: Instant,
    settings: Settings,
}

/// The settings that concern neither session nor socket.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The URL without its query, to show.
    pub(crate) url: String,
    pub(crate) initial_data_timeout: Duration,
    pub(crate) queue_capacity: usize,
    pub(crate) limits: Limits,
}

#[derive(Debug, Default)]
struct Counters {
    frames: AtomicU64,
    bytes: AtomicU64,
    frame_errors: AtomicU64,
    row_errors: AtomicU64,
}

/// A client's share in its connection: the last one out closes it.
#[derive(Clone)]
pub(crate) struct Handle {
    last: Arc<CloseOnDrop>,
}

struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close(EndReason::Disconnected);
    }
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Handle {
            last: Arc::new(CloseOnDrop(shared)),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.last.0
    }
}

/// Keeps a target wanted for as long as it lives.
pub(crate) struct Interest {
    shared: Arc<Shared>,
    view: Arc<str>,
    target: Target,
    window: Window,
}

impl Drop for Interest {
    fn drop(&mut self) {
        let now = self.shared.now();
        let mut core = self.shared.core();
        core.session
            .release(&self.view, &self.target, self.window, now);
        drop(core);
        self.shared.wake.notify_one();
    }
}

/// Keeps a queue among its cache's readers for as long as it lives.
struct Reader<T: Patchable> {
    cache: Arc<Cache<T>>,
    selection: Selection,
    queue: Arc<Queue<T>>,
    _interests: Vec<Interest>,
}

impl<T: Patchable> Drop for Reader<T> {
    fn drop(&mut self) {
        self.cache.unsubscribe(&self.selection, &self.queue);
    }
}

impl Shared {
    pub(crate) fn new(session: Session, hub: Hub, settings: Settings) -> Self {
        Shared {
            core: Mutex::new(Core::new(session, hub)),
            wake: Notify::new(),
            state: watch::Sender::new(ConnectionState::Connecting),
            board: Board::default(),
            counters: Counters::default(),
            started: Instant::now(),
            settings,
        }
    }

    // For the handles and readers.

    /// The cache of `view` as `T`, wanted for as long as the interest lives.
    pub(crate) fn want<T: Patchable>(
        self: &Arc<Self>,
        view: &Arc<str>,
        target: Target,
        window: Window,
    ) -> (Arc<Cache<T>>, Interest) {
        let mut core = self.core();
        let (cache, made) = core.hub.cache(view);
        core.session.want(view, &target, window);
        if made {
            core.session.refresh(view);
        }
        drop(core);
        self.wake.notify_one();
        let interest = Interest {
            shared: self.clone(),
            view: view.clone(),
            target,
            window,
        };
        (cache, interest)
    }

    /// A new reader of `view`.
    pub(crate) fn subscribe<T: Patchable>(
        self: &Arc<Self>,
        view: &Arc<str>,
        selection: Selection,
        window: Window,
        options: Options,
    ) -> Subscription<T> {
        let targets = match &selection {
            Selection::All => vec![Target::All],
            Selection::Keys(keys) => keys.iter().cloned().map(Target::Key).collect(),
        };
        let want = |target| self.want::<T>(view, target, window).1;
        let interests = targets.into_iter().map(want).collect();
        let (cache, _) = self.core().hub.cache::<T>(view);
        let Options {
            keeps_before,
            wants_errors,
        } = options;
        let queue = Queue::new(self.settings.queue_capacity, keeps_before, wants_errors);
        let queue = Arc::new(queue);
        cache.subscribe(&selection, &queue);
        let reader = Reader {
            cache,
            selection,
            queue: queue.clone(),
            _interests: interests,
        };
        Subscription {
            queue,
            _guard: Box::new(reader),
        }
    }

    pub(crate) fn close(&self, reason: EndReason) {
        self.core().close(reason);
        self.publish_state();
        self.wake.notify_one();
    }

    pub(crate) fn state(&self) -> ConnectionState {
        *self.state.borrow()
    }

    /// Waits until the first connection is made, or will not be.
    pub(crate) async fn connected(&self) -> Result<(), ConnectError> {
        let mut state = self.state.subscribe();
        // The sender lives in `self`.
        let _ = state
            .wait_for(|state| *state != ConnectionState::Connecting)
            .await;
        match self.end_reason() {
            None => Ok(()),
            Some(EndReason::Failed(cause) | EndReason::Lost(cause)) => Err(cause),
            Some(EndReason::AttemptsExhausted { cause, .. }) => Err(cause),
            Some(reason) => Err(ConnectError::Lost(reason.to_string())),
        }
    }

    pub(crate) fn end_reason(&self) -> Option<EndReason> {
        match self.core().session.link() {
            Link::Closed(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    pub(crate) fn faults(&self) -> Faults {
        self.board.subscribe(self.end_reason().is_some())
    }

    pub(crate) fn stats(&self) -> Stats {
        let core = self.core();
        let tally = core.hub.tally();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            frames: count(&self.counters.frames),
            bytes: count(&self.counters.bytes),
            frame_errors: count(&self.counters.frame_errors),
            row_errors: count(&self.counters.row_errors),
            reconnects: core.session.reconnects(),
            views: tally.views,
            rows: tally.rows,
            partial_rows: tally.partial_rows,
            evicted_rows: tally.evicted_rows,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.settings.url
    }

    pub(crate) fn initial_data_timeout(&self) -> Duration {
        self.settings.initial_data_timeout
    }

    // For the driver.

    /// Waits until there may be something to do.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(crate) fn link(&self) -> Link {
        self.core().session.link().clone()
    }

    pub(crate) fn handle_open(&self) {
        let now = self.now();
        self.core().session.handle_open(now);
        self.publish_state();
    }

    pub(crate) fn handle_lost(&self, cause: ConnectError) {
        let now = self.now();
        let mut core = self.core();
        core.session.handle_lost(cause, now);
        core.follow();
        drop(core);
        self.publish_state();
    }

    /// Any sign of life from the peer.
    pub(crate) fn handle_heard(&self) {
        let now = self.now();
        self.core().session.handle_heard(now);
    }

    /// A text or binary message.
    pub(crate) fn handle_message(&self, message: &[u8]) {
        self.counters.frames.fetch_add(1, Ordering::Relaxed);
        let size = message.len() as u64;
        self.counters.bytes.fetch_add(size, Ordering::Relaxed);
        let result = payload::json(message, self.settings.limits)
            .and_then(|json| self.handle_incoming(Incoming::decode(&json)?));
        if let Err(error) = result {
            self.handle_heard();
            self.frame_error(error);
        }
    }

    fn handle_incoming(&self, incoming: Incoming<'_>) -> Result<(), FrameError> {
        let now = self.now();
        let mut core = self.core();
        core.session.handle_heard(now);
        match incoming {
            Incoming::Frame(mut frame) => {
                let malformed = match &mut frame {
                    Frame::Snapshot { malformed, .. } => std::mem::take(malformed),
                    _ => Vec::new(),
                };
                let errors = core.handle_frame(frame, now);
                drop(core);
                malformed
                    .into_iter()
                    .for_each(|error| self.frame_error(error));
                for error in errors {
                    self.counters.row_errors.fetch_add(1, Ordering::Relaxed);
                    self.board.report(&Fault::Row(error));
                }
            }
            Incoming::Issue(issue) => {
                drop(core);
                self.board.report(&Fault::Issue(issue));
            }
            Incoming::Refresh(_) => {}
        }
        Ok(())
    }

    fn frame_error(&self, error: FrameError) {
        self.counters.frame_errors.fetch_add(1, Ordering::Relaxed);
        self.core().hub.report(&error);
        self.board.report(&Fault::Frame(error));
    }

    pub(crate) fn handle_timeout(&self) {
        let now = self.now();
        self.core().handle_timeout(now);
        self.publish_state();
    }

    pub(crate) fn poll_transmit(&self) -> Option<Transmit> {
        self.core().session.poll_transmit()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let timeout = self.core().poll_timeout()?;
        Some(self.started + timeout)
    }

    /// Tells whoever watches where the connection stands, and why.
    fn publish_state(&self) {
        let mut core = self.core();
        let losses: Vec<_> = std::iter::from_fn(|| core.session.poll_loss()).collect();
        let link = core.session.link();
        self.state.send_if_modified(|state| {
            let first = *state == ConnectionState::Connecting;
            let now = ConnectionState::of(link, first);
            let changed = *state != now;
            *state = now;
            changed
        });
        let closed = matches!(link, Link::Closed(_));
        drop(core);
        for loss in losses {
            self.board.report(&Fault::Connection(loss));
        }
        if closed {
            self.board.end();
        }
    }

    fn now(&self) -> Time {
        self.started.elapsed()
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        // A panic under this lock would be a bug in a pure state machine; what it held is still the
        // best there is.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
