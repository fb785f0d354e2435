//! Tells quiet subscriptions from dead ones.
//!
//! If the delivery of a subscription falls behind, a v2 server sends a new snapshot. If that has more rows than the
//! session may get, the server ends the subscription without a message and keeps its id. To the client, this looks like
//! a view without changes: the server answers a second subscribe or an unsubscribe of the id as if it were alive.
//!
//! A *probe* tells the two apart. It subscribes to the same query with `after`, the greatest position that the client
//! has seen, and `take: 1`, and unsubscribes at once. If the view is quiet, there is no such row, and the answer is
//! empty. If there is a row and the subscription stays silent, it is dead.
//!
//! A window is not probed once it is full: it fits into the row limit, and a changed row outside the window proves
//! nothing. A probe cannot find a deletion, or a row without a position.

use crate::session::timer::Time;

/// How many subscriptions are probed in one check. Each costs two messages, which a server may limit.
pub(super) const MOST_PROBES: usize = 8;

/// The silence of one subscription.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// When the server last sent something for the subscription, or the last probe began.
    since: Option<Time>,
    suspicion: Suspicion,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Suspicion {
    #[default]
    None,
    /// The probe with this id has not been answered yet.
    Probed(u64),
    /// A probe found a row at this time.
    Missed(Time),
}

/// What to do about a silent subscription.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    /// Probe it. It has been silent since this time.
    Probe(Time),
    Restart,
}

impl Silence {
    /// The silence after a message at this time. Clears the suspicion.
    #[inline]
    pub(super) fn after(heard: Option<Time>) -> Self {
        Silence {
            since: heard,
            suspicion: Suspicion::None,
        }
    }

    /// Returns how long the subscription has been silent. If nothing has arrived yet, the silence starts at the first
    /// call.
    pub(super) fn lasts(&mut self, now: Time) -> Time {
        now.saturating_sub(*self.since.get_or_insert(now))
    }

    /// Returns what to do, if silence up to `limit` is normal.
    pub(super) fn check(&mut self, limit: Time, now: Time) -> Action {
        let lasts = self.lasts(now);
        match self.suspicion {
            // The change may have been on its way when the probe was answered.
            Suspicion::Missed(at) if now.saturating_sub(at) >= limit / 5 => Action::Restart,
            Suspicion::Missed(_) => Action::Nothing,
            _ if lasts >= limit => Action::Probe(now.saturating_sub(lasts)),
            _ => Action::Nothing,
        }
    }

    /// Notes that a probe is due, and restarts the silence, so that the next probe waits for `limit` again.
    pub(super) fn note_due(&mut self, now: Time) {
        self.since = Some(now);
    }

    pub(super) fn note_probe(&mut self, probe: u64) {
        self.suspicion = Suspicion::Probed(probe);
    }

    /// A probe found a row. If the server has sent something since the probe, the row may have been part of it.
    pub(super) fn note_missed(&mut self, probe: u64, now: Option<Time>) {
        if let (Suspicion::Probed(id), Some(now)) = (&self.suspicion, now) {
            if *id == probe {
                self.suspicion = Suspicion::Missed(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Time = Time::from_secs(300);

    fn seconds(seconds: u64) -> Time {
        Time::from_secs(seconds)
    }

    #[test]
    fn a_silence_is_probed_once_per_limit() {
        let mut silence = Silence::after(Some(seconds(10)));
        assert_eq!(silence.check(LIMIT, seconds(309)), Action::Nothing);
        let due = Action::Probe(seconds(10));
        assert_eq!(silence.check(LIMIT, seconds(310)), due);
        silence.note_due(seconds(310));
        silence.note_probe(7);
        assert_eq!(silence.check(LIMIT, seconds(609)), Action::Nothing);
        let due = Action::Probe(seconds(310));
        assert_eq!(silence.check(LIMIT, seconds(610)), due);
    }

    #[test]
    fn a_missed_row_restarts_unless_the_server_sends_something_first() {
        let mut silence = Silence::after(Some(seconds(0)));
        silence.note_due(seconds(300));
        silence.note_probe(7);
        silence.note_missed(6, Some(seconds(301)));
        assert_eq!(silence.check(LIMIT, seconds(375)), Action::Nothing);
        silence.note_missed(7, Some(seconds(350)));
        assert_eq!(silence.check(LIMIT, seconds(375)), Action::Nothing);
        assert_eq!(silence.check(LIMIT, seconds(450)), Action::Restart);
        silence = Silence::after(Some(seconds(449)));
        assert_eq!(silence.check(LIMIT, seconds(450)), Action::Nothing);
        silence.note_missed(7, Some(seconds(450)));
        assert_eq!(silence.check(LIMIT, seconds(748)), Action::Nothing);
    }
}
