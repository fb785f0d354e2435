//! The life of a session, as bytes: readers come and go, the server answers, time passes.

mod readers;
mod server;
mod v1;
mod v2;

use hyperstack_sdk::session::{
    CloseReason, ConnectError, ConnectionLost, Credentials, Grant, Instruction, Link, Query,
    Session, Settings, SourceId, Step, Target, Time, Transmit, Window,
};
use hyperstack_sdk::wire::{AuthErrorCode, Frame, Incoming, Issue, RefreshReply, Row, Secret};
use hyperstack_sdk::{Seq, TokenError};
use readers::Readers;
use server::Server;
use std::collections::HashMap;
use std::slice::Iter;
use std::time::Duration;

const KEYS: [&str; 4] = ["a", "b", "*", "c"];

const STEPS: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_millis(1),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_secs(61),
    Duration::from_secs(300),
    Duration::MAX,
];

/// After a connection of this duration, the client may reconnect without a wait.
const HEALTHY: Duration = Duration::from_secs(30);

/// How often a server may be dialled without a wait: with the current token, with its successor, and with the
/// successor of an expired one.
const MOST_DIALS: u32 = 3;

/// Plays a session with a server of each generation. The first byte has the settings. Then each letter is an
/// event, and the digits after it are its arguments: `w00` adds a reader of the first view's rows, `o` lets
/// the dial succeed. Any other byte counts as a letter or a digit too.
pub fn session(bytes: &[u8]) {
    play::<v1::Peer>(bytes);
    play::<v2::Peer>(bytes);
}

fn play<S: Server>(bytes: &[u8]) {
    let mut bytes = Bytes(bytes.iter());
    let mut play = Play::<S>::new(bytes.next());
    while let Some(&byte) = bytes.0.next() {
        play.step(byte, &mut bytes);
        play.check();
    }
    play.poll();
}

/// The rest of the input. After its end, it yields zeros.
struct Bytes<'a>(Iter<'a, u8>);

impl Bytes<'_> {
    fn next(&mut self) -> usize {
        let byte = self.0.next().copied().unwrap_or(b'0');
        usize::from(byte.wrapping_sub(b'0'))
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.next() % of.len()].clone()
    }
}

/// A session, its readers and its server.
struct Play<S> {
    session: Session,
    now: Time,
    /// A query that each source serves.
    sources: HashMap<SourceId, Query>,
    readers: Readers,
    server: S,
    was_dialing: bool,
    /// How often it dialled since its last wait or healthy connection.
    dials: u32,
    /// The reason why it ended, if it has.
    closed: Option<CloseReason>,
}

impl<S: Server> Play<S> {
    fn new(bits: usize) -> Self {
        let mut settings = Settings::default();
        settings.protocol = S::PROTOCOL;
        let bit = |n: usize| bits >> n & 1 == 1;
        settings.credentials = if bit(0) {
            Credentials::Fetched
        } else {
            Credentials::None
        };
        settings.stale_after = bit(1).then_some(Duration::from_secs(40));
        settings.wait_for_server = bit(2);
        settings.auto_reconnect = !bit(3);
        settings.max_reconnect_attempts = bit(4).then_some(3);
        settings.linger = Duration::from_secs(if bit(5) { 0 } else { 5 });
        let linger = settings.linger;
        Play {
            session: Session::new(settings, bits as u64),
            now: Time::ZERO,
            sources: HashMap::new(),
            readers: Readers::new(linger),
            server: S::default(),
            was_dialing: false,
            dials: 0,
            closed: None,
        }
    }

    /// Plays one event.
    fn step(&mut self, letter: u8, bytes: &mut Bytes<'_>) {
        let (session, now) = (&mut self.session, self.now);
        match b'`' + letter % 32 {
            b'c' => session.close(CloseReason::Disconnected),
            b'd' => {
                if let Some(query) = self.readers.release(bytes.next(), now) {
                    session.release(&query, now);
                }
            }
            b'e' => session.resync(&whole(bytes.pick(&S::VIEWS))),
            b'f' => {
                let success = bytes.next().is_multiple_of(2);
                let mut reply = reply(success);
                reply.expires_in = life(bytes);
                session.handle_message(Incoming::Refresh(reply), now);
            }
            b'h' => session.handle_alive(now),
            b'j' => {
                let code = bytes.pick(&["token-expired", "internal-error", "origin-mismatch"]);
                session.handle_message(Incoming::Issue(issue(code, None, true)), now);
            }
            b'k' => session.handle_token(token(bytes), now),
            b'l' => session.handle_failed(loss(bytes), now),
            b'o' => {
                if matches!(session.link(), Link::Dialing { .. }) {
                    self.server = S::default();
                }
                session.handle_open(now);
            }
            b'p' => self.poll(),
            b't' => self.pass(bytes.pick(&STEPS)),
            b'u' => {
                let seq = bytes.pick(&[None, Some(Seq::new(7, 1))]);
                session.set_cursors(|_| seq);
            }
            b'w' => {
                let view = bytes.pick(&S::VIEWS).into();
                let target = match bytes.next() % 5 {
                    0 => Target::All,
                    n => Target::Key(KEYS[n - 1].into()),
                };
                let mut query = Query::part(view, Window::default(), Vec::new());
                // A query of one row has no window.
                if let Target::All = target {
                    S::cut(&mut query, bytes.next());
                }
                query.target = target;
                let source = session.want(&query).source;
                self.sources.insert(source, query.clone());
                self.clear_refusals();
                self.readers.want(query);
            }
            b'z' => {
                let at = session.poll_timeout().unwrap_or(now);
                self.pass(at.saturating_sub(now));
            }
            letter => S::step(self, letter, bytes),
        }
    }

    /// Lets time pass, and lets the session handle its timers.
    fn pass(&mut self, step: Duration) {
        self.now = self.now.saturating_add(step);
        if step >= HEALTHY {
            self.dials = 0;
        }
        let link = self.session.link().clone();
        self.session.handle_timeout(self.now);
        self.readers.expire(self.now);
        let next = self.session.poll_timeout();
        let went_on = *self.session.link() != link || self.now == Time::MAX;
        assert!(
            went_on || next.is_none_or(|next| next > self.now),
            "a busy loop at {:?}",
            self.now
        );
    }

    /// Sends everything, and checks that everything wanted is subscribed.
    fn poll(&mut self) {
        let is_open = *self.session.link() == Link::Open;
        while let Some(transmit) = self.session.poll_transmit() {
            assert!(is_open, "{transmit:?} while {:?}", self.session.link());
            if let Transmit::Text(request) = transmit {
                self.server.hear(request);
            }
        }
        self.instructions();
        while self.session.poll_notice().is_some() {}
        if is_open {
            self.server.check(&self.readers);
        }
    }

    /// Lets a new reader request a rejected query again.
    fn clear_refusals(&mut self) {
        for it in self.instructions() {
            if let (Some(source), Step::ClearRefusal(target)) = (it.source, it.step) {
                let query = &self.sources[&source];
                self.server.clear_refusal(query, &target, &mut self.readers);
            }
        }
    }

    fn instructions(&mut self) -> Vec<Instruction<'static>> {
        std::iter::from_fn(|| self.session.poll_instruction()).collect()
    }

    /// Checks what must hold at any time.
    fn check(&mut self) {
        let is_dialing = matches!(self.session.link(), Link::Dialing { .. });
        self.dials += u32::from(is_dialing && !self.was_dialing);
        if matches!(self.session.link(), Link::Waiting { .. }) {
            self.dials = 0;
        }
        assert!(self.dials <= MOST_DIALS, "the server is hurried after");
        self.was_dialing = is_dialing;
        match self.session.link() {
            Link::Closed(reason) => {
                assert_eq!(self.closed.get_or_insert(reason.clone()), reason);
                assert!(!self.session.wants_token());
            }
            link => {
                assert_eq!(self.closed, None, "closed once, closed for ever");
                let waits = matches!(link, Link::Open | Link::Waiting { .. });
                assert!(!waits || self.session.poll_timeout().is_some());
            }
        }
        if *self.session.link() != Link::Open {
            assert_eq!(self.session.poll_transmit(), None);
        }
    }
}

/// All rows of a view.
fn whole(view: &str) -> Query {
    Query::part(view.into(), Window::default(), Vec::new())
}

/// A live change of a row, or with no key a batch of a snapshot.
fn live<'a>(view: &'a str, key: Option<&'a str>) -> Frame<'a> {
    let Some(key) = key else {
        return batch(view, false);
    };
    Frame::Patch {
        view: view.into(),
        row: Row {
            key: key.into(),
            data: "{}",
        },
        append: Vec::new(),
        seq: None,
        offset: None,
    }
}

fn batch(view: &str, complete: bool) -> Frame<'_> {
    Frame::Snapshot {
        view: view.into(),
        rows: Vec::new(),
        malformed: Vec::new(),
        complete,
        authoritative: None,
    }
}

fn window(number: usize) -> Window {
    let mut window = Window::default();
    match number % 8 {
        0 => {}
        1 => window.take = Some(1),
        2 => (window.skip, window.take) = (2, Some(5)),
        3 => (window.skip, window.take) = (u64::MAX, Some(u64::MAX)),
        4 => window.filtered = true,
        5 => window.no_snapshot = true,
        6 => window.after = Some(Seq::new(7, 2)),
        _ => window.snapshot_limit = Some(9),
    }
    window
}

fn life(bytes: &mut Bytes<'_>) -> Option<Duration> {
    bytes
        .pick(&[
            None,
            Some(4),
            Some(0),
            Some(1),
            Some(6),
            Some(7),
            Some(8),
            Some(9),
        ])
        .map(|step: usize| STEPS[step])
}

fn token(bytes: &mut Bytes<'_>) -> Result<Grant, TokenError> {
    match bytes.next() % 8 {
        0 => Err(TokenError::new("later")),
        1 => Err(TokenError::denied("never")),
        2 => Err(TokenError::new("in a while").with_retry_after(STEPS[4])),
        _ => Ok(Grant {
            token: Secret("token".to_owned()),
            life: life(bytes),
        }),
    }
}

fn loss(bytes: &mut Bytes<'_>) -> ConnectError {
    let url = || "ws://a.b".to_owned();
    let lost = |cause| ConnectError::Lost { url: url(), cause };
    let rejected = |status, code: Option<&str>, seconds: Option<u64>| ConnectError::Rejected {
        url: url(),
        status,
        code: code.map(AuthErrorCode::from),
        message: String::new(),
        retry_after: seconds.map(Duration::from_secs),
    };
    match bytes.next() % 6 {
        0 => lost(ConnectionLost::Closed("gone".to_owned())),
        1 => rejected(429, Some("rate-limit-exceeded"), Some(7)),
        2 => rejected(401, Some("token-expired"), None),
        3 => rejected(403, None, None),
        4 => rejected(503, None, Some(u64::MAX)),
        _ => lost(ConnectionLost::TokenExpired),
    }
}

/// Decodes a control message. Only their text can make them.
fn issue(code: &str, retry_after: Option<u64>, fatal: bool) -> Issue {
    let retry_after = retry_after.map_or("null".to_owned(), |seconds| seconds.to_string());
    let text = format!(
        r#"{{"type":"error","code":"{code}","message":"","retry_after":{retry_after},"fatal":{fatal}}}"#
    );
    match Incoming::decode(text.as_bytes()) {
        Ok(Incoming::Issue(issue)) => issue,
        other => panic!("{text} is {other:?}"),
    }
}

fn reply(success: bool) -> RefreshReply {
    let text = format!(r#"{{"success":{success},"error":"token-invalid"}}"#);
    match Incoming::decode(text.as_bytes()) {
        Ok(Incoming::Refresh(reply)) => reply,
        other => panic!("{text} is {other:?}"),
    }
}
