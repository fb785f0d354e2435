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

mod auth;
mod backoff;
mod error;
mod interest;
mod liveness;
mod requests;
mod window;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use auth::{Credentials, Grant};
pub use error::{ConnectError, EndReason};
pub use interest::Target;
pub(crate) use window::is_derived;
pub use window::Window;

use crate::auth::TokenError;
use crate::wire::{masked, AuthErrorCode, Issue, RefreshReply, Remedy, Request, Secret, Seq, Sort};
use auth::{Auth, Due};
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
    /// How long the server may take to answer to a new token.
    pub token_timeout: Duration,
    /// Whether a list is asked for from where it was lost.
    pub resume: bool,
    /// How much may be wanted at a time: parts of views, and rows by key.
    pub max_subscriptions: usize,
    /// After how long without a word a subscription is begun anew; `None` is never.
    pub stale_after: Option<Duration>,
    /// What is presented to the server.
    pub credentials: Credentials,
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
            token_timeout: Duration::from_secs(10),
            resume: true,
            max_subscriptions: 10_000,
            stale_after: None,
            credentials: Credentials::None,
        }
    }
}

/// Where the connection stands, and so what its driver has to do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Link {
    /// Fetch a token, and hand it to [`Session::handle_token`].
    Authorizing {
        /// As of [`Dialing`](Link::Dialing).
        attempt: u32,
    },
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
    /// What the server refused is about to be asked for again.
    Forgiven {
        /// The view's id.
        view: Arc<str>,
        /// What was refused.
        target: Target,
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
            | Event::Forgiven { view, .. }
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
    auth: Auth,
    /// When subscriptions that the server had no room for are asked for again, by its own word.
    ask_again: Option<Time>,
    /// When to look for subscriptions that have died in silence.
    next_check: Time,
    opened: Time,
    /// Whether there has been a connection.
    was_open: bool,
    reconnects: u64,
    /// What is to be sent beside requests: pings, and tokens.
    controls: VecDeque<Transmit>,
    events: VecDeque<Event>,
    losses: VecDeque<ConnectError>,
    last_error: Option<ConnectError>,
}

impl Session {
    /// A session that wants to dial. `seed` is the randomness of its back-off.
    pub fn new(settings: Settings, seed: u64) -> Self {
        let intervals = settings.reconnect_intervals.clone();
        let auth = Auth::new(
            settings.credentials.clone(),
            intervals.clone(),
            settings.token_timeout,
            seed.rotate_left(32),
        );
        Session {
            link: match auth.is_lacking(Time::ZERO) {
                true => Link::Authorizing { attempt: 0 },
                false => Link::Dialing { attempt: 0 },
            },
            auth,
            ask_again: None,
            next_check: Time::ZERO,
            interest: Interest::default(),
            requests: Requests::default(),
            liveness: Liveness::new(settings.ping_interval),
            backoff: Backoff::new(intervals, seed),
            opened: Time::ZERO,
            was_open: false,
            reconnects: 0,
            controls: VecDeque::new(),
            events: VecDeque::new(),
            losses: VecDeque::new(),
            last_error: None,
            settings,
        }
    }

    /// Where the connection stands.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The last loss, or failure to make a connection or to have a token.
    pub fn last_error(&self) -> Option<&ConnectError> {
        self.last_error.as_ref()
    }

    fn note(&mut self, error: ConnectError) {
        self.last_error = Some(error.clone());
        self.losses.push_back(error);
    }

    /// How often a lost connection was restored.
    pub fn reconnects(&self) -> u64 {
        self.reconnects
    }

    /// Whether these targets of a view may be wanted besides all that is; what only lingers gives way.
    ///
    /// # Errors
    ///
    /// [`EndReason::TooManySubscriptions`].
    pub fn admit(
        &mut self,
        view: &str,
        targets: &[Target],
        window: Window,
    ) -> Result<(), EndReason> {
        let limit = self.settings.max_subscriptions;
        if self.interest.count_with(view, targets, window) > limit {
            self.interest.expire(Time::MAX, &mut self.events);
        }
        match self.interest.count_with(view, targets, window) {
            wanted if wanted > limit => Err(EndReason::TooManySubscriptions { wanted, limit }),
            _ => Ok(()),
        }
    }

    /// A reader came: `target` of `view` is wanted until as many [`release`](Self::release) it.
    /// If it was refused, or the whole view was, that is asked for again without what only lingers:
    /// this reader may ask for less.
    pub fn want(&mut self, view: &Arc<str>, target: &Target, window: Window) {
        for refused in BTreeSet::from([target, &Target::All]) {
            if self.requests.forgive(view, refused) {
                self.interest.drop_idle(view);
                let (view, target) = (view.clone(), refused.clone());
                self.events.push_back(Event::Forgiven { view, target });
            }
        }
        self.interest.want(view, target, window);
    }

    /// A reader left. Its subscription lingers, so that the next reader finds it warm.
    pub fn release(&mut self, view: &Arc<str>, target: &Target, window: Window, now: Time) {
        let until = now.saturating_add(self.settings.linger);
        self.interest.release(view, target, window, until);
    }

    /// Every row of the view that changed up to `seq` is held: after a loss the server need only send
    /// what changed since. `None` is not to rely on that.
    pub fn resume_from(&mut self, view: &str, seq: Option<Seq>) {
        let seq = seq.filter(|_| self.settings.resume);
        self.interest.resume_from(view, seq);
    }

    /// Asks for the view's snapshot again, where a subscription to it stands already: a new kind of
    /// reader needs all rows.
    pub fn refresh(&mut self, view: &str) {
        self.requests.restart(view);
        self.interest.resume_from(view, None);
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
            self.auth.open();
            self.next_check = now;
            self.ask_again = None;
            self.requests = Requests::default();
            self.interest.touch_all();
        }
    }

    /// No token, no connection, or it is gone.
    pub fn handle_lost(&mut self, cause: ConnectError, now: Time) {
        let attempt = match self.link {
            Link::Closed(_) | Link::Waiting { .. } => return,
            Link::Authorizing { attempt } | Link::Dialing { attempt } => attempt,
            Link::Open if now.saturating_sub(self.opened) >= HEALTHY_AFTER => 0,
            Link::Open => self.backoff.attempts(),
        };
        self.controls.clear();
        let has_next = self.auth.is_sent();
        self.auth.lose();
        self.note(cause.clone());
        let was_dialing = matches!(self.link, Link::Dialing { .. });
        if self.link == Link::Open {
            self.events.push_back(Event::Lost);
        }
        // Where no token can be had, one that was refused will be refused again. Where an old one was,
        // another may help at once; but not a server that takes one after the other and drops it.
        let was_old = match cause.remedy() {
            // The next one is there already, whatever the server was going to say of it.
            Remedy::NewToken if has_next && cause == ConnectError::TokenExpired => Some(false),
            Remedy::NewToken => self.auth.forget(),
            _ => Some(false),
        };
        let is_final = cause.is_final() || was_old.is_none();
        if is_final || !self.was_open && !self.settings.wait_for_server {
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
        let next = attempt.saturating_add(1);
        self.backoff.wait(next, now);
        if let Some(wait) = cause.retry_after() {
            self.backoff.not_before(now.saturating_add(wait));
        } else if was_old == Some(true) && (attempt == 0 || was_dialing) {
            self.link = Link::Authorizing { attempt: next };
            return;
        }
        self.link = Link::Waiting { attempt: next };
    }

    /// The token to present to the server, in a handshake.
    pub fn token(&self) -> Option<&Secret> {
        self.auth.secret()
    }

    /// A text of the server's without the tokens that it may repeat; one of fewer than eight characters
    /// is a word, and may stand there by chance.
    pub fn masked(&self, text: String) -> String {
        let secrets = self.auth.secrets();
        masked(text, secrets.map(|Secret(token)| token.as_str()))
    }

    /// Whether a token is to be fetched: before dialling, or, beside the reading of an open
    /// connection, one to follow the token in use. One at a time.
    pub fn wants_token(&self) -> bool {
        match self.link {
            Link::Authorizing { .. } => true,
            Link::Open => self.auth.is_fetching(),
            _ => false,
        }
    }

    /// What came of fetching a token. While a connection is up it does without as long as it can.
    pub fn handle_token(&mut self, fetched: Result<Grant, TokenError>, now: Time) {
        match (&self.link, fetched) {
            (Link::Authorizing { attempt }, Ok(grant)) => {
                let attempt = *attempt;
                self.auth.take_in(grant, now);
                self.link = Link::Dialing { attempt };
            }
            (Link::Authorizing { .. }, Err(error)) => self.handle_lost(error.into(), now),
            // It was asked for before the loss.
            (Link::Waiting { .. }, Ok(grant)) => self.auth.take_in(grant, now),
            (Link::Open, Ok(grant)) if self.auth.is_fetching() => {
                let token = self.auth.renew(grant, now);
                let request = Request::RefreshAuth { token };
                self.controls.push_back(Transmit::Text(request));
            }
            (Link::Open, Err(error)) if self.auth.is_fetching() => {
                let wait = error.retry_after().unwrap_or_default();
                self.auth.put_off(error.is_final(), wait, now);
                self.note(error.into());
            }
            _ => {}
        }
    }

    /// The server's answer to a token; `life` is how long it is valid from now on, by that answer.
    pub fn handle_refreshed(&mut self, reply: &RefreshReply, life: Option<Duration>, now: Time) {
        if self.link != Link::Open || !self.auth.is_sent() {
            return;
        }
        match reply.success {
            true => self.auth.renewed(life, now),
            false => {
                let code = reply.error.clone();
                self.handle_lost(ConnectError::RefreshRefused { code }, now);
            }
        }
    }

    /// Anything at all arrived.
    pub fn handle_heard(&mut self, now: Time) {
        self.liveness.heard(now);
    }

    /// A `subscribed` frame.
    pub fn handle_subscribed(&mut self, view: &str, sort: Option<Sort>) {
        if self.link != Link::Open {
            return;
        }
        for event in self.requests.subscribed(view, sort) {
            if let Event::Begin { view, target, .. } = &event {
                if *target == Target::All {
                    self.interest.begin(view);
                }
            }
            self.events.push_back(event);
        }
    }

    /// Any other frame of a view, about one key or about many.
    pub fn handle_news(&mut self, view: &str, key: Option<&str>, now: Time) {
        self.requests.news(view);
        if self.settings.stale_after.is_some() {
            self.requests.heard(view, key, now);
        }
    }

    /// A view's last snapshot frame, whose rows are in the store.
    pub fn handle_complete(&mut self, view: &str) {
        if self.link != Link::Open {
            return;
        }
        self.events.extend(self.requests.completed(view));
    }

    /// A complaint of the server's. It names no view: the limit on subscriptions is met by the
    /// earliest request that is not answered, the limit on rows by the last that is. After a fatal one
    /// nothing more comes, though the socket may stay open.
    pub fn handle_issue(&mut self, issue: &Issue, now: Time) {
        if self.link != Link::Open {
            return;
        }
        if issue.fatal {
            return self.handle_lost(issue.into(), now);
        }
        self.events.extend(match issue.code {
            AuthErrorCode::SubscriptionLimitExceeded => {
                if let Some(wait) = issue.retry_after.map(Duration::from_secs) {
                    let at = now.saturating_add(wait);
                    self.ask_again = Some(self.ask_again.map_or(at, |before| before.min(at)));
                }
                self.requests.refuse_unanswered(issue)
            }
            AuthErrorCode::SnapshotLimitExceeded => {
                let refused = self.requests.refuse_answered(issue);
                let views = refused.iter().filter_map(Event::view);
                views.for_each(|view| self.interest.refuse(view));
                refused
            }
            _ => Vec::new(),
        });
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) named has come.
    pub fn handle_timeout(&mut self, now: Time) {
        self.interest.expire(now, &mut self.events);
        match self.link {
            Link::Waiting { attempt } if self.backoff.until() <= now => {
                self.link = match self.auth.is_lacking(now) {
                    true => Link::Authorizing { attempt },
                    false => Link::Dialing { attempt },
                };
            }
            Link::Open => self.tend(now),
            _ => {}
        }
    }

    /// What time does to an open connection.
    fn tend(&mut self, now: Time) {
        if self.liveness.is_dead(now) {
            let silent = self.liveness.patience();
            return self.handle_lost(ConnectError::Silent { silent }, now);
        }
        match self.auth.handle_timeout(now) {
            Some(Due::Expired) => return self.handle_lost(ConnectError::TokenExpired, now),
            Some(Due::Unanswered) => {
                let after = self.settings.token_timeout;
                return self.handle_lost(ConnectError::RefreshUnanswered { after }, now);
            }
            None => {}
        }
        if self.ask_again.is_some_and(|at| at <= now) {
            self.ask_again = None;
            self.requests.ask_again();
        }
        if let Some(limit) = self.settings.stale_after {
            if self.next_check <= now {
                let rest = (limit / 4).max(Duration::from_millis(1));
                self.next_check = now.saturating_add(rest);
                let stale = self.requests.restart_stale(limit, now);
                stale.iter().for_each(|view| self.interest.touch(view));
            }
        }
        // At once: who wants again what was just given up must be subscribed anew.
        self.requests.reconcile(&mut self.interest);
        if self.liveness.is_due(now) {
            self.controls.push_back(Transmit::Ping);
            self.controls.push_back(Transmit::Text(Request::Ping));
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
        self.controls.pop_front()
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
            Link::Open => {
                let check = self.settings.stale_after.map(|_| self.next_check);
                let others = [self.auth.next(), self.ask_again, check];
                let others = others.into_iter().flatten();
                others.chain([self.liveness.next()]).min()
            }
            Link::Authorizing { .. } | Link::Dialing { .. } | Link::Closed(_) => None,
        };
        link.into_iter().chain(self.interest.next_expiry()).min()
    }
}

#[cfg(test)]
mod tests;
