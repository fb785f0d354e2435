//! Recorded v1 sessions: a subscription gets the messages that the recorded one got.

use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::frame::Mode;
use super::super::recording::Recording;
use super::super::replay::{message_of, Pace, Playback};
use super::frame::Header;
use super::message::{ClientMessage, Subscribe};
use crate::wire::{Entry, Side};

/// The recorded subscriptions, each with the messages that it got.
#[derive(Debug, Default)]
pub(crate) struct Tapes(Vec<Tape>);

#[derive(Debug)]
struct Tape {
    view: String,
    key: Option<String>,
    mode: Mode,
    /// Whether the view is derived. A derived view sends its snapshot whatever the key.
    derived: bool,
    pace: Pace,
    /// When it was subscribed, in the recording's time.
    start: u64,
    /// Whether the recording subscribes to the same again. Later messages belong to that subscription.
    ended: bool,
    subscribed: Message,
    frames: Vec<Frame>,
}

#[derive(Debug)]
struct Frame {
    at: Duration,
    /// `None` for a snapshot, whose rows have the keys.
    key: Option<String>,
    message: Message,
    text: String,
}

impl Tapes {
    /// Adds a recording. Messages that belong to no subscription are left out.
    pub(crate) fn add(&mut self, recording: &Recording, pace: Pace) {
        let first = self.0.len();
        // Only the client's requests have keys; the server confirms them in the same order.
        let mut requests: Vec<Subscribe> = Vec::new();
        for entry in recording {
            match entry.from {
                Side::Client => {
                    if let Some(ClientMessage::Subscribe(request)) =
                        ClientMessage::parse(&entry.text)
                    {
                        requests.push(request);
                    }
                }
                Side::Server => self.take(first, entry, &mut requests, pace),
            }
        }
    }

    fn take(&mut self, first: usize, entry: &Entry, requests: &mut Vec<Subscribe>, pace: Pace) {
        let Ok(content) = serde_json::from_str::<Value>(&entry.text) else {
            return;
        };
        let tapes = &mut self.0[first..];
        if content["op"] == "subscribed" {
            let Some(tape) = Tape::open(entry, &content, requests, pace) else {
                return;
            };
            let again = |known: &&mut Tape| known.view == tape.view && known.key == tape.key;
            if let Some(known) = tapes.iter_mut().find(again) {
                known.ended = true;
            }
            self.0.push(tape);
        } else if let Some(view) = content["entity"].as_str() {
            let key = content["key"].as_str();
            let tapes = tapes.iter_mut().filter(|tape| tape.view == view);
            let tape = match key {
                Some(key) => {
                    let seeing: Vec<_> = tapes.filter(|tape| tape.sees(key)).collect();
                    // Each subscription gets its own copy of a message. If one has this message, the next
                    // copy is another's.
                    let without = seeing.iter().position(|tape| !tape.ends_with(&entry.text));
                    seeing.into_iter().nth(without.unwrap_or(0))
                }
                // The server sends a snapshot before it handles the next request.
                None => tapes.last(),
            };
            if let Some(tape) = tape {
                tape.frames.push(Frame {
                    at: Duration::from_millis(entry.ms.saturating_sub(tape.start)),
                    key: key.map(str::to_owned),
                    message: message_of(entry),
                    text: entry.text.clone(),
                });
            }
        }
    }

    /// Returns the recorded entities. All their base views exist, recorded or not.
    pub(crate) fn entities(&self) -> Vec<String> {
        let entity = |tape: &Tape| Some(tape.view.split_once('/')?.0.to_owned());
        self.0.iter().filter_map(entity).collect()
    }

    /// Returns the messages for a subscription if its view was recorded: the recorded session of its key,
    /// else that key's messages of the whole view.
    pub(crate) fn play(&self, request: &Subscribe) -> Option<Playback> {
        let mut tapes = self.0.iter().filter(|tape| tape.view == request.view);
        let exact = tapes.clone().find(|tape| tape.key == request.key);
        if let Some(tape) = exact {
            return Some(tape.play(request, None));
        }
        let whole = tapes.clone().find(|tape| tape.key.is_none());
        match whole {
            Some(tape) if tape.derived => Some(tape.play(request, None)),
            Some(tape) => Some(tape.play(request, request.key.as_deref())),
            None => tapes.next().map(Tape::confirm),
        }
    }
}

impl Tape {
    /// Creates the subscription that a message confirms.
    fn open(
        entry: &Entry,
        content: &Value,
        requests: &mut Vec<Subscribe>,
        pace: Pace,
    ) -> Option<Self> {
        let view = content["view"].as_str()?;
        let asked = requests.iter().position(|request| request.view == view);
        let mode = content["mode"].as_str().and_then(Mode::from_name);
        let sort = &content["sort"]["field"];
        Some(Self {
            view: view.to_owned(),
            key: asked.and_then(|i| requests.remove(i).key),
            mode: mode.unwrap_or(Mode::List),
            derived: sort.is_array() && sort[0] != "_seq",
            pace,
            start: entry.ms,
            ended: false,
            subscribed: message_of(entry),
            frames: Vec::new(),
        })
    }

    /// Whether this subscription gets a row's live messages.
    fn sees(&self, key: &str) -> bool {
        !self.ended && (self.derived || self.key.as_deref().is_none_or(|own| own == key))
    }

    fn ends_with(&self, text: &str) -> bool {
        self.frames.last().is_some_and(|last| last.text == text)
    }

    /// Returns only the confirmation.
    fn confirm(&self) -> Playback {
        Playback {
            now: vec![self.subscribed.clone()],
            ..Playback::default()
        }
    }

    /// Returns the recorded session, or only the messages of one key.
    fn play(&self, request: &Subscribe, key: Option<&str>) -> Playback {
        let mut playback = self.confirm();
        if self.derived || request.with_snapshot.unwrap_or(true) {
            match key {
                Some(key) => playback.now.extend(self.snapshot_of(key)),
                None => {
                    let snapshot = self.frames.iter().filter(|frame| frame.key.is_none());
                    let messages = snapshot.map(|frame| frame.message.clone());
                    playback.now.extend(messages);
                }
            }
        }
        for frame in self.frames.iter().filter(|frame| frame.key.is_some()) {
            if key.is_some() && key != frame.key.as_deref() {
                continue;
            }
            match self.pace.delay(frame.at) {
                Some(delay) => playback.later.push((delay, frame.message.clone())),
                None => playback.now.push(frame.message.clone()),
            }
        }
        playback
    }

    /// Returns one row of the snapshot as its own snapshot message.
    fn snapshot_of(&self, key: &str) -> Vec<Message> {
        let snapshot = self.frames.iter().filter(|frame| frame.key.is_none());
        let header = Header {
            mode: self.mode,
            view: &self.view,
        };
        snapshot
            .filter_map(|frame| serde_json::from_str::<Value>(&frame.text).ok())
            .filter_map(|frame| {
                let rows = frame["data"].as_array()?;
                let row = rows.iter().find(|row| row["key"] == key)?;
                Some(header.snapshot([(key, &row["data"])]))
            })
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Kind;
    use serde_json::json;

    fn client(view: &str, key: Option<&str>) -> Entry {
        let text = json!({"type": "subscribe", "view": view, "key": key}).to_string();
        entry(Side::Client, text)
    }

    fn server(message: Value) -> Entry {
        entry(Side::Server, message.to_string())
    }

    fn entry(from: Side, text: String) -> Entry {
        Entry {
            ms: 0,
            from,
            kind: Kind::Binary,
            gzip: false,
            text,
        }
    }

    fn played(recording: Vec<Entry>, key: Option<&str>) -> usize {
        let mut tapes = Tapes::default();
        tapes.add(&recording.into_iter().collect(), Pace::Instant);
        let request = Subscribe {
            view: "A/list".to_owned(),
            key: key.map(str::to_owned),
            ..Subscribe::default()
        };
        tapes
            .play(&request)
            .map_or(0, |playback| playback.now.len())
    }

    #[test]
    fn copies_go_to_one_subscription_each() {
        let confirmed = || server(json!({"op": "subscribed", "view": "A/list", "mode": "list"}));
        let patch = |key: &str| server(json!({"op": "patch", "entity": "A/list", "key": key}));
        let session = || {
            vec![
                client("A/list", None),
                client("A/list", Some("k")),
                confirmed(),
                confirmed(),
                patch("other"),
                patch("k"),
                patch("k"),
            ]
        };
        assert_eq!(played(session(), None), 3);
        assert_eq!(played(session(), Some("k")), 2);
    }

    #[test]
    fn a_lone_subscription_keeps_repeated_messages() {
        let upsert = || server(json!({"op": "upsert", "entity": "A/list", "key": "k"}));
        let confirmed = server(json!({"op": "subscribed", "view": "A/list", "mode": "list"}));
        assert_eq!(played(vec![confirmed, upsert(), upsert()], None), 3);
    }
}
