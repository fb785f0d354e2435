//! A line that says how far it is.

use std::fmt::Display;
use std::io::{stdout, IsTerminal, Write};
use std::time::Duration;

/// Keeps one line at the bottom of a terminal up to date. Where the output is no terminal, the line
/// is printed anew each time, and less often.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
}

impl Progress {
    /// Looks whether standard output is a terminal.
    #[expect(clippy::new_without_default, reason = "it reads the environment")]
    pub fn new() -> Self {
        Progress {
            terminal: stdout().is_terminal(),
        }
    }

    /// How often to [`show`](Self::show) the line.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(if self.terminal { 100 } else { 2000 })
    }

    /// Replaces the line.
    pub fn show(&self, line: impl Display) {
        if self.terminal {
            print!("\r\x1b[K{line}");
            // A line that was not drawn is drawn again soon.
            let _ = stdout().flush();
        } else {
            println!("{line}");
        }
    }

    /// Prints a line that stays, above the one that changes.
    pub fn print(&self, line: impl Display) {
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        println!("{clear}{line}");
    }
}
