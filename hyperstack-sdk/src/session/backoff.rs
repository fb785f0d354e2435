//! How long to wait before dialling again.

use std::time::Duration;

use super::timer::Time;

/// Backoff with full jitter: each wait is random between zero and the attempt's interval, so that many clients do
/// not reconnect at once.
#[derive(Debug)]
pub(super) struct Backoff {
    intervals: Vec<Duration>,
    attempts: u32,
    until: Time,
    random: u64,
}

impl Backoff {
    /// Creates a backoff over `intervals`. The last one repeats. `seed` is the only source of randomness.
    pub(super) fn new(intervals: Vec<Duration>, seed: u64) -> Self {
        Backoff {
            intervals,
            attempts: 0,
            until: Time::ZERO,
            random: seed,
        }
    }

    /// The number of the attempt that the last wait precedes.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When the wait is over.
    pub(super) fn until(&self) -> Time {
        self.until
    }

    /// Starts the wait that precedes the `attempt`th attempt, counted from 1.
    pub(super) fn wait(&mut self, attempt: u32, now: Time) {
        self.attempts = attempt;
        let index =
            (attempt.saturating_sub(1) as usize).min(self.intervals.len().saturating_sub(1));
        let interval = self.intervals.get(index).copied().unwrap_or_default();
        self.until = now.saturating_add(interval.mul_f64(self.draw()));
    }

    /// Extends the wait to `then`, if it ends earlier.
    pub(super) fn not_before(&mut self, then: Time) {
        self.until = self.until.max(then);
    }

    /// Returns a random number in `0.0..1.0` (splitmix64).
    fn draw(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_their_interval_and_the_last_interval_repeats() {
        let intervals = [1, 2, 4].map(Duration::from_secs).to_vec();
        let mut waits = Vec::new();
        for seed in 0..200 {
            let mut backoff = Backoff::new(intervals.clone(), seed);
            for attempt in 1..=5 {
                backoff.wait(attempt, Time::ZERO);
                let limit = intervals[(attempt as usize - 1).min(2)];
                assert!(backoff.until() < limit);
                waits.push(backoff.until());
            }
        }
        waits.dedup();
        assert!(waits.len() > 900, "the waits are spread");
    }

    #[test]
    fn without_intervals_there_is_no_wait() {
        let mut backoff = Backoff::new(Vec::new(), 1);
        backoff.wait(9, Duration::from_secs(5));
        assert_eq!(backoff.until(), Duration::from_secs(5));
    }
}
