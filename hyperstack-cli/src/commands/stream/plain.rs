//! A stream as lines on the standard output; all else goes to the standard error.

use std::future::ready;
use std::io::{self, ErrorKind, Write};

use hyperstack_sdk::ConnectionState;

use super::change::Rows;
use super::follow::{state, Event, Follow};
use super::lines::Style;

/// Writes lines until the stream ends, or so many are written, or nobody reads them any more.
pub(super) async fn run(
    follow: &mut Follow,
    style: &Style,
    count: Option<u64>,
) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(follow, style, count, &mut out).await {
        Err(error) if is_broken_pipe(&error) => {
            // What is still in the buffer has no reader.
            drop(out.into_parts());
            Ok(())
        }
        done => done,
    }
}

async fn write(
    follow: &mut Follow,
    style: &Style,
    count: Option<u64>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut rows = Rows::default();
    let mut left = count;
    let mut unflushed = false;
    while left != Some(0) {
        let event = tokio::select! {
            biased;
            event = follow.next() => event,
            // Nothing more is there at this moment.
            () = ready(()), if unflushed => {
                out.flush()?;
                unflushed = false;
                continue;
            }
        };
        match event {
            Event::Update(update) => {
                if let Some(line) = style.line(&rows.take(update)) {
                    writeln!(out, "{line}")?;
                    left = left.map(|left| left - 1);
                    unflushed = true;
                }
            }
            Event::State(change) => match change.state {
                // The first word of all is that it works.
                ConnectionState::Connected | ConnectionState::Connecting => {
                    eprintln!("{}", state(&change));
                }
                _ => eprintln!("warning: {}", state(&change)),
            },
            Event::Note(note) => eprintln!("note: {note}"),
            Event::Done => break,
            Event::Failed(error) => {
                out.flush()?;
                return Err(error);
            }
        }
    }
    Ok(out.flush()?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
