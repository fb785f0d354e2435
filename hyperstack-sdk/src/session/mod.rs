//! What is wanted against what the server confirmed, and every timer: the connection's logic.
//!
//! A [`Session`] is a state machine that does no IO and reads no clock. It is told what happened
//! (`handle_…`) and asked what to do (`poll_…`); [`Time`] is an argument. What is wanted outlives a
//! connection, what was confirmed does not: a reconnect forgets the second and replays the first.
//!
//! The caller's recipe, after every `handle_…`: send what [`poll_transmit`](Session::poll_transmit)
//! yields, pass what [`poll_event`](Session::poll_event) yields to the store, follow
//! [`link`](Session::link), and call [`handle_timeout`](Session::handle_timeout) when
//! [`poll_timeout`](Session::poll_timeout) comes.

mod backoff;
mod error;
mod interest;
mod liveness;
mod requests;
mod window;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub use error::{ConnectError, EndReason};
pub use interest::Target;
pub(crate) use window::is_derived;
pub use window::Window;

use crate::wire::{Issue, Request, Sort};
use backoff::Backoff;
use interest::Interest;
use liveness::Liveness;
use requests::Requests;

/// A point in time, as the time since the session began.
pub type Time = Duration;

/// A connection that stayed up so long is healthy: the next loss starts the back-off anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// How a session behaves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Whether a lost connection is dialled again.
    pub auto_reconnect: bool,
    /// How often in a row dialling may fail; `None` is without limit.
    pub max_reconnect_attempts: Option<u32>,
    /// The upper bounds of the waits between attempts; the last one repeats.
    pub reconnect_intervals: Vec<Duration>,
    /// How often the peer is pinged. It is taken for dead after two intervals without a word.
    pub ping_interval: Duration,
    /// How long a subscription outlives its last reader.
    pub linger: Duration,
    /// Whether the first dial is repeated like any other.
    pub wait_for_server: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            auto_reconnect: true,
            max_reconnect_attempts: None,
            reconnect_intervals: [1, 2, 4, 8, 16].map(Duration::from_secs).to_vec(),
            ping_interval: Duration::from_secs(15),
            linger: Duration::from_secs(5),
            wait_for_server: false,
        }
    }
}

/// Where the connection stands, and so what its driver has to do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Link {
    /// Dial.
    Dialing {
        /// How many attempts there were since the last healthy connection; 0 for the very first.
        attempt: u32,
    },
    /// Read the socket.
    Open,
    /// Wait for [`Session::poll_timeout`].
    Waiting {
        /// The number of the attempt that follows.
        attempt: u32,
    },
    /// Close the socket, if there is one, and stop.
    Closed(EndReason),
}

/// Something to put on the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transmit {
    /// A text message.
    Text(Request),
    /// A WebSocket ping.
    Ping,
}

/// Something the store has to know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The server began a subscription: a snapshot may follow.
    Begin {
        /// The view's id.
        view: Arc<str>,
        /// What was subscribed.
        target: Target,
        /// Which part of it.
        window: Window,
        /// The announced order.
        sort: Option<Sort>,
    },
    /// The snapshot is over, empty ones included: what is held is what the server has.
    Finish {
        /// The view's id.
        view: Arc<str>,
        /// What was subscribed.
        target: Target,
    },
    /// The server knows no such view.
    Unknown {
        /// The view's id.
        view: Arc<str>,
        /// What was subscribed.
        target: Target,
    },
    /// The server refused a subscription; it is asked again when another one ends.
    Refused {
        /// The view's id.
        view: Arc<str>,
        /// What was subscribed.
        target: Target,
        /// What the server said.
        issue: Issue,
    },
    /// The connection is lost: nothing that is held is known to be current.
    Lost,
    /// Readers left: of this view only these keys are still wanted.
    Forget {
        /// The view's id.
        view: Arc<str>,
        /// The keys still wanted; with none the view goes.
        keys: Vec<Arc<str>>,
    },
}

impl Event {
    /// The view that the event is about; `None` if it is about all of them.
    pub fn view(&self) -> Option<&Arc<str>> {
        match self {
            Event::Begin { view, .. }
            | Event::Finish { view, .. }
            | Event::Unknown { view, .. }
            | Event::Refused { view, .. }
            | Event::Forget { view, .. } => Some(view),
            Event::Lost => None,
        }
    }
}

/// The connection's logic; see the [module](self).
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    link: Link,
    interest: Interest,
    requests: Requests,
    liveness: Liveness,
    backoff: Backoff,
    opened: Time,
    /// Whether there has been a connection.
    was_open: bool,
    reconnects: u64,
    pings: VecDeque<Transmit>,
    events: VecDeque<Event>,
    losses: VecDeque<ConnectError>,
}

impl Session {
    /// A session that wants to dial. `seed` is the randomness of its back-off.
    pub fn new(settings: Settings, seed: u64) -> Self {
        Session {
            link: Link::Dialing { attempt: 0 },
            interest: Interest::default(),
            requests: Requests::default(),
            liveness: Liveness::new(settings.ping_interval),
            backoff: Backoff::new(settings.reconnect_intervals.clone(), seed),
            opened: Time::ZERO,
            was_open: false,
            reconnects: 0,
            pings: VecDeque::new(),
            events: VecDeque::new(),
            losses: VecDeque::new(),
            settings,
        }
    }

    /// Where the connection stands.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// How often a lost connection was restored.
    pub fn reconnects(&self) -> u64 {
        self.reconnects
    }

    /// A reader came: `target` of `view` is wanted until as many [`release`](Self::release) it.
    pub fn want(&mut self, view: &Arc<str>, target: &Target, window: Window) {
        self.interest.want(view, target, window);
    }

    /// A reader left. Its subscription lingers, so that the next reader finds it warm.
    pub fn release(&mut self, view: &Arc<str>, target: &Target, window: Window, now: Time) {
        let until = now.saturating_add(self.settings.linger);
        self.interest.release(view, target, window, until);
    }

    /// Asks for the view's snapshot again, where a subscription to it stands already: a new kind of
    /// reader needs all rows.
    pub fn refresh(&mut self, view: &str) {
        self.requests.restart(view);
        self.interest.touch(view);
    }

    /// Ends the session at once, in any state.
    pub fn close(&mut self, reason: EndReason) {
        if !matches!(self.link, Link::Closed(_)) {
            self.link = Link::Closed(reason);
        }
    }

    /// The dial succeeded.
    pub fn handle_open(&mut self, now: Time) {
        if let Link::Dialing { .. } = self.link {
            self.reconnects += u64::from(self.was_open);
            self.was_open = true;
            self.link = Link::Open;
            self.opened = now;
            self.liveness.start(now);
            self.requests = Requests::default();
            self.interest.touch_all();
        }
    }

    /// The dial failed, or the connection is gone.
    pub fn handle_lost(&mut self, cause: ConnectError, now: Time) {
        let attempt = match self.link {
            Link::Closed(_) | Link::Waiting { .. } => return,
            Link::Dialing { attempt } => attempt,
            Link::Open if now.saturating_sub(self.opened) >= HEALTHY_AFTER => 0,
            Link::Open => self.backoff.attempts(),
        };
        self.pings.clear();
        self.losses.push_back(cause.clone());
        if self.link == Link::Open {
            self.events.push_back(Event::Lost);
        }
        if cause.is_final() || !self.was_open && !self.settings.wait_for_server {
            return self.close(EndReason::Failed(cause));
        }
        if self.was_open && !self.settings.auto_reconnect {
            return self.close(EndReason::Lost(cause));
        }
        if let Some(limit) = self.settings.max_reconnect_attempts {
            if attempt >= limit {
                let attempts = attempt;
                return self.close(EndReason::AttemptsExhausted { attempts, cause });
            }
        }
        let attempt = attempt.saturating_add(1);
        self.backoff.wait(attempt, now);
        self.link = Link::Waiting { attempt };
    }

    /// Anything at all arrived.
    pub fn handle_heard(&mut self, now: Time) {
        self.liveness.heard(now);
    }

    /// A `subscribed` frame.
    pub fn handle_subscribed(&mut self, view: &str, sort: Option<Sort>) {
        for event in self.requests.subscribed(view, sort) {
            if let Event::Begin { view, target, .. } = &event {
                if *target == Target::All {
                    self.interest.begin(view);
                }
            }
            self.events.push_back(event);
        }
    }

    /// Any other frame of a view.
    pub fn handle_news(&mut self, view: &str) {
        self.requests.news(view);
    }

    /// A view's last snapshot frame, whose rows are in the store.
    pub fn handle_complete(&mut self, view: &str) {
        self.events.extend(self.requests.completed(view));
    }

    /// A complaint of the server's. It names no view: the limit on subscriptions is met by the
    /// earliest request that is not answered, the limit on rows by the last that is.
    pub fn handle_issue(&mut self, issue: &Issue) {
        self.events.extend(match issue.code.as_str() {
            "subscription-limit-exceeded" => self.requests.refuse_unanswered(issue),
            "snapshot-limit-exceeded" => self.requests.refuse_answered(issue),
            _ => Vec::new(),
        });
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) named has come.
    pub fn handle_timeout(&mut self, now: Time) {
        self.interest.expire(now, &mut self.events);
        if self.link == Link::Open {
            // At once: who wants again what was just given up must be subscribed anew.
            self.requests.reconcile(&mut self.interest);
        }
        match self.link {
            Link::Waiting { attempt } if self.backoff.until() <= now => {
                self.link = Link::Dialing { attempt };
            }
            Link::Open if self.liveness.is_dead(now) => {
                let silent = self.liveness.patience();
                self.handle_lost(ConnectError::Silent { silent }, now);
            }
            Link::Open if self.liveness.is_due(now) => {
                self.pings.push_back(Transmit::Ping);
                self.pings.push_back(Transmit::Text(Request::Ping));
            }
            _ => {}
        }
    }

    /// The next thing to send. Nothing is sent, and nothing is queued, while the link is not open.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if self.link != Link::Open {
            return None;
        }
        self.requests.reconcile(&mut self.interest);
        if let Some(request) = self.requests.next() {
            return Some(Transmit::Text(request));
        }
        self.pings.pop_front()
    }

    /// The next thing the store has to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next loss of the connection, or failure to restore it, to tell people of.
    pub fn poll_loss(&mut self) -> Option<ConnectError> {
        self.losses.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    pub fn poll_timeout(&self) -> Option<Time> {
        let link = match self.link {
            Link::Waiting { .. } => Some(self.backoff.until()),
            Link::Open => Some(self.liveness.next()),
            Link::Dialing { .. } | Link::Closed(_) => None,
        };
        link.into_iter().chain(self.interest.next_expiry()).min()
    }
}

#[cfg(test)]
mod tests;
