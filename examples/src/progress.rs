//! A progress line.

use std::fmt::Display;
use std::io::{stdout, IsTerminal, Write};
use std::time::Duration;

/// A progress line at the bottom of a terminal. If standard output is not a terminal, each change prints a new line,
/// and [`interval`](Self::interval) is longer.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
}

impl Progress {
    /// Creates a progress line, and checks whether standard output is a terminal.
    #[expect(clippy::new_without_default, reason = "it reads the environment")]
    pub fn new() -> Self {
        Progress {
            terminal: stdout().is_terminal(),
        }
    }

    /// Returns how often to [`show`](Self::show) the line: every 100 ms in a terminal, else every 2 s.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(if self.terminal { 100 } else { 2000 })
    }

    /// Replaces the line.
    pub fn show(&self, line: impl Display) {
        if self.terminal {
            print!("\r\x1b[K{line}");
            // If flushing fails, the next update draws the line.
            let _ = stdout().flush();
        } else {
            println!("{line}");
        }
    }

    /// Prints a permanent line above the progress line.
    pub fn print(&self, line: impl Display) {
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        println!("{clear}{line}");
    }
}
