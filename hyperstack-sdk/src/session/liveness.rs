//! Detects a dead peer.

use std::time::Duration;

use super::timer::{Time, Timer, Timers};

/// Pings and their deadline.
///
/// Both kinds of ping are needed. The peer answers only a WebSocket ping, and only a text ping makes a server drop
/// the socket of a client that it removed silently. The peer counts as dead after two silent intervals, if a ping
/// stayed unanswered during the last one. A client that was itself delayed therefore pings before it gives up.
#[derive(Debug)]
pub(super) struct Liveness {
    interval: Duration,
    heard: Time,
}

impl Liveness {
    pub(super) fn new(interval: Duration) -> Self {
        Liveness {
            interval,
            heard: Time::ZERO,
        }
    }

    /// A connection is open.
    pub(super) fn start(&mut self, now: Time, timers: &mut Timers) {
        self.note_heard(now, timers);
        timers.set(Timer::Ping, now.saturating_add(self.interval));
    }

    /// Something arrived.
    pub(super) fn note_heard(&mut self, now: Time, timers: &mut Timers) {
        self.heard = now;
        timers.set(Timer::Silence, None);
    }

    /// A ping is sent. The next one follows an interval later, however late this one is.
    pub(super) fn note_ping(&mut self, now: Time, timers: &mut Timers) {
        let next = now.saturating_add(self.interval);
        timers.set(Timer::Ping, next);
        if timers.get(Timer::Silence).is_none() {
            let silent = self.heard.saturating_add(self.patience());
            timers.set(Timer::Silence, next.max(silent));
        }
    }

    /// How long the peer may be silent.
    pub(super) fn patience(&self) -> Duration {
        self.interval.saturating_mul(2)
    }
}
