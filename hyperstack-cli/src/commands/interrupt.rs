//! What wants a command to end, from outside.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{signal, Signal, SignalKind};
#[cfg(windows)]
use tokio::signal::windows::{ctrl_c, CtrlC};

/// Ctrl-c; where there are signals, also that the process is to end, or that its terminal is closed.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: [Signal; 2],
    /// None where the process is to outlive its terminal.
    #[cfg(unix)]
    hangup: Option<Signal>,
    #[cfg(windows)]
    ctrl_c: CtrlC,
}

impl Interrupt {
    /// From here on no signal ends the process by itself.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Interrupt {
            #[cfg(unix)]
            signals: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            ],
            #[cfg(unix)]
            hangup: match outlives_terminal() {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
            #[cfg(windows)]
            ctrl_c: ctrl_c()?,
        })
    }

    /// Waits for it; each time for another one. Cancel safe.
    pub(crate) async fn wait(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.signals;
            let closed = async {
                match &mut self.hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = closed => {}
            }
        }
        #[cfg(windows)]
        self.ctrl_c.recv().await;
    }
}

/// Whether it was started by `nohup` or its like: the signal is ignored then, as Linux tells.
#[cfg(unix)]
fn outlives_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|signals| u64::from_str_radix(signals.trim(), 16).ok());
    // The first bit is the first signal, and that one is it.
    ignored.is_some_and(|signals| signals & 1 == 1)
}
