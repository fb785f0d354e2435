//! Prints a stream as lines on standard output, and everything else on standard error.

use hyperstack_sdk::ConnectionState;

use super::change::Rows;
use super::follow::{state, Event, Follow};
use super::lines::Style;
use crate::commands::lines::{self, End, Lines, Source};
use crate::commands::{print_note, warn};

/// Writes lines until the stream ends, `count` lines are written, or the output is closed.
pub(super) async fn run(
    follow: &mut Follow,
    style: &Style,
    count: Option<u64>,
) -> anyhow::Result<()> {
    let left = count;
    let mut plain = Plain {
        follow,
        style,
        left,
    };
    lines::print(&mut plain).await
}

struct Plain<'a> {
    follow: &'a mut Follow,
    style: &'a Style,
    /// The number of lines still to be written.
    left: Option<u64>,
}

impl Source for Plain<'_> {
    async fn read(&mut self, lines: Lines) -> anyhow::Result<End> {
        let mut rows = Rows::default();
        while self.left != Some(0) {
            let event = tokio::select! {
                biased;
                () = lines.closed() => break,
                event = self.follow.next() => event,
            };
            match event {
                Event::Update(update) => {
                    let Some(line) = self.style.line(&rows.apply(update)) else {
                        continue;
                    };
                    self.left = self.left.map(|left| left - 1);
                    tokio::select! {
                        biased;
                        () = lines.send(line) => {}
                        () = self.follow.stopped() => return Ok(End::Requested),
                    }
                }
                Event::State(change) => match change.state {
                    ConnectionState::Connected | ConnectionState::Connecting => {
                        print_note(state(&change));
                    }
                    _ => warn(state(&change)),
                },
                Event::Note(note) | Event::Error(note) => print_note(format!("note: {note}")),
                Event::Done => return Ok(End::Requested),
                Event::Failed(error) => return Err(error),
            }
        }
        Ok(End::Complete)
    }

    async fn stopped(&mut self) {
        self.follow.stopped().await;
    }
}
