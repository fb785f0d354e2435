//! The resources that this process has used.

use crate::Result;
use nix::sys::resource::{getrusage, UsageWho};
use nix::sys::time::TimeVal;
use std::time::{Duration, SystemTime};

/// Returns the user and system time of all threads.
pub fn cpu() -> Duration {
    let time = |time: TimeVal| Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1_000);
    // This cannot fail for the calling process.
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        time(usage.user_time()) + time(usage.system_time())
    })
}

/// Returns the resident memory, in bytes.
pub fn resident() -> Result<u64> {
    /// The page size of all machines that this is made for.
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).ok_or("an odd statm")?.parse()?;
    Ok(pages * PAGE)
}

/// Returns the wall-clock time in microseconds. All processes of a machine share this clock.
pub fn micros() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_micros() as u64
}
