//! The table of `hs stream` in a terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use hyperstack_sdk::testing::ServerError;
use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
use rustix::termios::{tcsetwinsize, Winsize};

use crate::support::{hs, rounds};

/// What ratatui writes to enter and to leave the alternate screen.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

/// A command in a terminal of its own. Dropping it kills the command.
struct Terminal {
    child: Child,
    /// The other end of the terminal.
    screen: File,
    shown: String,
}

impl Terminal {
    fn new(mut command: Command) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let screen: OwnedFd = openpt(flags).expect("a terminal");
        grantpt(&screen).expect("a terminal");
        unlockpt(&screen).expect("a terminal");
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let path = ptsname(&screen, Vec::new()).expect("a terminal");
        let path = path.into_string().expect("a path");
        let terminal = OpenOptions::new().read(true).write(true).open(path);
        let terminal = terminal.expect("a terminal");
        tcsetwinsize(&terminal, size).expect("a size");
        let clone = || terminal.try_clone().expect("a terminal");
        command.stdin(clone()).stdout(clone()).stderr(clone());
        Terminal {
            child: command.spawn().expect("hs can be started"),
            screen: screen.into(),
            shown: String::new(),
        }
    }

    /// Reads until `text` was written, and returns everything up to now.
    fn wait_for(&mut self, text: &str) -> &str {
        while !self.shown.contains(text) {
            let mut bytes = [0; 4096];
            // If the command has exited, reading fails.
            let count = self.screen.read(&mut bytes).unwrap_or(0);
            assert_ne!(count, 0, "never shown: {text:?}, but: {:?}", self.shown);
            self.shown += &String::from_utf8_lossy(&bytes[..count]);
        }
        &self.shown
    }

    fn press(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// Waits for the summary after the alternate screen, and for the exit.
    fn end(mut self) -> String {
        self.wait_for(LEAVE);
        let (_, after) = self.wait_for(" s\r\n").split_once(LEAVE).expect("the end");
        let summary = after.to_owned();
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{summary:?}");
        summary
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The command may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_leaves_a_summary_however_it_ends() -> Result<(), ServerError> {
    let server = rounds().await?;
    let url = server.url();
    let plot = ["stream", &url, "Round", "--plot", "id.n", "--sort", "id.n"];

    let counted = [&plot[..], &["--count", "3"]].concat();
    let mut terminal = Terminal::new(hs(&counted));
    terminal.wait_for(ENTER);
    let summary = terminal.end();
    let words = "Round/list: 3 rows, 3 updates, 0 errors in ";
    assert!(summary.contains(words), "{summary:?}");

    // `q`, ctrl-c, and a signal.
    for keys in ["q", "\x03", ""] {
        let mut terminal = Terminal::new(hs(&plot));
        terminal.wait_for("trend");
        if keys.is_empty() {
            let id = terminal.child.id().to_string();
            let sent = Command::new("kill").args(["-TERM", &id]).status();
            assert!(sent.is_ok_and(|status| status.success()));
        } else {
            terminal.press(keys);
        }
        let summary = terminal.end();
        assert!(summary.contains("Round/list: "), "{keys:?}: {summary:?}");
        assert!(summary.contains(" 0 errors in "), "{keys:?}: {summary:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_the_plot_or_sort_that_does_not_fit_gets_a_note() -> Result<(), ServerError> {
    let server = rounds().await?;
    let url = server.url();
    for (option, field, words) in [
        ("--plot", "id.m", "did you mean `id.n`?"),
        ("--sort", "id.m", "did you mean `id.n`?"),
        ("--plot", "id.name", "expected a number, found a text"),
    ] {
        let arguments = ["stream", &url, "Round", option, field];
        Terminal::new(hs(&arguments)).wait_for(words);
    }
    Ok(())
}
