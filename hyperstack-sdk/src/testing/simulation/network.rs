//! What lies between client and server: the messages under way, and what becomes of them.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::script::{Delay, Dial};
use crate::session::{ConnectError, Transmit};

/// How long the client waits for an answer to a dial.
const PATIENCE: Duration = Duration::from_secs(10);

/// A network with at most one connection. Each has the order of its messages kept, takes its time for
/// them, and may take them with it when it goes.
pub(super) struct Network {
    delay: Delay,
    /// What the next dials meet, one each; after these, a server that answers.
    dials: VecDeque<Dial>,
    dialing: Option<(Instant, Result<(), ConnectError>)>,
    pub(super) wire: Option<Wire>,
}

/// A connection, as a network has it.
pub(super) struct Wire {
    /// Who the client is to the server.
    pub(super) peer: u64,
    /// When the server freezes, for the client's token has ended.
    pub(super) until: Option<Instant>,
    pub(super) up: Lane<Transmit>,
    pub(super) down: Lane<Told>,
    /// Whether nothing arrives any more, though neither end knows.
    broken: bool,
}

/// What reaches the client.
pub(super) enum Told {
    Message(Vec<u8>),
    Pong,
    /// The server closes the connection, because the token has ended.
    Expired,
    /// The connection is no more.
    End,
}

/// One direction.
pub(super) struct Lane<M>(VecDeque<(Instant, M)>);

impl Network {
    pub(super) fn new() -> Self {
        Network {
            delay: Delay::default(),
            dials: VecDeque::new(),
            dialing: None,
            wire: None,
        }
    }

    /// What is sent from now on takes so long.
    pub(super) fn slow(&mut self, delay: Delay) {
        self.delay = delay;
    }

    /// The dial after those that were foretold meets this.
    pub(super) fn foretell(&mut self, dial: Dial) {
        self.dials.push_back(dial);
    }

    /// Nothing goes wrong any more; what has gone wrong already stays so.
    pub(super) fn heal(&mut self) {
        self.delay = Delay::default();
        self.dials.clear();
    }

    /// What came of dialling, once something has.
    pub(super) fn dial(&mut self, now: Instant) -> Option<Result<(), ConnectError>> {
        if self.dialing.is_none() {
            let open = (self.delay.up() + self.delay.down(), Ok(()));
            let refused = ConnectError::Unreachable("the test says so".to_owned());
            let (after, outcome) = match self.dials.pop_front() {
                None => open,
                Some(Dial::Slow(millis)) => (Duration::from_millis(millis), Ok(())),
                Some(Dial::Refused) => (open.0, Err(refused)),
                Some(Dial::Unanswered) => (Duration::MAX, Ok(())),
            };
            self.dialing = Some(match after < PATIENCE {
                true => (now + after, outcome),
                false => (
                    now + PATIENCE,
                    Err(ConnectError::Timeout { after: PATIENCE }),
                ),
            });
        }
        let (_, outcome) = self.dialing.take_if(|(due, _)| *due <= now)?;
        Some(outcome)
    }

    pub(super) fn open(&mut self, peer: u64, until: Option<Instant>) {
        self.wire = Some(Wire {
            peer,
            until,
            up: Lane::default(),
            down: Lane::default(),
            broken: false,
        });
    }

    /// The client says something.
    pub(super) fn say(&mut self, transmit: Transmit, now: Instant) {
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.broken) {
            wire.up.send(transmit, now + self.delay.up());
        }
    }

    /// The server says something.
    pub(super) fn tell(&mut self, told: Told, now: Instant) {
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.broken) {
            wire.down.send(told, now + self.delay.down());
        }
    }

    /// The connection ends at once, and with it what is under way.
    pub(super) fn reset(&mut self, now: Instant) {
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.broken) {
            wire.up.0.clear();
            wire.down.0.clear();
            wire.down.send(Told::End, now);
        }
    }

    /// From now on nothing arrives, and nobody is told.
    pub(super) fn cut(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.up.0.clear();
            wire.down.0.clear();
            wire.broken = true;
        }
    }

    /// Whether what either end says will arrive.
    pub(super) fn is_whole(&self) -> bool {
        let whole = |wire: &Wire| {
            !wire.broken
                && !wire
                    .down
                    .has(|told| matches!(told, Told::End | Told::Expired))
        };
        self.wire.as_ref().is_some_and(whole)
    }

    /// Whether nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        let quiet = |wire: &Wire| wire.up.0.is_empty() && wire.down.0.is_empty();
        self.wire.as_ref().is_none_or(quiet)
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Option<Instant> {
        let wire = self.wire.iter();
        let lanes = wire.flat_map(|wire| [wire.up.next(), wire.down.next()]);
        let dial = self.dialing.as_ref().map(|(due, _)| *due);
        lanes.flatten().chain(dial).min()
    }
}

impl<M> Lane<M> {
    /// One message does not overtake another.
    fn send(&mut self, message: M, due: Instant) {
        let last = self.0.back().map_or(due, |(last, _)| *last);
        self.0.push_back((due.max(last), message));
    }

    /// The next message that has arrived.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<M> {
        let front = self.0.front()?;
        if front.0 > now {
            return None;
        }
        self.0.pop_front().map(|(_, message)| message)
    }

    /// The next messages arrive at once.
    pub(super) fn hurry(&mut self, messages: usize, now: Instant) {
        for (due, _) in self.0.iter_mut().take(messages) {
            *due = now.min(*due);
        }
    }

    fn has(&self, wanted: impl Fn(&M) -> bool) -> bool {
        self.0.iter().any(|(_, message)| wanted(message))
    }

    fn next(&self) -> Option<Instant> {
        self.0.front().map(|(due, _)| *due)
    }
}

impl<M> Default for Lane<M> {
    fn default() -> Self {
        Lane(VecDeque::new())
    }
}
