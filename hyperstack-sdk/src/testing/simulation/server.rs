//! The server without a socket: the model, its clients, and an independent record of its rows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{json, Value};
use tokio::time::Instant;

use super::super::frame::Mode;
use super::super::merge::Merge;
use super::super::model::{self, Change, Model};
use super::super::peer::{Peer, Subscription};
use super::super::state::{State, Verdict};
use super::super::v1::{is_wide, ClientMessage, Feed, Header};
use super::super::{Seq, SeqSource, Sort};
use super::history::History;
use super::met::{Event, Met};
use super::script::{Habits, Positions, KEYS, VIEWS};
use super::v2::TapeLog;
use crate::wire::payload::{self, Limits};
use crate::wire::Protocol;

pub(super) const ENTITY: &str = "Pool";

/// The real server may send an append again after a snapshot that includes it.
const APPENDS_OVERLAP: bool = true;

pub(super) struct Server {
    pub(super) state: State,
    pub(super) habits: Habits,
    /// The number of changes so far.
    pub(super) changes: u64,
    /// The last changes, and whether each appends.
    pub(super) recent: VecDeque<(Change, bool)>,
    /// The number of changes before the last client connected.
    admitted: u64,
    /// The rows of the derived views, merged from all changes ever.
    derived: BTreeMap<String, Value>,
    /// The sort values by view and key. A row whose value goes keeps its place.
    places: BTreeMap<(usize, String), Value>,
    /// The rows before their last change, in the list and in the derived views.
    before: BTreeMap<String, [Option<Value>; 2]>,
    /// Keys that the list evicted. Clients may have more fields of these rows.
    pub(super) worn: BTreeSet<String>,
    /// The rows that were evicted while a v2 client held their state, and still holds it.
    pub(super) ghosts: BTreeSet<String>,
    /// The rows that lacked their required field after a restart of a v2 server: a client that holds the
    /// row of an earlier run keeps it, and merges later patches into it.
    pub(super) mixed: BTreeSet<String>,
    /// The rest of a v2 snapshot, which is sent after the messages of other subscriptions.
    pub(super) backlog: Vec<Vec<u8>>,
    /// Every record of the tape, under v2.
    pub(super) tape: TapeLog,
    pub(super) history: History,
    pub(super) met: Met,
}

impl Server {
    pub(super) fn new(habits: Habits, protocol: Protocol) -> Self {
        let mut model = Model::new(SeqSource::Off, habits.row_limit, habits.array_limit);
        model.add_entity(ENTITY);
        for (id, field, descending, take) in VIEWS {
            let sort = if descending {
                Sort::desc(field)
            } else {
                Sort::asc(field)
            };
            model.add_derived(id, ENTITY, sort, Some(take));
        }
        if protocol == Protocol::V2 {
            model
                .tapes
                .add(ENTITY, habits.retained.unwrap_or(usize::MAX));
        }
        let mut server = Server {
            state: State {
                model,
                protocol,
                ..State::default()
            },
            habits,
            changes: 0,
            recent: VecDeque::new(),
            admitted: 0,
            derived: BTreeMap::new(),
            places: BTreeMap::new(),
            before: BTreeMap::new(),
            worn: BTreeSet::new(),
            ghosts: BTreeSet::new(),
            mixed: BTreeSet::new(),
            backlog: Vec::new(),
            tape: TapeLog::default(),
            history: History::default(),
            met: Met::default(),
        };
        server.note_epoch();
        server
    }

    pub(super) fn is_v2(&self) -> bool {
        self.state.protocol == Protocol::V2
    }

    // Its clients.

    /// Admits a client, and returns its number.
    pub(super) fn admit(&mut self) -> u64 {
        self.admitted = self.changes;
        self.state.heard.accepted += 1;
        let peer = self.state.heard.accepted;
        self.state
            .peers
            .insert(peer, Peer::new(self.state.protocol).0);
        peer
    }

    pub(super) fn forget(&mut self, peer: u64) {
        self.backlog.clear();
        self.state.peers.remove(&peer);
    }

    /// Removes a client without a message. Its next message ends the connection.
    pub(super) fn remove(&mut self, peer: u64) {
        self.backlog.clear();
        if let Some(peer) = self.state.peers.get_mut(&peer) {
            peer.mute();
        }
    }

    /// Ends one of a client's subscriptions, if it has any.
    pub(super) fn starve(&mut self, peer: u64, which: impl FnOnce(usize) -> usize) {
        let peer = self.state.peers.get_mut(&peer);
        let subscriptions = peer.map(|peer| &mut peer.subscriptions);
        // The server never stops a tape without a message.
        let has_rows = |held: &&mut Subscription| !matches!(held.feed, Some(model::Feed::Tape(_)));
        let of_rows = subscriptions.into_iter().flatten().filter(has_rows);
        let mut of_rows: Vec<_> = of_rows.collect();
        if !of_rows.is_empty() {
            let which = which(of_rows.len());
            of_rows[which].feed = None;
            self.met.note(Event::Starved);
        }
    }

    /// Whether all subscriptions of a client are live.
    pub(super) fn serves(&self, peer: u64) -> bool {
        let peer = self.state.peers.get(&peer).filter(|peer| !peer.muted);
        peer.is_some_and(|peer| peer.subscriptions.iter().all(|held| held.feed.is_some()))
    }

    pub(super) fn hear(&mut self, peer: u64, message: &str) -> Verdict {
        if self.is_v2() {
            return self.hear_v2(peer, message);
        }
        let held = self.subscriptions(peer);
        let verdict = self.state.receive(peer, message, Instant::now());
        if let Some(ClientMessage::Subscribe(request)) = ClientMessage::parse(message) {
            let begun = self.subscriptions(peer) > held;
            assert!(begun || verdict == Verdict::HangUp, "in vain: {message}");
            if begun && request.after.is_some() {
                self.met.note(Event::Resumed);
            }
            if begun && request.with_snapshot != Some(false) {
                // A client that resumes has the earlier changes. Only newer ones can be sent again.
                let newer = (self.changes - self.admitted) as usize;
                let most = request.after.map_or(usize::MAX, |_| newer);
                self.repeat(peer, most);
            }
        }
        verdict
    }

    pub(super) fn subscriptions(&self, peer: u64) -> usize {
        let peer = self.state.peers.get(&peer);
        peer.map_or(0, |peer| peer.subscriptions.len())
    }

    /// Sends again the changes between the start of the last subscription and its snapshot, which includes
    /// them.
    fn repeat(&mut self, peer: u64, most: usize) {
        // The client cannot recognise a repeated append without positions, or if the array was cut meanwhile.
        // On the real server, a cut takes a hundred elements.
        let has_positions = match self.habits.positions {
            Positions::None | Positions::Lacking | Positions::Falling => false,
            Positions::Slots(..) | Positions::Same | Positions::Wavering(_) => true,
        };
        let is_known = has_positions && self.habits.array_limit.is_none();
        let last = self.recent.iter().rev().take(most.min(self.habits.overlap));
        let last = last.take_while(|(_, appends)| APPENDS_OVERLAP && is_known || !appends);
        let changes = self.recent.iter().skip(self.recent.len() - last.count());
        let Some(peer) = self.state.peers.get_mut(&peer) else {
            return;
        };
        let mut messages = Vec::new();
        if let Some(subscription) = peer.subscriptions.last_mut() {
            if let Some(model::Feed::V1(feed @ Feed::Patches { .. })) = &mut subscription.feed {
                for (change, _) in changes {
                    messages.extend(feed.announce(&self.state.model, change, &subscription.view));
                }
            }
        }
        for message in messages {
            self.met.note(Event::Overlapped);
            peer.push(message);
        }
    }

    /// Takes the next messages for a client.
    pub(super) fn say(&mut self, peer: u64) -> Vec<Vec<u8>> {
        if self.is_v2() {
            return self.say_v2(peer);
        }
        let mut messages = Vec::new();
        while let Some(message) = self.state.pop(peer) {
            messages.extend(self.with_habits(message.into_data().to_vec()));
        }
        messages
    }

    /// Applies the server's habits to a message: snapshots in small batches, and rows sent twice.
    pub(super) fn with_habits(&mut self, message: Vec<u8>) -> Vec<Vec<u8>> {
        let doubles = self.habits.doubled && !self.is_v2();
        if self.habits.batch.is_none() && !doubles {
            return vec![message];
        }
        let json = payload::json(&message, Limits::default()).expect("a message");
        let mut frame: Value = serde_json::from_slice(&json).expect("json");
        let Some(Value::Array(rows)) = frame.get_mut("data").map(Value::take) else {
            return vec![message];
        };
        let which = usize::from(frame["entity"] != "Pool/list");
        let rows = rows.into_iter().flat_map(|row| {
            let before = self.before.get(row["key"].as_str().unwrap_or_default());
            let before = before.and_then(|before| before[which].as_ref());
            let before = before.filter(|_| doubles);
            let older = before.map(|before| {
                self.met.note(Event::Doubled);
                json!({"key": row["key"], "data": before})
            });
            older.into_iter().chain([row])
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return vec![message];
        }
        let batches = rows.chunks(self.habits.batch.unwrap_or(usize::MAX));
        let last = batches.len() - 1;
        if last > 0 {
            self.met.note(Event::Split);
        }
        let batches = batches.enumerate().map(|(at, batch)| {
            frame["data"] = Value::from(batch);
            frame["complete"] = Value::from(at == last);
            frame.to_string().into_bytes()
        });
        batches.collect()
    }

    // Its rows.

    pub(super) fn merge(&mut self, key: &str, patch: Value, append: &[&str]) {
        self.history.hear(key, &patch);
        let before = [self.row(key), self.derived.get(key)].map(Option::<&Value>::cloned);
        self.before.insert(key.to_owned(), before);
        let held: Vec<_> = self.by_key().into_keys().collect();
        self.state.model.seq = self.position();
        self.changes += 1;
        if let Some((change, _)) = self.state.model.mutate(ENTITY, key, patch, append) {
            self.state.announce(&change);
            self.recent.push_back((change, !append.is_empty()));
        }
        let gone = held.into_iter().filter(|key| self.row(key).is_none());
        for key in gone.collect::<Vec<_>>() {
            self.met.note(Event::Evicted);
            self.worn.insert(key);
        }
        let row = self.row(key).cloned().unwrap_or_default();
        for (view, (_, field, _, _)) in VIEWS.iter().enumerate() {
            if let Some(value) = row.get(field).filter(|value| !value.is_null()) {
                self.places.insert((view, key.to_owned()), value.clone());
            }
        }
        self.history.see(key, &row);
        match self.derived.get_mut(key) {
            Some(derived) => Merge::default().apply(derived, row),
            None => drop(self.derived.insert(key.to_owned(), row)),
        }
        self.history.see(key, &self.derived[key]);
    }

    /// Makes appended elements unique if positions do not identify changes. Otherwise equal elements of two
    /// changes would look like one change sent twice.
    pub(super) fn with_unique_appends(&self, mut fields: Value, append: &[&str]) -> Value {
        if !self.habits.positions.tell_apart() {
            for path in append {
                let items = fields.get_mut(*path).and_then(Value::as_array_mut);
                for (at, item) in items.into_iter().flatten().enumerate() {
                    *item = Value::from(100 + 10 * self.changes + at as u64);
                }
            }
        }
        fields
    }

    /// Returns the position of the next change.
    pub(super) fn position(&self) -> SeqSource {
        let changes = self.changes;
        match self.habits.positions {
            Positions::Slots(first, leap) => SeqSource::FromSlot(first + changes * leap),
            Positions::Same => SeqSource::Fixed(Seq::new(7, 7)),
            Positions::Wavering(leap) => {
                let index = [5, 2, 9, 2][changes as usize % 4];
                SeqSource::Fixed(Seq::new(300_000_000 + changes / 4 * leap, index))
            }
            Positions::Lacking if changes % 4 == 3 => SeqSource::Off,
            Positions::Falling if changes % 4 == 3 => SeqSource::FromSlot(1_000 + changes),
            Positions::Lacking | Positions::Falling => {
                SeqSource::FromSlot(300_000_000 + changes * 100)
            }
            Positions::None => SeqSource::Off,
        }
    }

    /// Deletes a row and sends the deletion to subscribers of the list, which the real server cannot do. Does
    /// nothing if a window of one row would become empty, because the server would not report that.
    pub(super) fn delete(&mut self, peer: u64, key: &str) -> bool {
        let count = self.derived.len();
        let Some(client) = self.state.peers.get(&peer) else {
            return false;
        };
        let feeds = client.subscriptions.iter();
        let silent = feeds.filter_map(|held| held.feed.as_ref()).any(|feed| {
            matches!(feed, model::Feed::V1(Feed::Window { window, .. }) if window.take == 1 && count <= window.skip + 1)
        });
        if silent || self.row(key).is_none() {
            return false;
        }
        if let Some(change) = self.state.model.remove(ENTITY, key) {
            self.state.announce(&change);
        }
        self.derived.remove(key);
        self.before.remove(key);
        self.recent.clear();
        self.places.retain(|(_, held), _| held != key);
        if let Some(peer) = self.state.peers.get_mut(&peer) {
            let header = Header {
                mode: Mode::List,
                view: "Pool/list",
            };
            let frames: Vec<_> = peer
                .subscriptions
                .iter()
                .filter(|held| match &held.feed {
                    Some(model::Feed::V1(Feed::Patches { key: of, .. })) => {
                        of.as_deref().is_none_or(|of| of == key)
                    }
                    _ => false,
                })
                .map(|_| header.delete(key))
                .collect();
            for message in frames {
                self.met.note(Event::Deleted);
                peer.push(message);
            }
        }
        true
    }

    /// Restarts without rows and clients.
    pub(super) fn restart(&mut self) {
        self.met.note(Event::Restarted);
        self.ghosts.clear();
        if self.is_v2() {
            // The client may hold rows that the server evicted or deleted before.
            self.worn.extend(KEYS.map(str::to_owned));
        } else {
            self.worn.extend(self.by_key().into_keys());
        }
        self.state.model.clear();
        self.note_epoch();
        self.state.peers.clear();
        self.backlog.clear();
        self.recent.clear();
        self.derived.clear();
        self.before.clear();
        self.places.clear();
    }

    pub(super) fn row(&self, key: &str) -> Option<&Value> {
        if self.is_v2() {
            let (_, row) = self.state.model.rows(ENTITY)?.whole(key)?;
            return Some(&row.data);
        }
        self.state.model.rows(ENTITY)?.get(key)
    }

    /// Returns all rows, the most recently changed first.
    pub(super) fn rows(&self) -> Vec<(&str, &Value)> {
        let rows = self.state.model.rows(ENTITY);
        rows.into_iter().flat_map(|rows| rows.iter()).collect()
    }

    /// Returns all rows in the order of a view: missing values, then numbers, then text, then by key. Text
    /// ascends in either direction.
    pub(super) fn sorted(&self, view: usize) -> Vec<(&str, &Value)> {
        let descending = VIEWS[view].2;
        let place = |key: &str| match self.places.get(&(view, key.to_owned())) {
            Some(Value::Number(number)) if is_wide(number) => (2, 0.0, number.to_string()),
            Some(Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                (1, if descending { -number } else { number }, String::new())
            }
            Some(Value::String(text)) => (2, 0.0, text.clone()),
            _ => (0, 0.0, String::new()),
        };
        let rows = self.derived.iter();
        let mut rows: Vec<_> = rows.map(|(key, row)| (key.as_str(), row)).collect();
        rows.sort_by(|(a, _), (b, _)| {
            let (x, y) = (place(a), place(b));
            let values = x.0.cmp(&y.0).then(x.1.partial_cmp(&y.1).unwrap());
            values.then(x.2.cmp(&y.2)).then(a.cmp(b))
        });
        rows
    }

    /// Returns the rows by key.
    pub(super) fn by_key(&self) -> BTreeMap<String, Value> {
        let rows = KEYS.iter().filter_map(|key| Some((key, self.row(key)?)));
        rows.map(|(key, row)| ((*key).to_owned(), row.clone()))
            .collect()
    }

    /// Returns the rows of the derived views, which outlive those of the list.
    pub(super) fn derived(&self) -> &BTreeMap<String, Value> {
        &self.derived
    }
}
