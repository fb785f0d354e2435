//! Decides when a measurement starts and ends.

use crate::usage;
use std::time::{Duration, Instant};

/// The length of a measurement. A warm-up of a tenth of it comes before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// A length in this process's CPU time.
    Cpu(Duration),
    Updates(u64),
}

/// A moment on all clocks.
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

    /// Returns the warm-up.
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

    /// Starts at `start` instead.
    pub fn restart(&mut self, start: Mark) {
        *self = Stopwatch::new(self.length, start);
    }

    /// Checks the clocks. Returns whether the measurement is over.
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

    /// Returns the start and end of the measurement, or `None` if it is not over.
    pub fn span(&self) -> Option<(Mark, Mark)> {
        self.first.zip(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_passes_as_warm_up() {
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
