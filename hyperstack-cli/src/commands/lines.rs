//! Prints lines to standard output as they arrive, and stops when the reader of the output has gone.

use std::io::{self, ErrorKind, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::Context as _;
#[cfg(unix)]
use tokio::io::Interest;
#[cfg(unix)]
use tokio::net::unix::pipe::Sender as Pipe;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// How many lines are queued for a slow reader before the source waits.
const QUEUE: usize = 64;
/// How long a slow reader may still read queued lines after the user ended the command.
const GRACE: Duration = Duration::from_secs(1);

/// Where lines come from.
pub(crate) trait Source {
    /// Queues lines until the source ends, or `lines` is [closed](Lines::closed).
    async fn read(&mut self, lines: Lines) -> anyhow::Result<End>;

    /// Waits for the user to end the command. Cancel safe.
    async fn stopped(&mut self);
}

/// Why no more lines follow.
pub(crate) enum End {
    /// A signal or `--duration` ended the command.
    Requested,
    /// There are no more lines to write, or the output was closed.
    Complete,
}

/// The queue of the writer.
pub(crate) struct Lines {
    queue: mpsc::Sender<String>,
    reader: Reader,
}

impl Lines {
    /// Waits until the reader of the output is gone. Cancel safe.
    pub(crate) async fn closed(&self) {
        tokio::select! {
            () = self.queue.closed() => {}
            () = self.reader.gone() => {}
        }
    }

    /// Queues a line. Waits while the queue is full.
    pub(crate) async fn send(&self, line: String) {
        // If the writer is gone, `closed` ends the source.
        let _ = self.queue.send(line).await;
    }
}

/// Writes the lines of a source until it ends or the output is closed.
pub(crate) async fn print(source: &mut impl Source) -> anyhow::Result<()> {
    let (queue, queued) = mpsc::channel(QUEUE);
    let writer = spawn_blocking(|| write(queued));
    let reader = Reader::new();
    let read = source.read(Lines { queue, reader }).await;
    let grace = async {
        if !matches!(read, Ok(End::Requested)) {
            source.stopped().await;
        }
        sleep(GRACE).await;
    };
    let written = tokio::select! {
        written = writer => written?,
        () = grace => Ok(()),
    };
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error).context("cannot write to standard output"),
        Ok(()) => read.map(drop),
    }
}

/// Writes the lines, and flushes when the queue is empty. A slow reader blocks only this thread.
fn write(mut lines: mpsc::Receiver<String>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    while let Some(line) = lines.blocking_recv() {
        writeln!(out, "{line}")?;
        if lines.is_empty() {
            out.flush()?;
        }
    }
    Ok(())
}

/// Notices that the reader of a pipe is gone. Otherwise only the next line would show it, which may be hours away.
struct Reader {
    #[cfg(unix)]
    pipe: Option<Pipe>,
}

impl Reader {
    fn new() -> Self {
        Reader {
            // Registers standard output for events, and changes nothing else. A file cannot be registered.
            #[cfg(unix)]
            pipe: {
                let output = io::stdout().as_fd().try_clone_to_owned();
                output.and_then(Pipe::from_owned_fd_unchecked).ok()
            },
        }
    }

    /// Waits until the reader is gone. Never returns if the output is not a pipe. Cancel safe.
    async fn gone(&self) {
        #[cfg(unix)]
        if let Some(pipe) = &self.pipe {
            if pipe.ready(Interest::ERROR).await.is_ok() {
                return;
            }
        }
        std::future::pending().await
    }
}
