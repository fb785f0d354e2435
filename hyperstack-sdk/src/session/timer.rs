//! The session's deadlines.

use std::time::Duration;

/// A point in time, as the time since the session began.
pub type Time = Duration;

/// What a deadline is for. Timers that expire together are handled in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// A subscription has lingered long enough.
    Linger,
    /// A row has waited long enough for its successor.
    ReleaseHeld,
    /// The backoff before the next attempt is over.
    Reconnect,
    /// The peer has been silent too long.
    Silence,
    /// The server has not shown its generation in time.
    Detect,
    /// The token must be refreshed, has expired, or the server has not answered a refresh.
    Token,
    /// A source's snapshot must be requested again.
    Refetch,
    /// The server said when it may accept a rejected subscription.
    RetryRefused,
    /// Subscriptions must be checked for silence.
    CheckStale,
    /// The peer must be pinged.
    Ping,
}

impl Timer {
    const ALL: [Timer; 10] = [
        Timer::Linger,
        Timer::ReleaseHeld,
        Timer::Reconnect,
        Timer::Silence,
        Timer::Detect,
        Timer::Token,
        Timer::Refetch,
        Timer::RetryRefused,
        Timer::CheckStale,
        Timer::Ping,
    ];
}

/// One deadline for each timer that is set.
#[derive(Debug, Default)]
pub(super) struct Timers([Option<Time>; Timer::ALL.len()]);

impl Timers {
    /// Sets a timer, or with `None` clears it.
    pub(super) fn set(&mut self, timer: Timer, at: impl Into<Option<Time>>) {
        self.0[timer as usize] = at.into();
    }

    pub(super) fn get(&self, timer: Timer) -> Option<Time> {
        self.0[timer as usize]
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Time> {
        self.0.iter().flatten().min().copied()
    }

    /// Whether a timer has expired. If so, it is cleared.
    pub(super) fn expire(&mut self, timer: Timer, now: Time) -> bool {
        let deadline = &mut self.0[timer as usize];
        let is_due = deadline.is_some_and(|at| at <= now);
        if is_due {
            *deadline = None;
        }
        is_due
    }

    /// Clears all timers but those of readers and rows.
    pub(super) fn clear_connection(&mut self) {
        for timer in Timer::ALL {
            if !matches!(timer, Timer::Linger | Timer::ReleaseHeld) {
                self.set(timer, None);
            }
        }
    }
}
