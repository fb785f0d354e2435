//! Whether the resident memory stays flat.

use crate::Result;
use std::time::Duration;

/// The memory may grow for this long, but at most for half of the run.
const WARM_UP: Duration = Duration::from_secs(14 * 60);

/// How much the memory may grow after that, as a share of what it was. Covers the noise of the allocator.
const BOUND: f64 = 0.03;

/// The bound for a run that is too short for the whole warm-up.
const SHORT_BOUND: f64 = 0.25;

/// The resident memory at each pause, in bytes.
#[derive(Default)]
pub struct Memory {
    samples: Vec<(Duration, u64)>,
}

/// The growth after the warm-up.
#[derive(Debug, PartialEq)]
pub struct Growth {
    pub warm_up: Duration,
    pub samples: usize,
    /// In bytes an hour.
    pub slope: f64,
    /// What the slope adds up to until the end of the run, as a share of the memory.
    pub share: f64,
    /// How great the share may be.
    pub bound: f64,
}

impl Memory {
    /// Notes the memory now, `at` after the start of the run.
    pub fn sample(&mut self, at: Duration) -> Result<u64> {
        let now = resident()?;
        self.samples.push((at, now));
        Ok(now)
    }

    /// Returns the memory `at` after the start of the run, if the run took that long.
    pub fn at(&self, at: Duration) -> Option<u64> {
        let mut samples = self.samples.iter();
        let (_, memory) = samples.find(|(when, _)| *when >= at)?;
        Some(*memory)
    }

    /// Returns the memory at the end.
    pub fn last(&self) -> u64 {
        self.samples.last().map_or(0, |(_, memory)| *memory)
    }

    /// Returns the growth after the warm-up: the median of the slopes between all pairs of samples (Theil and Sen), which
    /// single outliers do not change.
    pub fn growth(&self) -> Result<Growth> {
        let length = self.samples.last().map_or(Duration::ZERO, |(at, _)| *at);
        let warm_up = WARM_UP.min(length / 2);
        let start = self.samples.partition_point(|(at, _)| *at < warm_up);
        let settled = &self.samples[start..];
        let mut slopes = Vec::new();
        for (index, (then, before)) in settled.iter().enumerate() {
            for (now, after) in &settled[index + 1..] {
                let seconds = (*now - *then).as_secs_f64();
                slopes.push((*after as f64 - *before as f64) / seconds);
            }
        }
        let slope = median(slopes).ok_or("too few samples of the memory")?;
        let usual = median(settled.iter().map(|(_, memory)| *memory as f64).collect());
        let usual = usual.ok_or("too few samples of the memory")?;
        Ok(Growth {
            warm_up,
            samples: settled.len(),
            slope: slope * 3600.0,
            share: slope * (length - warm_up).as_secs_f64() / usual,
            bound: if warm_up < WARM_UP {
                SHORT_BOUND
            } else {
                BOUND
            },
        })
    }
}

impl Growth {
    pub fn is_flat(&self) -> bool {
        self.share <= self.bound
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// This process's resident memory, in bytes.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.ok_or("no VmRSS")?.parse::<u64>()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of half an hour with these megabytes at each minute.
    fn growth(megabytes: impl Fn(u64) -> f64) -> Growth {
        let sample = |minute| {
            let bytes = (megabytes(minute) * 1e6) as u64;
            (Duration::from_secs(60 * minute), bytes)
        };
        let samples = (0..=30).map(sample).collect();
        Memory { samples }.growth().unwrap()
    }

    #[test]
    fn memory_that_settles_is_flat() {
        assert!(growth(|_| 40.0).is_flat());
        // It doubles at first, and has an outlier.
        let settles = |minute: u64| 20.0 + 2.0 * minute.min(14) as f64;
        let grown = growth(|minute| if minute == 20 { 90.0 } else { settles(minute) });
        assert!(grown.is_flat(), "{grown:?}");
        assert_eq!(grown.warm_up, WARM_UP);
    }

    #[test]
    fn memory_that_grows_is_not_flat() {
        let grown = growth(|minute| 40.0 + 0.1 * minute as f64);
        assert!(!grown.is_flat(), "{grown:?}");
        assert!((grown.slope - 6e6).abs() < 1.0, "{grown:?}");
    }
}
