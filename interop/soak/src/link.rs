//! The link from the client's process to the server's: one line each way in turn, over pipes.

use crate::options::Options;
use crate::soak::FOREVER;
use crate::Result;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// The server's process. It ends when this is dropped.
pub struct Link {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Link {
    /// Starts the server; its first line is its URL.
    pub async fn open(options: &Options) -> Result<(Self, String)> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(options.of_server())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().ok_or("no pipe")?;
        let output = child.stdout.take().ok_or("no pipe")?;
        let mut link = Link {
            input,
            output: BufReader::new(output).lines(),
            _child: child,
        };
        let url = link.hear().await?;
        Ok((link, url))
    }

    /// Sends a command, and returns the answer.
    pub async fn ask(&mut self, command: &str) -> Result<String> {
        let line = format!("{command}\n");
        self.input.write_all(line.as_bytes()).await?;
        self.hear().await
    }

    async fn hear(&mut self) -> Result<String> {
        let line = timeout(FOREVER, self.output.next_line()).await??;
        line.ok_or_else(|| "the server is gone".into())
    }
}
