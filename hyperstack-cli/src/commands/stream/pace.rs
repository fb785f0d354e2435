//! Rates of updates and bytes.

use std::collections::VecDeque;
use std::time::Duration;

use hyperstack_sdk::Stats;

/// The rates of updates and bytes.
#[derive(Debug, Default)]
pub(super) struct Pace {
    pub(super) updates: u64,
    pub(super) stats: Stats,
    /// When the last message arrived.
    pub(super) last_message: Duration,
    /// Time, updates and bytes of the last seconds.
    samples: VecDeque<(Duration, u64, u64)>,
}

impl Pace {
    const SPAN: Duration = Duration::from_secs(2);

    pub(super) fn tick(&mut self, now: Duration, stats: &Stats) {
        if stats.frames != self.stats.frames {
            self.last_message = now;
        }
        self.stats = *stats;
        self.samples.push_back((now, self.updates, stats.bytes));
        while self.samples.len() > 2 && self.samples[1].0 + Self::SPAN <= now {
            self.samples.pop_front();
        }
    }

    /// Returns updates and bytes per second.
    pub(super) fn rates(&self) -> (f64, f64) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return (0.0, 0.0);
        };
        let seconds = last.0.saturating_sub(first.0).as_secs_f64();
        if seconds > 0.0 {
            // The counts are far below 2^53, so the conversion is exact.
            (
                (last.1 - first.1) as f64 / seconds,
                (last.2 - first.2) as f64 / seconds,
            )
        } else {
            (0.0, 0.0)
        }
    }
}

pub(super) fn size(bytes: f64) -> String {
    match bytes {
        bytes if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
        bytes if bytes >= 1e3 => format!("{:.1} kB", bytes / 1e3),
        bytes => format!("{bytes:.0} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(frames: u64, bytes: u64) -> Stats {
        let mut stats = Stats::default();
        (stats.frames, stats.bytes) = (frames, bytes);
        stats
    }

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn rates_cover_the_last_seconds() {
        let mut pace = Pace::default();
        for n in 0..10 {
            pace.updates = n * 20;
            pace.tick(second(n), &counts(n, n * 1500));
        }
        assert_eq!(pace.rates(), (20.0, 1500.0));
        pace.tick(second(60), &counts(9, 9 * 1500));
        pace.tick(second(63), &counts(9, 9 * 1500));
        assert_eq!((pace.rates(), pace.last_message), ((0.0, 0.0), second(9)));
        assert_eq!(
            (size(12.0), size(1500.0)),
            ("12 B".to_owned(), "1.5 kB".to_owned())
        );
    }
}
