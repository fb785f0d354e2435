//! A stream as lines on the standard output; all else goes to the standard error.

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
use crate::commands::{tell, warn};

/// How many lines wait for whoever reads them; what comes then waits for room.
const AHEAD: usize = 64;
/// How long they still wait once the end was asked for.
const LAST: Duration = Duration::from_secs(1);

/// Writes lines until the stream ends, or so many are written, or nobody reads them any more.
pub(super) async fn run(
    follow: &mut Follow,
    style: &Style,
    count: Option<u64>,
) -> anyhow::Result<()> {
    let (lines, waiting) = mpsc::channel(AHEAD);
    let writer = spawn_blocking(|| write(waiting));
    let read = read(follow, style, count, lines).await;
    let patience = async {
        if !matches!(read, Ok(End::AskedFor)) {
            follow.end().await;
        }
        sleep(LAST).await;
    };
    let written = tokio::select! {
        written = writer => written?,
        () = patience => Ok(()),
    };
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error).context("cannot write to standard output"),
        Ok(()) => read.map(drop),
    }
}

/// Why there is no other line.
enum End {
    AskedFor,
    /// There are as many as were wanted, or as are read.
    Enough,
}

/// Hands over each line, and tells the rest.
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
                let Some(line) = style.line(&rows.take(update)) else {
                    continue;
                };
                left = left.map(|left| left - 1);
                tokio::select! {
                    biased;
                    // Where it is not taken, that is seen above.
                    _ = lines.send(line) => {}
                    () = follow.end() => return Ok(End::AskedFor),
                }
            }
            Event::State(change) => match change.state {
                // The first word of all is that it works.
                ConnectionState::Connected | ConnectionState::Connecting => {
                    tell(state(&change));
                }
                _ => warn(state(&change)),
            },
            Event::Note(note) => tell(format!("note: {note}")),
            Event::Done => return Ok(End::AskedFor),
            Event::Failed(error) => return Err(error),
        }
    }
    Ok(End::Enough)
}

/// Writes each line, all of them once no other waits. Who does not read makes this thread wait, and
/// nothing else.
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
