//! Whether the peer is still there.

use std::time::Duration;

use super::Time;

/// Pings and their deadline.
///
/// Both kinds of ping are needed: only a WebSocket ping is answered, and only a text ping makes the
/// server drop the socket of a client that it removed in silence. The peer is dead after two
/// intervals without a word, of which a ping waited one: a client that was itself held up asks
/// before it judges.
#[derive(Debug)]
pub(super) struct Liveness {
    interval: Duration,
    heard: Time,
    next_ping: Time,
    /// When the oldest ping was sent that nothing followed.
    asked: Option<Time>,
}

impl Liveness {
    pub(super) fn new(interval: Duration) -> Self {
        Liveness {
            interval,
            heard: Time::ZERO,
            next_ping: Time::ZERO,
            asked: None,
        }
    }

    pub(super) fn start(&mut self, now: Time) {
        self.heard(now);
        self.next_ping = now.saturating_add(self.interval);
    }

    pub(super) fn heard(&mut self, now: Time) {
        self.heard = now;
        self.asked = None;
    }

    /// How long the peer may be silent.
    pub(super) fn patience(&self) -> Duration {
        self.interval.saturating_mul(2)
    }

    pub(super) fn is_dead(&self, now: Time) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    fn deadline(&self) -> Option<Time> {
        let answer = self.asked?.saturating_add(self.interval);
        Some(answer.max(self.heard.saturating_add(self.patience())))
    }

    /// Whether a ping is due; the next one is then an interval away, however late this one is.
    pub(super) fn is_due(&mut self, now: Time) -> bool {
        let due = now >= self.next_ping;
        if due {
            self.next_ping = now.saturating_add(self.interval);
            self.asked.get_or_insert(now);
        }
        due
    }

    pub(super) fn next(&self) -> Time {
        let deadline = self.deadline().unwrap_or(Time::MAX);
        self.next_ping.min(deadline)
    }
}
