//! Recorded v2 sessions: a query gets the messages that the recorded subscription got.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::super::frame::quote;
use super::super::recording::Recording;
use super::super::replay::{message_of, Pace, Playback};
use super::frame::error;
use super::message::{Query, Request, Subscribe};
use super::recorded_tape::{RecordedTapes, Subscribed};
use crate::wire::{member, Entry, Kind, ReplayWindow, Side};

/// The recorded subscriptions, in the order in which they were answered.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    sessions: Vec<Session>,
    /// How many times a query was played, by the index of its first session.
    played: HashMap<usize, usize>,
    tapes: RecordedTapes,
}

#[derive(Debug)]
struct Session {
    /// The query as the client sent it.
    query: Query,
    /// The query as the server repeated it; `None` if it refused it.
    effective: Option<Query>,
    with_snapshot: bool,
    pace: Pace,
    /// When it was answered, in the recording's time.
    start: u64,
    frames: Vec<Frame>,
}

/// A recorded message of a subscription, whose id is replaced when it is played.
#[derive(Debug)]
pub(super) struct Frame {
    at: Duration,
    /// The text before and after the id.
    pub(super) around: [String; 2],
    entry: Entry,
    /// Whether the message is part of the answer, which is sent at once.
    answers: bool,
}

/// What a subscription to a recorded query gets.
#[derive(Debug)]
pub(crate) enum Played {
    Subscribed(Playback),
    Refused(Vec<Message>),
}

impl Sessions {
    /// Adds a recording. Messages that belong to no subscription are left out.
    pub(crate) fn add(&mut self, recording: &Recording, pace: Pace) {
        let mut requests: Vec<Subscribe> = Vec::new();
        let mut live: HashMap<String, usize> = HashMap::new();
        let mut live_tapes: HashMap<String, Subscribed> = HashMap::new();
        for (number, entry) in recording.iter().enumerate() {
            if entry.from == Side::Client {
                if let Ok(Request::Subscribe(request)) = Request::parse(&entry.text) {
                    requests.push(*request);
                }
                continue;
            }
            let Ok(message) = serde_json::from_str::<Value>(&entry.text) else {
                continue;
            };
            let Some(id) = message["subscriptionId"].as_str() else {
                continue;
            };
            let at = (entry.ms, number);
            let window = ReplayWindow::deserialize(&message["replayWindow"]).ok();
            match Recorded::of(&message, entry.kind) {
                Recorded::Answer { subscribed } => {
                    let asked = requests.iter().position(|request| request.id == id);
                    let Some(asked) = asked else { continue };
                    live.remove(id);
                    live_tapes.remove(id);
                    if let Some(window) = window {
                        let query = requests.remove(asked).query;
                        if subscribed {
                            let tape = self.tapes.add(query, window, at, pace);
                            live_tapes.insert(id.to_owned(), tape);
                        } else {
                            self.tapes.note_window(&query.view, window, at);
                        }
                        continue;
                    }
                    let mut session = Session::new(requests.remove(asked), &message, entry, pace);
                    session.take(entry, &message);
                    if subscribed {
                        live.insert(id.to_owned(), self.sessions.len());
                    }
                    self.sessions.push(session);
                }
                Recorded::RefusedByConnection => {
                    let asked = requests.iter().position(|request| request.id == id);
                    asked.map(|index| requests.remove(index));
                }
                Recorded::Unsubscribed => {
                    live.remove(id);
                    live_tapes.remove(id);
                }
                Recorded::Frame => {
                    let tape = live_tapes.get(id).zip(Frame::new(entry));
                    if let Some((tape, frame)) = tape {
                        self.tapes.take(tape, &message, frame, at);
                    }
                    let session = live.get(id).and_then(|at| self.sessions.get_mut(*at));
                    if let Some(session) = session {
                        session.take(entry, &message);
                    }
                }
                Recorded::Other => {}
            }
        }
    }

    /// Whether some query of this view was recorded.
    pub(crate) fn has_view(&self, view: &str) -> bool {
        self.tapes.has_view(view) || self.sessions.iter().any(|it| it.query.view == view)
    }

    /// Returns the messages for a subscription if its query was recorded. Each request plays the query's next
    /// session; after the last one, the first.
    pub(crate) fn play(&mut self, request: &Subscribe, now: Instant) -> Option<Played> {
        if let Some(played) = self.tapes.play(request, now) {
            return Some(match played {
                Ok(playback) => Played::Subscribed(playback),
                Err(refusal) => {
                    let error = error(&refusal, Some(&request.id), false);
                    Played::Refused(vec![Message::text(error)])
                }
            });
        }
        let Subscribe {
            id,
            query,
            with_snapshot,
        } = request;
        let indices = |fits: &dyn Fn(&Session) -> bool| -> Vec<usize> {
            let sessions = self.sessions.iter().enumerate();
            let fitting = sessions.filter(|(_, session)| fits(session));
            fitting.map(|(index, _)| index).collect()
        };
        let exact = |it: &Session| it.query == *query && it.with_snapshot == *with_snapshot;
        let asked = |it: &Session| it.query == *query;
        let effective = |it: &Session| it.effective.as_ref() == Some(query);
        let candidates: [&dyn Fn(&Session) -> bool; 3] = [&exact, &asked, &effective];
        let mut candidates = candidates.into_iter().map(indices);
        let found = candidates.find(|found| !found.is_empty())?;
        let played = self.played.entry(*found.first()?).or_default();
        let session = self.sessions.get(*found.get(*played % found.len())?)?;
        *played += 1;
        Some(session.play(id))
    }
}

/// Tapes of several epochs.
impl Sessions {
    /// Whether a client has yet to subscribe to the next epoch.
    pub(crate) fn is_awaited(&self) -> bool {
        self.tapes.is_awaited()
    }

    /// Continues a view with its epoch of this number, as after a restart of the recorded server.
    pub(crate) fn restart(&mut self, view: &str, epoch: usize) {
        self.tapes.restart(view, epoch);
    }
}

/// The meaning of a server's message for a recorded subscription.
enum Recorded {
    /// The answer to a request: `subscribed`, or a refusal that any connection would get.
    Answer {
        subscribed: bool,
    },
    /// A refusal because of the request's id or of the connection's other subscriptions.
    RefusedByConnection,
    Unsubscribed,
    /// A message that the subscription delivers.
    Frame,
    /// The answer to an invalid request, or to a failed unsubscribe.
    Other,
}

impl Recorded {
    fn of(message: &Value, kind: Kind) -> Self {
        if message["op"] == "subscribed" {
            Self::Answer { subscribed: true }
        } else if message["op"] == "unsubscribed" {
            Self::Unsubscribed
        } else if kind == Kind::Binary {
            Self::Frame
        } else {
            match message["code"].as_str() {
                Some("duplicate-subscription-id" | "subscription-limit-exceeded") => {
                    Self::RefusedByConnection
                }
                None
                | Some(
                    "malformed-message"
                    | "invalid-subscription"
                    | "invalid-unsubscription"
                    | "unknown-subscription-id",
                ) => Self::Other,
                Some(_) => Self::Answer { subscribed: false },
            }
        }
    }
}

impl Session {
    /// Starts a session with this answer.
    fn new(request: Subscribe, answer: &Value, entry: &Entry, pace: Pace) -> Self {
        Self {
            query: request.query,
            effective: Query::of_answer(&answer["query"]),
            with_snapshot: request.with_snapshot,
            pace,
            start: entry.ms,
            frames: Vec::new(),
        }
    }

    fn take(&mut self, entry: &Entry, message: &Value) {
        let Some(frame) = Frame::new(entry) else {
            return;
        };
        let answers = match self.frames.last() {
            None => true,
            Some(last) => {
                let is_complete = member(&last.entry.text, "complete") == Some("true");
                last.answers && !is_complete && message["op"] == "snapshot"
            }
        };
        self.frames.push(Frame {
            at: Duration::from_millis(entry.ms.saturating_sub(self.start)),
            answers,
            ..frame
        });
    }

    fn play(&self, id: &str) -> Played {
        let mut playback = Playback::default();
        for frame in &self.frames {
            let message = frame.message(id);
            match self.pace.delay(frame.at) {
                Some(delay) if !frame.answers => playback.later.push((delay, message)),
                _ => playback.now.push(message),
            }
        }
        if self.effective.is_some() {
            Played::Subscribed(playback)
        } else {
            Played::Refused(playback.now)
        }
    }
}

impl Frame {
    fn new(entry: &Entry) -> Option<Self> {
        Some(Frame {
            at: Duration::ZERO,
            around: around_id(&entry.text)?,
            entry: entry.clone(),
            answers: false,
        })
    }

    pub(super) fn message(&self, id: &str) -> Message {
        let [before, after] = &self.around;
        message_of(&Entry {
            text: format!("{before}{}{after}", quote(id)),
            ..self.entry.clone()
        })
    }
}

/// Splits a message around its subscription id. The rest is sent as recorded.
fn around_id(text: &str) -> Option<[String; 2]> {
    let id = member(text, "subscriptionId")?;
    let start = id.as_ptr() as usize - text.as_ptr() as usize;
    let (before, after) = (text.get(..start)?, text.get(start + id.len()..)?);
    Some([before.to_owned(), after.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_top_level_subscription_id_is_replaced() {
        let text = r#"{"data":{"subscriptionId":"a"},"n": 1e+17,"subscriptionId":"a"}"#;
        let [before, after] = around_id(text).unwrap();
        assert_eq!(
            before,
            r#"{"data":{"subscriptionId":"a"},"n": 1e+17,"subscriptionId":"#
        );
        assert_eq!(after, "}");
    }
}
