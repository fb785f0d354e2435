//! The connection's logic: the queries that readers want, the subscriptions that serve them, and every timer.
//!
//! A [`Session`] is a state machine that does no IO and reads no clock: [`Time`] is an argument. The caller
//! reports events with the `handle_…` methods and asks what to do with the `poll_…` methods. Queries outlive a
//! connection; subscriptions do not, so the session resubscribes after a reconnect.
//!
//! After every call that changes the session, the caller does the following:
//!
//! 1. Apply to the store the instruction that [`handle_message`](Session::handle_message) returned, and then those
//!    of [`poll_instruction`](Session::poll_instruction).
//! 2. Send the messages of [`poll_transmit`](Session::poll_transmit).
//! 3. Report the notices of [`poll_notice`](Session::poll_notice).
//! 4. Do what [`link`](Session::link) says.
//! 5. Call [`handle_timeout`](Session::handle_timeout) at the time that [`poll_timeout`](Session::poll_timeout)
//!    returns.
//!
//! ```text
//! query, window   what a reader wants
//!   -> wants      all queries, and when they expire
//!   -> v1, v2     the subscriptions that serve them, and what frames mean
//! tape           the readers of tapes, each with a subscription of its own
//!   -> instruction  what the store must do
//! detection       which generation the server speaks
//! refetch         snapshots that the store needs
//! link, backoff, liveness, auth   connection state, reconnects, pings, token
//! timer           every deadline
//! ```

mod query;
mod window;

mod wants;

mod generation;

mod v1;
mod v2;

mod tape;

mod detection;

mod guard;
mod instruction;
mod rank;

mod auth;
mod backoff;
mod coverage;
mod error;
mod link;
mod liveness;
mod refetch;
mod settings;
mod timer;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub use auth::{Credentials, Grant};
pub use coverage::Coverage;
pub use error::{CloseReason, ConfigError, ConnectError, ConnectionLost, TooManySubscriptions};
pub(crate) use guard::{rank, Guard, Mark};
pub use instruction::{Absent, Instruction, RemovalCause, Route, SourceId, Step, Subscribed};
pub use link::{Link, Transmit};
pub use query::{Filters, Query, Target};
pub(crate) use rank::Rank;
pub use settings::Settings;
pub use tape::{GapCause, TapeEnd, TapeGap, TapeQuery, TapeStart, TapeStep};
pub use timer::Time;
pub(crate) use v2::Version;
pub use window::Window;

use crate::auth::TokenError;
use crate::wire::{
    masked, AuthErrorCode, Frame, FrameError, Incoming, Issue, Protocol, RefreshReply, Remedy,
    Request, Secret, Seq,
};
use auth::{AfterRejection, Auth, Due};
use backoff::Backoff;
use detection::{Detection, Verdict};
use generation::Generation;
use instruction::SourceIds;
use liveness::Liveness;
use refetch::Refetches;
use tape::Tapes;
use timer::{Timer, Timers};
use v1::V1;
use v2::V2;
use wants::Wants;

/// A connection that stays up this long is healthy: when it is lost, the backoff starts at the first interval.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);

/// How long a v2 subscription may be silent before it is probed, if `stale_after` is not set. Checks run every quarter
/// of this (75 s). That is longer than 60 s, the longest time for which a server coalesces changes, so a change that is
/// merely delayed arrives before the next check.
const CHECK_AFTER: Duration = Duration::from_secs(300);

/// The longest time for which a row that left a window waits for its successor.
const HOLD: Duration = Duration::from_millis(50);

/// Something to report to the client's user.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The connection was lost, or an attempt to restore it failed, or no token could be fetched.
    Connection(ConnectError),
    /// The server sent an error.
    Issue(Issue),
    /// A message, or a row of one, could not be read.
    Undecodable(FrameError),
}

/// The connection's logic; see the [module](self).
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    link: Link,
    wants: Wants,
    ids: SourceIds,
    generation: Box<dyn Generation>,
    tapes: Tapes,
    /// The generation in use.
    protocol: Protocol,
    /// How often the generation changed.
    switches: u32,
    detection: Detection,
    liveness: Liveness,
    refetches: Refetches,
    backoff: Backoff,
    auth: Auth,
    timers: Timers,
    opened: Time,
    /// Whether there has been a connection.
    was_open: bool,
    reconnects: u64,
    /// Pings and tokens to send, besides the requests for subscriptions.
    controls: VecDeque<Transmit>,
    instructions: VecDeque<Instruction<'static>>,
    notices: VecDeque<Notice>,
    last_error: Option<ConnectError>,
}

impl Session {
    /// Creates a session that is about to dial. `seed` is the only source of randomness.
    pub fn new(settings: Settings, seed: u64) -> Self {
        let intervals = settings.reconnect_intervals.clone();
        let known = (!settings.is_server).then_some(Protocol::V2);
        let protocol = match (known, settings.protocol) {
            (Some(known), _) => known,
            (None, Protocol::Auto) => settings.likely_protocol,
            (None, configured) => configured,
        };
        let auth = Auth::new(
            settings.credentials.clone(),
            intervals.clone(),
            settings.token_timeout,
            seed.rotate_left(32),
        );
        Session {
            link: if auth.is_lacking(Time::ZERO) {
                Link::Authorizing { attempt: 0 }
            } else {
                Link::Dialing { attempt: 0 }
            },
            auth,
            wants: Wants::default(),
            ids: SourceIds::default(),
            generation: generation(protocol, 0, &settings),
            tapes: Tapes::default(),
            protocol,
            switches: 0,
            detection: Detection::new(settings.protocol, known),
            liveness: Liveness::new(settings.ping_interval),
            refetches: Refetches::default(),
            backoff: Backoff::new(intervals, seed),
            timers: Timers::default(),
            opened: Time::ZERO,
            was_open: false,
            reconnects: 0,
            controls: VecDeque::new(),
            instructions: VecDeque::new(),
            notices: VecDeque::new(),
            last_error: None,
            settings,
        }
    }

    /// Returns the state of the connection.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Returns the latest loss of the connection, or failure to connect or to fetch a token.
    pub fn last_error(&self) -> Option<&ConnectError> {
        self.last_error.as_ref()
    }

    /// Returns how often a lost connection was restored.
    pub fn reconnects(&self) -> u64 {
        self.reconnects
    }

    /// Returns the protocol generation in use. With [`Protocol::Auto`], it is a guess until the first message
    /// of the first connection.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    // Readers.

    /// Checks that these queries can be added. At the limit, drops queries that only linger.
    ///
    /// # Errors
    ///
    /// Returns [`TooManySubscriptions`] if there would still be too many.
    pub fn admit(&mut self, queries: &[Query]) -> Result<(), TooManySubscriptions> {
        let limit = self.settings.max_subscriptions;
        if self.count_with(queries) > limit {
            self.expire_wants(Time::MAX);
        }
        match self.count_with(queries) {
            wanted if wanted > limit => Err(TooManySubscriptions { wanted, limit }),
            _ => Ok(()),
        }
    }

    /// Returns the number of subscriptions that there would be with these queries.
    fn count_with(&self, queries: &[Query]) -> usize {
        self.wants.count_with(queries) + self.tapes.len()
    }

    /// Checks that a reader of a tape can be added, as [`admit`](Self::admit) does for queries.
    ///
    /// # Errors
    ///
    /// Returns [`TooManySubscriptions`] if there would be too many.
    pub fn admit_tape(&mut self) -> Result<(), TooManySubscriptions> {
        let limit = self.settings.max_subscriptions;
        if self.count_with(&[]) >= limit {
            self.expire_wants(Time::MAX);
        }
        match self.count_with(&[]) + 1 {
            wanted if wanted > limit => Err(TooManySubscriptions { wanted, limit }),
            _ => Ok(()),
        }
    }

    /// Adds a reader of a tape, until [`release_tape`](Self::release_tape) removes it. Returns the source of its
    /// records.
    pub fn open_tape(&mut self, mut query: TapeQuery) -> SourceId {
        let source = self.ids.allocate();
        if self.settings.coverage == Coverage::WholeViews {
            // The store applies all filters of a tape.
            query.filters.clear();
        }
        self.tapes.open(source, query);
        if self.settings.protocol == Protocol::V1 || self.detection.has_found(Protocol::V1) {
            self.end_tapes();
        }
        source
    }

    /// Ends all tapes, because the server has none.
    fn end_tapes(&mut self) {
        let reason = TapeEnd::UnsupportedProtocol;
        self.tapes.end_all(&reason, &mut self.instructions);
    }

    /// Removes a reader of a tape.
    pub fn release_tape(&mut self, source: SourceId) {
        self.tapes.release(source);
        self.ids.release(source);
        self.instructions.push_back(source.instruct(Step::Free));
    }

    /// Ends the subscription of a slow reader of a tape. [`resume_tape`](Self::resume_tape) continues after the last
    /// record that the reader got.
    pub fn pause_tape(&mut self, source: SourceId) {
        self.tapes.pause(source);
    }

    /// Continues a reader that was paused.
    pub fn resume_tape(&mut self, source: SourceId) {
        self.tapes.resume(source);
    }

    /// Adds a reader of a query, until [`release`](Self::release) removes it. Returns where its rows
    /// come from.
    pub fn want(&mut self, query: &Query) -> Route {
        let (ids, instructions) = (&mut self.ids, &mut self.instructions);
        let route = self
            .generation
            .want(query, &mut self.wants, ids, instructions);
        self.wants.add(query);
        self.set_linger_timer();
        route
    }

    /// Removes a reader of a query. The query's subscription lingers, so that the next reader finds it.
    pub fn release(&mut self, query: &Query, now: Time) {
        let until = now.saturating_add(self.settings.linger);
        self.wants.remove(query, until);
        self.set_linger_timer();
    }

    /// Returns where a query's rows come from, if it has readers.
    pub fn route(&self, query: &Query) -> Option<Route> {
        self.generation.route(query)
    }

    /// Returns the sources of a view, that of the whole view first.
    pub fn sources_of(&self, view: &str) -> Vec<SourceId> {
        self.generation.sources_of(view)
    }

    /// Returns every source, and what is subscribed for it, by view.
    pub fn subscribed(&self) -> Vec<Subscribed> {
        let mut subscribed = self.generation.subscribed(&self.wants);
        subscribed.extend(self.tapes.subscribed());
        subscribed.sort_by(|a, b| (&a.view, a.source).cmp(&(&b.view, b.source)));
        subscribed
    }

    /// Returns the source and the view of a request that starts a subscription, and `None` for other requests.
    pub fn source_of(&self, request: &Request) -> Option<(SourceId, Arc<str>)> {
        let tape = match request {
            Request::Query { id, .. } => self.tapes.source_of(id),
            _ => None,
        };
        tape.or_else(|| self.generation.source_of(request))
    }

    /// Requests a query's snapshot again, if it is subscribed, because the store lacks some of its rows.
    pub fn resync(&mut self, query: &Query) {
        if let Some(route) = self.generation.route(query) {
            self.generation.resync(route.source, &mut self.wants);
        }
    }

    /// Requests a source's snapshot again, because the store cannot repair its rows otherwise. The first request is
    /// sent at once; later ones wait, twice as long each time, up to five minutes.
    pub fn fetch_again(&mut self, source: SourceId, now: Time) {
        self.refetches.add(source, now);
        self.timers.set(Timer::Refetch, self.refetches.next());
    }

    /// Probes a source's subscription: requests a row of it after the position `newest`, the greatest that the store has
    /// seen. Call it at [`Step::Probe`].
    pub fn probe(&mut self, source: SourceId, newest: Option<Seq>) {
        self.generation.probe(source, newest);
    }

    /// Sets for each source the position up to which it holds every change, or `None` if that is unknown. After the
    /// reconnect, the server then sends only later changes. Call it at [`Step::Lost`].
    pub fn set_cursors(&mut self, cursor_of: impl Fn(SourceId) -> Option<Seq>) {
        if self.settings.resume {
            self.generation.set_cursors(&cursor_of);
        }
    }

    /// Notes whether the store holds rows that left their window. If so, [`Step::ReleaseHeld`] follows
    /// after 50 milliseconds.
    pub fn set_holds_rows(&mut self, holds: bool, now: Time) {
        if !holds {
            self.timers.set(Timer::ReleaseHeld, None);
        } else if self.timers.get(Timer::ReleaseHeld).is_none() {
            let at = now.saturating_add(HOLD);
            self.timers.set(Timer::ReleaseHeld, at);
        }
    }

    // The connection.

    /// Ends the session at once, in any state.
    pub fn close(&mut self, reason: CloseReason) {
        if !matches!(self.link, Link::Closed(_)) {
            self.link = Link::Closed(reason);
            self.timers.clear_connection();
        }
    }

    /// The dial succeeded.
    pub fn handle_open(&mut self, now: Time) {
        if let Link::Dialing { .. } = self.link {
            self.reconnects += u64::from(self.was_open);
            self.was_open = true;
            self.link = Link::Open;
            self.opened = now;
            if self.settings.pings {
                self.liveness.start(now, &mut self.timers);
            }
            // The snapshots of this connection replace the rows.
            self.refetches.clear();
            self.auth.open();
            self.set_token_timer();
            self.set_stale_timer(now);
            self.generation.handle_open(&mut self.wants);
            self.tapes.handle_open();
            self.controls.extend(self.detection.open());
        }
    }

    /// The connection was lost.
    pub fn handle_lost(&mut self, cause: ConnectionLost, now: Time) {
        let url = self.settings.url.clone();
        self.handle_failed(ConnectError::Lost { url, cause }, now);
    }

    /// A token could not be fetched, or a connection could not be made, or it was lost.
    pub fn handle_failed(&mut self, cause: ConnectError, now: Time) {
        let attempt = match self.link {
            Link::Closed(_) | Link::Waiting { .. } => return,
            Link::Authorizing { attempt } | Link::Dialing { attempt } => attempt,
            Link::Open if now.saturating_sub(self.opened) >= HEALTHY_AFTER => 0,
            Link::Open => self.backoff.attempts(),
        };
        self.controls.clear();
        self.timers.clear_connection();
        let has_next_token = self.auth.is_sent();
        self.auth.lose();
        self.report(cause.clone());
        let was_dialing = matches!(self.link, Link::Dialing { .. });
        if self.link == Link::Open {
            self.instruct_all(Step::Lost);
        }
        let expired = matches!(
            cause,
            ConnectError::Lost {
                cause: ConnectionLost::TokenExpired,
                ..
            }
        );
        let after = match cause.remedy() {
            // The next token is available, though the server has not accepted it yet.
            Remedy::NewToken if has_next_token && expired => AfterRejection::Wait,
            Remedy::NewToken => self.auth.reject(),
            _ => AfterRejection::Wait,
        };
        let is_final = cause.is_final() || after == AfterRejection::GiveUp;
        if is_final || !self.was_open && !self.settings.wait_for_server {
            return self.close(CloseReason::Failed(cause));
        }
        if self.was_open && !self.settings.auto_reconnect {
            return self.close(match cause {
                ConnectError::Lost { cause: lost, .. } => CloseReason::Lost(lost),
                cause => CloseReason::Failed(cause),
            });
        }
        if let Some(limit) = self.settings.max_reconnect_attempts {
            if attempt >= limit {
                let attempts = attempt;
                return self.close(CloseReason::AttemptsExhausted { attempts, cause });
            }
        }
        let next = attempt.saturating_add(1);
        self.backoff.wait(next, now);
        if let Some(wait) = cause.retry_after() {
            self.backoff.not_before(now.saturating_add(wait));
        } else if after == AfterRejection::FetchNow && (attempt == 0 || was_dialing) {
            // Back off if the server accepts each token and then drops the connection.
            self.link = Link::Authorizing { attempt: next };
            return;
        }
        self.link = Link::Waiting { attempt: next };
        self.timers.set(Timer::Reconnect, self.backoff.until());
    }

    /// Returns the token to present in a handshake.
    pub fn token(&self) -> Option<&Secret> {
        self.auth.secret()
    }

    /// Masks the tokens that the server may echo in a text. A token of fewer than eight characters is not
    /// masked, because it may be a word.
    pub fn masked(&self, text: String) -> String {
        let secrets = self.auth.secrets();
        masked(text, secrets.map(|Secret(token)| token.as_str()))
    }

    /// Whether a token must be fetched: before dialling, or while a connection is open, to follow the
    /// token in use. Fetch one at a time.
    pub fn wants_token(&self) -> bool {
        match self.link {
            Link::Authorizing { .. } => true,
            Link::Open => self.auth.is_fetching(),
            _ => false,
        }
    }

    /// Handles the result of a token fetch. An open connection keeps its present token until that expires.
    pub fn handle_token(&mut self, fetched: Result<Grant, TokenError>, now: Time) {
        match (&self.link, fetched) {
            (Link::Authorizing { attempt }, Ok(grant)) => {
                let attempt = *attempt;
                self.auth.accept(grant, now);
                self.link = Link::Dialing { attempt };
            }
            (Link::Authorizing { .. }, Err(error)) => self.handle_failed(error.into(), now),
            // It was requested before the connection was lost.
            (Link::Waiting { .. }, Ok(grant)) => self.auth.accept(grant, now),
            (Link::Open, Ok(grant)) if self.auth.is_fetching() => {
                let token = self.auth.refresh(grant, now);
                let request = Request::RefreshAuth { token };
                self.controls.push_back(Transmit::Text(request));
                self.set_token_timer();
            }
            (Link::Open, Err(error)) if self.auth.is_fetching() => {
                let wait = error.retry_after().unwrap_or_default();
                self.auth.retry_later(error.is_final(), wait, now);
                self.set_token_timer();
                self.report(error.into());
            }
            _ => {}
        }
    }

    /// Something arrived that is neither a message nor a pong.
    pub fn handle_alive(&mut self, now: Time) {
        self.liveness.note_heard(now, &mut self.timers);
    }

    /// A pong arrived.
    pub fn handle_pong(&mut self, now: Time) {
        self.handle_alive(now);
        if let Some(at) = self.detection.handle_pong(now) {
            self.timers.set(Timer::Detect, at);
            self.acknowledge();
        }
    }

    /// Queues a pong, so that the server's next small message is not delayed.
    fn acknowledge(&mut self) {
        if self.settings.pings && self.controls.back() != Some(&Transmit::Pong) {
            self.controls.push_back(Transmit::Pong);
        }
    }

    /// A message arrived. Returns the instruction about its rows, which the store must apply before those that
    /// [`poll_instruction`](Self::poll_instruction) yields.
    pub fn handle_message<'m>(
        &mut self,
        message: Incoming<'m>,
        now: Time,
    ) -> Option<Instruction<'m>> {
        if self.link != Link::Open {
            // The session has already ended this connection.
            return None;
        }
        self.handle_alive(now);
        let verdict = self.detection.note_message(&message);
        if verdict != Verdict::Nothing {
            self.apply_verdict(verdict, now);
            if self.link != Link::Open {
                return None;
            }
        }
        if self.detection.takes(&message) {
            self.acknowledge();
            return None;
        }
        match message {
            Incoming::Frame(frame) if !self.settings.is_server => {
                let reason = format!("frame of {} lacks `subscriptionId`", frame.view());
                self.handle_undecodable(FrameError::Malformed(reason), now);
                None
            }
            Incoming::Frame(frame) => self.handle_frame(None, frame, now),
            Incoming::Routed { id, frame } => self.handle_frame(Some(id), frame, now),
            Incoming::Issue(issue) => {
                self.handle_issue(issue, now);
                None
            }
            Incoming::Refresh(reply) => {
                self.handle_refresh(reply, now);
                None
            }
        }
    }

    /// Acts on a verdict of the detection.
    fn apply_verdict(&mut self, verdict: Verdict, now: Time) {
        match verdict {
            Verdict::Speaks(protocol) => {
                if protocol != self.protocol {
                    self.switch_to(protocol);
                    self.set_stale_timer(now);
                }
                if self.detection.has_found(Protocol::V1) {
                    self.end_tapes();
                }
            }
            Verdict::Nothing => {}
            Verdict::Mismatch(server) => {
                let configured = self.settings.protocol;
                let error = ConnectError::WrongProtocol {
                    url: self.settings.url.clone(),
                    configured,
                    server,
                };
                self.handle_failed(error, now);
            }
        }
    }

    /// Continues in another generation on the same connection. Each query gets another source.
    fn switch_to(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.switches += 1;
        let new = generation(protocol, self.switches, &self.settings);
        let old = std::mem::replace(&mut self.generation, new);
        let (ids, instructions) = (&mut self.ids, &mut self.instructions);
        for query in self.wants.all() {
            self.generation
                .want(&query, &mut self.wants, ids, instructions);
        }
        self.generation.handle_open(&mut self.wants);
        self.instruct_all(Step::Reroute);
        for source in old.sources() {
            self.instructions.push_back(source.instruct(Step::Free));
            self.ids.release(source);
        }
    }

    fn handle_frame<'m>(
        &mut self,
        id: Option<Cow<'m, str>>,
        frame: Frame<'m>,
        now: Time,
    ) -> Option<Instruction<'m>> {
        if let Frame::Subscribed { .. } = frame {
            self.acknowledge();
        }
        for error in frame.malformed() {
            self.notices.push_back(Notice::Undecodable(error.clone()));
        }
        if let Frame::Unsubscribed = frame {
            // Only now, so that a request that was rejected in the meantime is repeated too.
            let id = id.as_deref();
            if !id.is_some_and(|id| self.generation.is_probe(id)) {
                self.retry_refused();
            }
        }
        if let Some(id) = id.as_deref().filter(|id| Tapes::has_id(id)) {
            return self.tapes.handle_frame(id, frame, &mut self.instructions);
        }
        let heard_at = self.timers.get(Timer::CheckStale).map(|_| now);
        let (wants, instructions) = (&mut self.wants, &mut self.instructions);
        self.generation
            .handle_frame(id, frame, heard_at, wants, instructions)
    }

    /// A message arrived that could not be read.
    pub fn handle_undecodable(&mut self, error: FrameError, now: Time) {
        if self.link == Link::Open {
            self.handle_alive(now);
            self.tapes.handle_undecodable(&error);
            self.generation
                .handle_undecodable(&error, &mut self.instructions);
        }
        self.notices.push_back(Notice::Undecodable(error));
    }

    /// An error of the server. After a fatal one nothing more comes, though the socket may stay open.
    fn handle_issue(&mut self, mut issue: Issue, now: Time) {
        issue.message = self.masked(issue.message);
        issue.code = self.masked(issue.code.to_string()).into();
        let id = issue.subscription.as_deref();
        if id.is_some_and(|id| self.generation.is_probe(id)) {
            let (wants, instructions) = (&mut self.wants, &mut self.instructions);
            return self.generation.handle_issue(&issue, wants, instructions);
        }
        let instructions = &mut self.instructions;
        if self.tapes.handle_issue(&issue, instructions) {
            self.notices.push_back(Notice::Issue(issue.clone()));
        }
        // An error that is fatal to one subscription leaves the connection open.
        if issue.fatal && issue.subscription.is_none() {
            return self.handle_lost((&issue).into(), now);
        }
        if issue.code == AuthErrorCode::SubscriptionLimitExceeded || issue.subscription.is_some() {
            if let Some(wait) = issue.retry_after.map(Duration::from_secs) {
                let at = now.saturating_add(wait);
                let earlier = self.timers.get(Timer::RetryRefused);
                let at = earlier.map_or(at, |earlier| earlier.min(at));
                self.timers.set(Timer::RetryRefused, at);
            }
        }
        let (wants, instructions) = (&mut self.wants, &mut self.instructions);
        self.generation.handle_issue(&issue, wants, instructions);
    }

    /// The server may accept subscriptions that were over its limit.
    fn retry_refused(&mut self) {
        self.generation.retry_refused();
        self.tapes.retry_refused();
    }

    /// The server's answer to a token refresh.
    fn handle_refresh(&mut self, reply: RefreshReply, now: Time) {
        if !self.auth.is_sent() {
            return;
        }
        if reply.success {
            self.auth.handle_refreshed(reply.expires_in, now);
            self.set_token_timer();
        } else {
            let code = reply.error;
            let code = code.map(|code| self.masked(code.to_string()).into());
            self.handle_lost(ConnectionLost::RefreshRejected { code }, now);
        }
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) returned has come.
    pub fn handle_timeout(&mut self, now: Time) {
        if self.timers.expire(Timer::Linger, now) {
            self.expire_wants(now);
        }
        if self.timers.expire(Timer::ReleaseHeld, now) {
            self.instruct_all(Step::ReleaseHeld);
        }
        match self.link {
            Link::Waiting { attempt } if self.timers.expire(Timer::Reconnect, now) => {
                self.link = if self.auth.is_lacking(now) {
                    Link::Authorizing { attempt }
                } else {
                    Link::Dialing { attempt }
                };
            }
            Link::Open => self.maintain(now),
            _ => {}
        }
    }

    /// Handles the timers of an open connection.
    fn maintain(&mut self, now: Time) {
        if self.timers.expire(Timer::Silence, now) {
            let silent = self.liveness.patience();
            return self.handle_lost(ConnectionLost::Silent { silent }, now);
        }
        if self.timers.expire(Timer::Detect, now) {
            let verdict = self.detection.handle_timeout();
            self.timers
                .set(Timer::Detect, self.detection.next_timeout(now));
            self.apply_verdict(verdict, now);
            if self.link != Link::Open {
                return;
            }
        }
        if self.timers.expire(Timer::Token, now) {
            match self.auth.handle_timeout(now) {
                Some(Due::Expired) => return self.handle_lost(ConnectionLost::TokenExpired, now),
                Some(Due::Unanswered) => {
                    let after = self.settings.token_timeout;
                    return self.handle_lost(ConnectionLost::RefreshUnanswered { after }, now);
                }
                None => self.set_token_timer(),
            }
        }
        if self.timers.expire(Timer::Refetch, now) {
            for source in self.refetches.due(now) {
                self.generation.resync(source, &mut self.wants);
            }
            self.timers.set(Timer::Refetch, self.refetches.next());
        }
        if self.timers.expire(Timer::RetryRefused, now) {
            self.retry_refused();
        }
        if self.timers.expire(Timer::CheckStale, now) {
            self.check_stale(now);
        }
        // Unsubscribe now: a query that is wanted again later needs a new subscription.
        self.generation.reconcile(&mut self.wants);
        if self.timers.expire(Timer::Ping, now) {
            self.liveness.note_ping(now, &mut self.timers);
            self.controls.push_back(Transmit::Ping);
            self.controls.push_back(Transmit::Text(Request::Ping));
        }
    }

    /// Restarts the subscriptions that may be dead, and schedules the next check.
    fn check_stale(&mut self, now: Time) {
        let limit = self.settings.stale_after.unwrap_or(CHECK_AFTER);
        let interval = (limit / 4).max(Duration::from_millis(1));
        self.timers
            .set(Timer::CheckStale, now.saturating_add(interval));
        let (wants, instructions) = (&mut self.wants, &mut self.instructions);
        match self.settings.stale_after {
            Some(limit) => self.generation.restart_stale(limit, now, wants),
            None => {
                let generation = &mut self.generation;
                generation.check_silent(limit, now, wants, instructions);
            }
        }
    }

    // What the caller must do.

    /// Returns the next message to send. There is none unless the link is open.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if self.link != Link::Open {
            return None;
        }
        self.generation.reconcile(&mut self.wants);
        let mut request = self.generation.poll_request();
        if request.is_none() && self.protocol == Protocol::V2 {
            self.tapes.reconcile();
            request = self.tapes.poll_request();
        }
        let request = request.map(Transmit::Text);
        let transmit = request.or_else(|| self.controls.pop_front())?;
        if self.detection.note_sent(&transmit) {
            self.controls.push_back(Transmit::Ping);
        }
        Some(transmit)
    }

    /// Returns the next instruction for the store.
    pub fn poll_instruction(&mut self) -> Option<Instruction<'static>> {
        let instruction = self.instructions.pop_front()?;
        if let (Some(source), Step::Free) = (instruction.source, &instruction.step) {
            self.refetches.remove(source);
        }
        Some(instruction)
    }

    /// Returns the next notice to report.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Returns whether [`poll_notice`](Self::poll_notice) would return a notice.
    pub fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    /// Returns when the next attempt to connect starts, while the link is [`Link::Waiting`].
    pub fn reconnect_at(&self) -> Option<Time> {
        self.timers.get(Timer::Reconnect)
    }

    /// Returns when [`handle_timeout`](Self::handle_timeout) must be called next.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.next()
    }

    fn expire_wants(&mut self, now: Time) {
        let views = self.wants.expire(now);
        let (ids, instructions) = (&mut self.ids, &mut self.instructions);
        self.generation
            .handle_expired(views, &self.wants, ids, instructions);
        self.set_linger_timer();
    }

    fn set_linger_timer(&mut self) {
        self.timers.set(Timer::Linger, self.wants.next_expiry());
    }

    fn set_stale_timer(&mut self, now: Time) {
        let check = match (self.settings.stale_after, self.protocol) {
            (Some(_), _) => Some(now),
            // Only servers end subscriptions silently.
            (None, Protocol::V2) if self.settings.is_server => {
                Some(now.saturating_add(CHECK_AFTER / 4))
            }
            (None, _) => None,
        };
        self.timers.set(Timer::CheckStale, check);
    }

    fn set_token_timer(&mut self) {
        self.timers.set(Timer::Token, self.auth.next());
    }

    fn instruct_all(&mut self, step: Step<'static>) {
        let source = None;
        self.instructions.push_back(Instruction { source, step });
    }

    fn report(&mut self, error: ConnectError) {
        self.last_error = Some(error.clone());
        self.notices.push_back(Notice::Connection(error));
    }
}

fn generation(protocol: Protocol, switches: u32, settings: &Settings) -> Box<dyn Generation> {
    match protocol {
        Protocol::V1 => Box::<V1>::default(),
        Protocol::V2 | Protocol::Auto => {
            Box::new(V2::new(switches, settings.coverage, settings.row_limit))
        }
    }
}

#[cfg(test)]
mod tests;
