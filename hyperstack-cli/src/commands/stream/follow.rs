//! Merges everything that can happen to a stream into one sequence of events.

use std::future::{pending, Future};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyperstack_sdk::wire::Issue;
use hyperstack_sdk::{
    CloseReason, ConnectionState, EndReason, Feed, HyperStack, StateChange, Stats, Stream,
    StreamError, StreamExt, Update, Value,
};
use tokio::time::Instant;

use super::messages;
use super::save::Save;
use super::view::{Part, View, ViewId};
use crate::commands::interrupt::{reached, Interrupt};

/// An event of a stream.
#[derive(Debug)]
pub(super) enum Event {
    Update(Update<Arc<Value>>),
    State(StateChange),
    /// A message for the user, such as why there are no rows.
    Note(String),
    /// An error that does not end the stream.
    Error(String),
    /// The stream ends because the user or `--duration` ended it.
    Done,
    /// The stream ends because of an error.
    Failed(anyhow::Error),
}

type Updates = Pin<Box<dyn Stream<Item = Result<Update<Arc<Value>>, StreamError>> + Send>>;
type FirstRead = Pin<Box<dyn Future<Output = Vec<String>> + Send>>;

/// How long the server may take to answer before the user gets a note.
const LATE: Duration = Duration::from_secs(5);

/// A view and everything that can happen to its stream.
pub(super) struct Follow {
    hs: HyperStack,
    view: View,
    updates: Updates,
    states: Feed<StateChange>,
    issues: Feed<Issue>,
    /// The notes about the snapshot, once it is complete.
    first: Option<FirstRead>,
    notes: std::vec::IntoIter<String>,
    /// When the answer is late, and the note for that case.
    late: Option<(Instant, String)>,
    interrupt: Interrupt,
    until: Option<Instant>,
    pub(super) save: Option<Save>,
}

impl Follow {
    /// Follows a view, at most for `duration`. With `every`, all updates are queued for a slow reader; without,
    /// the updates of a row are conflated.
    pub(super) fn new(
        hs: HyperStack,
        id: &ViewId,
        part: &Part,
        every: bool,
        duration: Option<Duration>,
        save: Option<Save>,
        interrupt: Interrupt,
    ) -> Self {
        let view = View::new(&hs, id, part);
        let (client, first) = (hs.clone(), view.clone());
        let (shown, part) = (id.to_string(), part.clone());
        let late = messages::no_answer(&shown);
        let updates = if every {
            view.watch().unbounded()
        } else {
            view.watch()
        };
        Follow {
            updates: Box::pin(updates.shared()),
            states: hs.connection_states(),
            issues: hs.socket_issues(),
            first: Some(Box::pin(async move {
                match first.snapshot().await {
                    Ok(rows) if !rows.is_empty() => {
                        let mut notes = messages::unknown_fields(&part.fields, &rows);
                        let plot = part.plot.as_ref();
                        notes.extend(plot.and_then(|path| messages::not_a_number(path, &rows)));
                        notes
                    }
                    Ok(_) if !part.filters.is_empty() && client.stats().rows > 0 => {
                        vec![messages::no_match(client.stats().rows)]
                    }
                    Ok(_) => vec![match &part.key {
                        Some(key) => messages::no_row(&shown, key),
                        None => messages::empty(&shown),
                    }],
                    Err(_) => Vec::new(),
                }
            })),
            notes: Vec::new().into_iter(),
            late: Some((Instant::now() + LATE, late)),
            interrupt,
            until: duration.and_then(|duration| Instant::now().checked_add(duration)),
            save,
            view,
            hs,
        }
    }

    pub(super) fn stats(&self) -> Stats {
        self.hs.stats()
    }

    /// Returns the rows in the view's order, if the view has one.
    pub(super) fn ranked(&self) -> Option<Vec<Arc<Value>>> {
        self.view.ranked()
    }

    /// Waits for a signal or the end of `duration`. Cancel safe.
    pub(super) async fn stopped(&mut self) {
        self.interrupt.wait_until(self.until).await;
    }

    /// Waits for the next event. Cancel safe.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            if let Some(note) = self.notes.next() {
                return Event::Note(note);
            }
            tokio::select! {
                biased;
                () = self.interrupt.wait_until(self.until) => return Event::Done,
                error = save_failed(self.save.as_mut()) => return Event::Failed(error),
                Some(change) = self.states.next() => return Event::State(change),
                Some(issue) = self.issues.next() => {
                    return Event::Error(format!("server issue {}: {}", issue.code, issue.message));
                }
                update = self.updates.next() => match update {
                    Some(Ok(update)) => return Event::Update(update),
                    Some(Err(StreamError::Ended(reason))) => return ended(reason),
                    // `issues` reports it too.
                    Some(Err(StreamError::Refused(_))) => {}
                    Some(Err(resynced @ StreamError::Resynced)) => {
                        return Event::Note(resynced.to_string());
                    }
                    Some(Err(error)) => return Event::Error(error.to_string()),
                    None => return ended(CloseReason::Disconnected.into()),
                },
                notes = first(&mut self.first) => {
                    (self.first, self.late) = (None, None);
                    self.notes = notes.into_iter();
                }
                () = reached(self.late.as_ref().map(|(at, _)| *at)) => {
                    let connected = self.hs.connection_state().await == ConnectionState::Connected;
                    if let (Some((_, note)), true) = (self.late.take(), connected) {
                        return Event::Note(note);
                    }
                }
            }
        }
    }
}

fn ended(reason: EndReason) -> Event {
    Event::Failed(match &reason {
        EndReason::Closed(reason) => messages::closed("stream", reason),
        EndReason::Tape { view } => {
            anyhow::anyhow!("the view \"{view}\" is a tape: print its records with `hs tape`")
        }
        _ => anyhow::anyhow!("the stream ended: {reason}"),
    })
}

async fn save_failed(save: Option<&mut Save>) -> anyhow::Error {
    match save {
        Some(save) => save.failed().await,
        None => pending().await,
    }
}

async fn first(read: &mut Option<FirstRead>) -> Vec<String> {
    match read {
        Some(read) => read.await,
        None => pending().await,
    }
}

/// Describes a state of the connection and its cause.
pub(crate) fn state(change: &StateChange) -> String {
    let name = match change.state {
        ConnectionState::Disconnected => "disconnected".to_owned(),
        ConnectionState::Connecting => "connecting".to_owned(),
        ConnectionState::Connected => "connected".to_owned(),
        ConnectionState::Reconnecting { attempt } => format!("reconnecting, attempt {attempt}"),
        ConnectionState::Error => "failed".to_owned(),
    };
    match &change.cause {
        Some(cause) => format!("{name}: {cause}"),
        None => name,
    }
}
