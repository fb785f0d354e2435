//! What this process has used so far.

use crate::Result;
use nix::sys::resource::{getrusage, UsageWho};
use nix::sys::time::TimeVal;
use std::time::{Duration, SystemTime};

/// The processor's time, in user and in kernel mode, of all threads.
pub fn cpu() -> Duration {
    let time = |time: TimeVal| Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1_000);
    // It fails for no process that asks about itself.
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        time(usage.user_time()) + time(usage.system_time())
    })
}

/// Resident memory, in bytes.
pub fn resident() -> Result<u64> {
    /// Of all machines that this was made for.
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).ok_or("an odd statm")?.parse()?;
    Ok(pages * PAGE)
}

/// The wall clock, which processes of one machine share, in microseconds.
pub fn micros() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_micros() as u64
}
