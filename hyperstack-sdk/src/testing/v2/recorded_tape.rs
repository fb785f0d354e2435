//! Recorded tapes, for clients that subscribe with their own ids, queries and cursors.
//!
//! A recording shows a tape through several subscriptions, each with a part of its records. Together they make one
//! journal for each epoch. A subscription gets from it what the recorded server would have sent: the records that the
//! tape had at that time of the recording, then the others at their pace.
//!
//! When a subscription has got all records of an epoch, and the recording has another one, the server closes all
//! connections, as the recorded server did. Clients that connect again get the next epoch, after the rest of the one
//! that their cursor is in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::super::refusal::Refusal;
use super::super::replay::{Pace, Playback};
use super::journal::{Journal, Record};
use super::message::{Query, Subscribe};
use super::replay::Frame;
use super::tape::TapeFeed;
use crate::wire::{Cursor, ReplayWindow};

/// A time in a recording: milliseconds, and the number of the message.
pub(super) type At = (u64, usize);

/// The tapes of all recordings, by view.
#[derive(Debug, Default)]
pub(super) struct RecordedTapes(BTreeMap<String, RecordedTape>);

/// A tape, as its epochs.
#[derive(Debug, Default)]
struct RecordedTape {
    stages: Vec<Stage>,
    /// The index of the present epoch.
    stage: usize,
}

/// An epoch of a tape.
#[derive(Debug)]
struct Stage {
    epoch: String,
    pace: Pace,
    /// When the tape was first seen, in the recording's time.
    start: At,
    /// What the server said about its records.
    windows: Vec<(At, ReplayWindow)>,
    records: BTreeMap<u64, (At, Arc<Record>)>,
    unnumbered: Vec<(At, Arc<Record>)>,
    /// The errors that ended subscriptions, with their queries.
    stops: Vec<(At, Query, Frame)>,
    /// When a client first subscribed to it.
    started: Option<Instant>,
}

/// A recorded subscription to a tape.
#[derive(Debug, Clone)]
pub(super) struct Subscribed {
    query: Query,
    epoch: String,
    /// The server had the records before this number when it accepted the subscription.
    next: u64,
    at: At,
}

impl RecordedTapes {
    pub(super) fn has_view(&self, view: &str) -> bool {
        self.0.contains_key(view)
    }

    /// Adds a subscription that the server accepted.
    pub(super) fn add(
        &mut self,
        query: Query,
        window: ReplayWindow,
        at: At,
        pace: Pace,
    ) -> Subscribed {
        let tape = self.0.entry(query.view.clone()).or_default();
        let subscribed = Subscribed {
            query,
            epoch: window.epoch.clone(),
            next: window.next,
            at,
        };
        match tape.stage(&window.epoch) {
            Some(stage) => stage.windows.push((at, window)),
            None => tape.stages.push(Stage {
                epoch: window.epoch.clone(),
                pace,
                start: at,
                windows: vec![(at, window)],
                records: BTreeMap::new(),
                unnumbered: Vec::new(),
                stops: Vec::new(),
                started: None,
            }),
        }
        subscribed
    }

    /// Adds what the server said about the records when it refused a cursor.
    pub(super) fn note_window(&mut self, view: &str, window: ReplayWindow, at: At) {
        let tape = self.0.get_mut(view);
        if let Some(stage) = tape.and_then(|tape| tape.stage(&window.epoch)) {
            stage.windows.push((at, window));
        }
    }

    /// Adds a message of a subscription: a record, or the error that ends it.
    pub(super) fn take(&mut self, of: &Subscribed, message: &Value, frame: Frame, at: At) {
        let tape = self.0.get_mut(&of.query.view);
        let Some(stage) = tape.and_then(|tape| tape.stage(&of.epoch)) else {
            return;
        };
        if message["type"] == "error" {
            stage.stops.push((at, of.query.clone(), frame));
        } else if message["op"] == "patch" {
            stage.add(of, message, frame, at);
        }
    }

    /// Answers a subscription to a recorded tape. `None` if the view is none.
    pub(super) fn play(
        &mut self,
        request: &Subscribe,
        now: Instant,
    ) -> Option<Result<Playback, Refusal>> {
        let tape = self.0.get_mut(&request.query.view)?;
        Some(tape.play(request, now))
    }

    /// Whether a client has yet to subscribe to the next epoch.
    pub(super) fn is_awaited(&self) -> bool {
        self.0.values().any(|tape| {
            let present = tape.stages.get(tape.stage);
            tape.stage > 0 && present.is_some_and(|stage| stage.started.is_none())
        })
    }

    /// Continues a view with its epoch of this number.
    pub(super) fn restart(&mut self, view: &str, epoch: usize) {
        if let Some(tape) = self.0.get_mut(view) {
            tape.stage = tape.stage.max(epoch);
        }
    }
}

impl RecordedTape {
    fn stage(&mut self, epoch: &str) -> Option<&mut Stage> {
        self.stages.iter_mut().find(|stage| stage.epoch == epoch)
    }

    fn play(&mut self, request: &Subscribe, now: Instant) -> Result<Playback, Refusal> {
        let cursor = request.query.after.as_deref();
        let cursor = cursor.and_then(|cursor| cursor.parse::<Cursor>().ok());
        let mut stages = self.stages.iter();
        let place = cursor
            .as_ref()
            .and_then(|cursor| stages.position(|stage| *stage.epoch == *cursor.epoch()));
        let place = match place {
            Some(place) if place < self.stage && !self.stages[place].has_more(request) => {
                self.stage
            }
            Some(place) => place,
            None => self.stage,
        };
        self.stage = self.stage.max(place);
        let has_next = place + 1 < self.stages.len();
        let mut playback = self.stages[place].play(request, cursor.as_ref(), now)?;
        playback.next_epoch = playback.next_epoch.filter(|_| has_next).map(|_| place + 1);
        Ok(playback)
    }
}

impl Stage {
    /// Adds a record. Of several subscriptions that got it, the first one counts.
    fn add(&mut self, of: &Subscribed, message: &Value, frame: Frame, at: At) {
        let offset = message["offset"].as_u64();
        let key = message["key"].as_str().unwrap_or_default().to_owned();
        let data = message["data"].clone();
        let record = Arc::new(Record::recorded(offset, key, data, frame.around));
        let Some(offset) = offset else {
            self.unnumbered.push((at, record));
            return;
        };
        let at = if offset < of.next { of.at } else { at };
        // A record is not older than the ones before it.
        let later = self.records.range(offset..).next();
        let at = later.map_or(at, |(_, (later, _))| at.min(*later));
        self.records.entry(offset).or_insert((at, record));
        for (_, (earlier, _)) in self.records.range_mut(..offset).rev() {
            if *earlier <= at {
                break;
            }
            *earlier = at;
        }
    }

    /// Whether the epoch has records after the cursor of a request.
    fn has_more(&self, request: &Subscribe) -> bool {
        let journal = self.journal((u64::MAX, usize::MAX));
        match TapeFeed::open(&journal, "", request) {
            Ok((messages, _)) => messages.len() > 1,
            Err(_) => true,
        }
    }

    /// Returns what a subscription gets. If it gets all records of the epoch, `next_epoch` is set.
    fn play(
        &mut self,
        request: &Subscribe,
        cursor: Option<&Cursor>,
        now: Instant,
    ) -> Result<Playback, Refusal> {
        let cursor = cursor.filter(|cursor| *cursor.epoch() == *self.epoch);
        let reached = cursor.and_then(|cursor| {
            let (_, (at, _)) = self.records.range(..cursor.next()).next_back()?;
            Some(*at)
        });
        let present = match self.started {
            None => self.start,
            Some(started) => {
                let elapsed = self.pace.elapsed(now - started);
                (self.start.0.saturating_add(elapsed), usize::MAX)
            }
        };
        let present = reached.map_or(present, |reached| reached.max(present));
        let journal = self.journal(present);
        let (messages, mut feed) = TapeFeed::open(&journal, "", request)?;
        let mut playback = Playback {
            now: messages,
            ..Playback::default()
        };
        // A tape that accepts a cursor of an earlier epoch hides records, so the client has not started.
        let hides = request.query.after.is_some() && cursor.is_none();
        if !hides {
            self.started.get_or_insert(now);
        }
        let numbered = self.records.values();
        let mut live: Vec<_> = numbered.chain(&self.unnumbered).collect();
        live.retain(|(at, _)| *at > present);
        live.sort_by_key(|(at, _)| *at);
        let query = &request.query;
        let mut stops = self.stops.iter();
        let stop = stops.find(|(at, of, _)| *at > present && of.selects_as(query));
        let mut send = |at: At, message| match self
            .pace
            .delay(Duration::from_millis(at.0.saturating_sub(present.0)))
        {
            Some(delay) => playback.later.push((delay, message)),
            None => playback.now.push(message),
        };
        for (at, record) in live {
            if stop.is_none_or(|(stop, ..)| at < stop) {
                let message = feed.advance(&request.id, record);
                message.into_iter().for_each(|message| send(*at, message));
            }
        }
        match stop {
            Some((at, _, frame)) => send(*at, frame.message(&request.id)),
            None => playback.next_epoch = (!hides).then_some(0),
        }
        Ok(playback)
    }

    /// The journal at a time of the recording.
    fn journal(&self, at: At) -> Journal {
        let known = self.windows.iter().filter(|(known, _)| *known <= at);
        let windows: Vec<_> = known.map(|(_, window)| window).collect();
        let records = self.records.values().filter(|(known, _)| *known <= at);
        let next = windows.iter().map(|window| window.next).max();
        Journal::recorded(
            self.epoch.clone(),
            records.map(|(_, record)| record.clone()),
            next.unwrap_or(0),
            windows.last().and_then(|window| window.gap_after),
        )
    }
}
