//! Prints a stream as lines on standard output, and everything else on standard error.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use anyhow::Context as _;
use hyperstack_sdk::ConnectionState;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::change::Rows;
use super::follow::{state, Event, Follow};
use super::lines::Style;
use crate::commands::{print_note, warn};

/// How many lines are queued for a slow reader before the stream waits.
const QUEUE: usize = 64;
/// How long a slow reader may still read queued lines after the user ended the stream.
const GRACE: Duration = Duration::from_secs(1);

/// Writes lines until the stream ends, `count` lines are written, or the output is closed.
pub(super) async fn run(
    follow: &mut Follow,
    style: &Style,
    count: Option<u64>,
) -> anyhow::Result<()> {
    let (lines, queued) = mpsc::channel(QUEUE);
    let writer = spawn_blocking(|| write(queued));
    let read = read(follow, style, count, lines).await;
    let grace = async {
        if !matches!(read, Ok(End::Requested)) {
            follow.stopped().await;
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

/// Why no more lines follow.
enum End {
    /// A signal or `--duration` ended the stream.
    Requested,
    /// `count` lines were written, or the output was closed.
    Complete,
}

/// Queues each line for the writer, and prints notes to standard error.
async fn read(
    follow: &mut Follow,
    style: &Style,
    count: Option<u64>,
    lines: mpsc::Sender<String>,
) -> anyhow::Result<End> {
    let mut rows = Rows::default();
    let mut left = count;
    while left != Some(0) {
        let event = tokio::select! {
            biased;
            () = lines.closed() => break,
            event = follow.next() => event,
        };
        match event {
            Event::Update(update) => {
                let Some(line) = style.line(&rows.apply(update)) else {
                    continue;
                };
                left = left.map(|left| left - 1);
                tokio::select! {
                    biased;
                    // If the writer is gone, `lines.closed()` above ends the loop.
                    _ = lines.send(line) => {}
                    () = follow.stopped() => return Ok(End::Requested),
                }
            }
            Event::State(change) => match change.state {
                ConnectionState::Connected | ConnectionState::Connecting => {
                    print_note(state(&change));
                }
                _ => warn(state(&change)),
            },
            Event::Note(note) => print_note(format!("note: {note}")),
            Event::Done => return Ok(End::Requested),
            Event::Failed(error) => return Err(error),
        }
    }
    Ok(End::Complete)
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
