//! When to begin to measure, and when to end.

use crate::usage;
use std::time::{Duration, Instant};

/// How long a measurement takes, after a tenth of it to warm up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// Of this process's CPU time.
    Cpu(Duration),
    Updates(u64),
}

/// A moment, by all clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    pub updates: u64,
    pub cpu: Duration,
    pub wall: Instant,
}

/// The first and the last moment that count.
#[derive(Debug)]
pub struct Stopwatch {
    length: Length,
    start: Mark,
    first: Option<Mark>,
    last: Option<Mark>,
}

impl Mark {
    pub fn now(updates: u64) -> Self {
        Mark {
            updates,
            cpu: usage::cpu(),
            wall: Instant::now(),
        }
    }
}

impl Length {
    fn is_over(self, from: Mark, now: Mark) -> bool {
        match self {
            Length::Cpu(time) => now.cpu - from.cpu >= time,
            Length::Updates(count) => now.updates - from.updates >= count,
        }
    }

    /// What comes before, unmeasured.
    fn warm_up(self) -> Self {
        match self {
            Length::Cpu(time) => Length::Cpu(time / 10),
            Length::Updates(count) => Length::Updates(count / 10),
        }
    }
}

impl Stopwatch {
    pub fn new(length: Length, start: Mark) -> Self {
        Stopwatch {
            length,
            start,
            first: None,
            last: None,
        }
    }

    /// The same, from `start`.
    pub fn restart(&mut self, start: Mark) {
        *self = Stopwatch::new(self.length, start);
    }

    /// Looks at the clock; whether it is over.
    pub fn tick(&mut self, now: Mark) -> bool {
        match self.first {
            None if self.length.warm_up().is_over(self.start, now) => self.first = Some(now),
            Some(first) if self.last.is_none() && self.length.is_over(first, now) => {
                self.last = Some(now);
            }
            _ => {}
        }
        self.last.is_some()
    }

    /// From the first moment that counts to the last; `None` unless it is over.
    pub fn span(&self) -> Option<(Mark, Mark)> {
        self.first.zip(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_passes_before_it_measures() {
        let wall = Instant::now();
        let at = |updates, millis| Mark {
            updates,
            cpu: Duration::from_millis(millis),
            wall,
        };
        let mut watch = Stopwatch::new(Length::Cpu(Duration::from_millis(100)), at(0, 50));
        assert!(!watch.tick(at(5, 59)));
        assert!(!watch.tick(at(7, 60)));
        assert!(!watch.tick(at(9, 159)));
        assert_eq!(watch.span(), None);
        assert!(watch.tick(at(11, 160)));
        assert!(watch.tick(at(13, 999)));
        assert_eq!(watch.span(), Some((at(7, 60), at(11, 160))));

        let mut watch = Stopwatch::new(Length::Updates(100), at(0, 0));
        assert!(!watch.tick(at(10, 0)));
        assert!(!watch.tick(at(109, 999)));
        assert!(watch.tick(at(110, 999)));
    }
}
