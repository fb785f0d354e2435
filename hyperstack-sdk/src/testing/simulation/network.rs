//! The network between client and server: the messages in flight, and their faults.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::script::{Delay, Dial};
use crate::session::{ConnectError, Transmit};

/// How long the client waits for an answer to a dial.
const PATIENCE: Duration = Duration::from_secs(10);

/// A network with at most one connection. A connection delays messages but keeps their order, and may lose
/// them when it ends.
pub(super) struct Network {
    delay: Delay,
    /// The outcomes of the next dials, one each. Later dials succeed.
    dials: VecDeque<Dial>,
    dialing: Option<(Instant, Result<(), ConnectError>)>,
    pub(super) wire: Option<Wire>,
}

/// A connection.
pub(super) struct Wire {
    /// The client's number at the server.
    pub(super) peer: u64,
    /// When the client's token expires.
    pub(super) until: Option<Instant>,
    pub(super) up: Lane<Transmit>,
    pub(super) down: Lane<Arrival>,
    /// Whether nothing arrives any more, although neither end has noticed.
    broken: bool,
}

/// Something that reaches the client.
pub(super) enum Arrival {
    Message(Vec<u8>),
    Pong,
    /// The server closes the connection because the token has expired.
    Expired,
    /// The connection has ended.
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

    /// Sets the delay of messages sent from now on.
    pub(super) fn slow(&mut self, delay: Delay) {
        self.delay = delay;
    }

    /// Scripts the outcome of one dial, after those already scripted.
    pub(super) fn schedule(&mut self, dial: Dial) {
        self.dials.push_back(dial);
    }

    /// Ends future faults. Past faults keep their effect.
    pub(super) fn heal(&mut self) {
        self.delay = Delay::default();
        self.dials.clear();
    }

    /// Dials, and returns the outcome once it is due.
    pub(super) fn dial(&mut self, now: Instant) -> Option<Result<(), ConnectError>> {
        if self.dialing.is_none() {
            let open = (self.delay.up() + self.delay.down(), Ok(()));
            let url = || "simulated".to_owned();
            let refused = ConnectError::Unreachable {
                url: url(),
                reason: "the test says so".to_owned(),
            };
            let (after, outcome) = match self.dials.pop_front() {
                None => open,
                Some(Dial::Slow(millis)) => (Duration::from_millis(millis), Ok(())),
                Some(Dial::Refused) => (open.0, Err(refused)),
                Some(Dial::Unanswered) => (Duration::MAX, Ok(())),
            };
            self.dialing = Some(if after < PATIENCE {
                (now + after, outcome)
            } else {
                let timeout = ConnectError::Timeout {
                    url: url(),
                    after: PATIENCE,
                    reason: String::new(),
                };
                (now + PATIENCE, Err(timeout))
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

    /// Sends a message of the client.
    pub(super) fn say(&mut self, transmit: Transmit, now: Instant) {
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.broken) {
            wire.up.send(transmit, now + self.delay.up());
        }
    }

    /// Sends something to the client.
    pub(super) fn deliver(&mut self, arrival: Arrival, now: Instant) {
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.broken) {
            wire.down.send(arrival, now + self.delay.down());
        }
    }

    /// Ends the connection at once, and loses the messages in flight.
    pub(super) fn reset(&mut self, now: Instant) {
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.broken) {
            wire.up.0.clear();
            wire.down.0.clear();
            wire.down.send(Arrival::End, now);
        }
    }

    /// Loses every message from now on, without notifying either end.
    pub(super) fn cut(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.up.0.clear();
            wire.down.0.clear();
            wire.broken = true;
        }
    }

    /// Whether messages of both ends will arrive.
    pub(super) fn is_whole(&self) -> bool {
        let whole = |wire: &Wire| {
            !wire.broken
                && !wire
                    .down
                    .has(|arrival| matches!(arrival, Arrival::End | Arrival::Expired))
        };
        self.wire.as_ref().is_some_and(whole)
    }

    /// Whether no message is in flight.
    pub(super) fn is_quiet(&self) -> bool {
        let quiet = |wire: &Wire| wire.up.0.is_empty() && wire.down.0.is_empty();
        self.wire.as_ref().is_none_or(quiet)
    }

    /// Returns when something arrives next.
    pub(super) fn next(&self) -> Option<Instant> {
        let wire = self.wire.iter();
        let lanes = wire.flat_map(|wire| [wire.up.next(), wire.down.next()]);
        let dial = self.dialing.as_ref().map(|(due, _)| *due);
        lanes.flatten().chain(dial).min()
    }
}

impl<M> Lane<M> {
    /// Queues a message. Messages do not overtake one another.
    fn send(&mut self, message: M, due: Instant) {
        let last = self.0.back().map_or(due, |(last, _)| *last);
        self.0.push_back((due.max(last), message));
    }

    /// Takes the next message that has arrived.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<M> {
        let front = self.0.front()?;
        if front.0 > now {
            return None;
        }
        self.0.pop_front().map(|(_, message)| message)
    }

    /// Lets the next messages arrive now.
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
