//! All that can happen to a stream, one thing after another.

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

use super::save::Save;
use super::view::{Part, View, ViewId};
use super::words;
use crate::commands::interrupt::Interrupt;

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    Update(Update<Arc<Value>>),
    State(StateChange),
    /// Something that is said to people: what was survived, or why nothing comes.
    Note(String),
    /// It ends as it was asked to.
    Done,
    /// It ends, and should not.
    Failed(anyhow::Error),
}

type Updates = Pin<Box<dyn Stream<Item = Result<Update<Arc<Value>>, StreamError>> + Send>>;
type FirstRead = Pin<Box<dyn Future<Output = Vec<String>> + Send>>;

/// An answer of the server's that takes longer is late.
const LATE: Duration = Duration::from_secs(5);

/// A view that is followed.
pub(super) struct Follow {
    hs: HyperStack,
    view: View,
    updates: Updates,
    states: Feed<StateChange>,
    issues: Feed<Issue>,
    /// What there is to say once it is known what there is to begin with.
    first: Option<FirstRead>,
    notes: std::vec::IntoIter<String>,
    /// When that is late, and what there is to say then.
    late: Option<(Instant, String)>,
    interrupt: Interrupt,
    until: Option<Instant>,
    pub(super) save: Option<Save>,
}

impl Follow {
    /// Reads a view, for so long. Where it is slow, `every` update waits for it; else those of a row become
    /// one.
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
        let (client, begun) = (hs.clone(), view.clone());
        let (shown, filtered) = (id.to_string(), !part.filters.is_empty());
        let fields = part.fields.clone();
        let late = words::no_answer(&shown);
        let updates = match every {
            true => view.watch().unbounded(),
            false => view.watch(),
        };
        Follow {
            updates: Box::pin(updates.shared()),
            states: hs.connection_states(),
            issues: hs.socket_issues(),
            first: Some(Box::pin(async move {
                match begun.first().await {
                    Ok(rows) if !rows.is_empty() => words::no_fields(&fields, &rows),
                    Ok(_) if filtered && client.stats().rows > 0 => {
                        vec![words::none_passes(client.stats().rows)]
                    }
                    Ok(_) => vec![words::empty(&shown)],
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

    /// The rows in the view's order, where that is one to show.
    pub(super) fn ranked(&self) -> Option<Vec<Arc<Value>>> {
        self.view.ranked()
    }

    /// Waits until somebody wants it to end, or its time is over. Cancel safe.
    pub(super) async fn end(&mut self) {
        end(&mut self.interrupt, self.until).await;
    }

    /// Waits for the next event. Cancel safe.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            if let Some(note) = self.notes.next() {
                return Event::Note(note);
            }
            tokio::select! {
                biased;
                () = end(&mut self.interrupt, self.until) => return Event::Done,
                error = failure(self.save.as_mut()) => return Event::Failed(error),
                Some(change) = self.states.next() => return Event::State(change),
                Some(issue) = self.issues.next() => {
                    return Event::Note(format!("the server: {}: {}", issue.code, issue.message));
                }
                update = self.updates.next() => match update {
                    Some(Ok(update)) => return Event::Update(update),
                    Some(Err(StreamError::Ended(reason))) => return ended(reason),
                    // Among the issues too.
                    Some(Err(StreamError::Refused(_))) => {}
                    Some(Err(error)) => return Event::Note(error.to_string()),
                    None => return ended(CloseReason::Disconnected.into()),
                },
                notes = first(&mut self.first) => {
                    (self.first, self.late) = (None, None);
                    self.notes = notes.into_iter();
                }
                () = at(self.late.as_ref().map(|(at, _)| *at)) => {
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
    let hint = match &reason {
        EndReason::Closed(CloseReason::Failed(cause)) => words::hint(cause),
        EndReason::Closed(CloseReason::Lost(cause)) => words::hint_after_loss(cause),
        _ => None,
    };
    let ended = format!("the stream ended: {reason}");
    Event::Failed(match hint {
        Some(hint) => anyhow::anyhow!("{ended}\n{hint}"),
        None => anyhow::anyhow!("{ended}"),
    })
}

async fn end(interrupt: &mut Interrupt, until: Option<Instant>) {
    tokio::select! {
        () = interrupt.wait() => {}
        () = at(until) => {}
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => pending().await,
    }
}

async fn failure(save: Option<&mut Save>) -> anyhow::Error {
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

/// What a state is called.
pub(super) fn state(change: &StateChange) -> String {
    let name = match change.state {
        ConnectionState::Disconnected => "disconnected".to_owned(),
        ConnectionState::Connecting => "connecting".to_owned(),
        ConnectionState::Connected => "connected".to_owned(),
        ConnectionState::Reconnecting { attempt } => format!("reconnecting, attempt {attempt}"),
        ConnectionState::Error => "given up".to_owned(),
    };
    match &change.cause {
        Some(cause) => format!("{name}: {cause}"),
        None => name,
    }
}
