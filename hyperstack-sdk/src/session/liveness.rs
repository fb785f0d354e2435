//! Whether the peer is still there.

use std::time::Duration;

use super::Time;

/// Pings and their deadline.
///
/// Both kinds of ping are needed: only a WebSocket ping is answered, and only a text ping makes the
/// server drop the socket of a client that it removed in silence.
#[derive(Debug)]
pub(super) struct Liveness {
    interval: Duration,
    heard: Time,
    next_ping: Time,
}

impl Liveness {
    pub(super) fn new(interval: Duration) -> Self {
        Liveness {
            interval,
            heard: Time::ZERO,
            next_ping: Time::ZERO,
        }
    }

    pub(super) fn start(&mut self, now: Time) {
        self.heard = now;
        self.next_ping = now.saturating_add(self.interval);
    }

    pub(super) fn heard(&mut self, now: Time) {
        self.heard = now;
    }

    /// How long the peer may be silent.
    pub(super) fn patience(&self) -> Duration {
        self.interval.saturating_mul(2)
    }

    fn deadline(&self) -> Time {
        self.heard.saturating_add(self.patience())
    }

    pub(super) fn is_dead(&self, now: Time) -> bool {
        now >= self.deadline()
    }

    /// Whether a ping is due; the next one is then an interval away, however late this one is.
    pub(super) fn is_due(&mut self, now: Time) -> bool {
        let due = now >= self.next_ping;
        if due {
            self.next_ping = now.saturating_add(self.interval);
        }
        due
    }

    pub(super) fn next(&self) -> Time {
        self.next_ping.min(self.deadline())
    }
}
