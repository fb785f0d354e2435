//! Signals that end a command.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{signal, Signal, SignalKind};
#[cfg(windows)]
use tokio::signal::windows::{ctrl_c, CtrlC};
use tokio::time::Instant;

/// Ctrl-c; on Unix also `SIGTERM` and `SIGHUP`.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: [Signal; 2],
    /// `None` if the process ignores `SIGHUP`, as under `nohup`.
    #[cfg(unix)]
    hangup: Option<Signal>,
    #[cfg(windows)]
    ctrl_c: CtrlC,
}

impl Interrupt {
    /// Installs the handlers. From now on these signals no longer kill the process.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Interrupt {
            #[cfg(unix)]
            signals: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            ],
            #[cfg(unix)]
            hangup: if ignores_hangup() {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            },
            #[cfg(windows)]
            ctrl_c: ctrl_c()?,
        })
    }

    /// Waits for the next signal. Cancel safe.
    pub(crate) async fn wait(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.signals;
            let hangup = async {
                match &mut self.hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup => {}
            }
        }
        #[cfg(windows)]
        self.ctrl_c.recv().await;
    }

    /// Waits for the next signal, or for this time if there is one. Cancel safe.
    pub(crate) async fn wait_until(&mut self, until: Option<Instant>) {
        tokio::select! {
            () = self.wait() => {}
            () = reached(until) => {}
        }
    }
}

/// Waits for this time, or for ever if there is none. Cancel safe.
pub(crate) async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Returns whether the process ignores `SIGHUP`, for example because `nohup` started it. Works on Linux only.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    // The lowest bit stands for signal 1, which is `SIGHUP`.
    ignored.is_some_and(|signals| signals & 1 == 1)
}
