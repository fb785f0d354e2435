//! The behaviour that only a v2 server has.

use std::cmp::Reverse;

use proptest::sample::Index;
use serde_json::Value;
use tokio::time::Instant;

use super::super::super::model;
use super::super::super::peer::Subscription;
use super::super::super::refusal::Refusal;
use super::super::super::state::{State, Verdict};
use super::super::super::v2::{self, Batch};
use super::super::met::Event;
use super::super::row::decode;
use super::super::script::{KEYS, VIEWS};
use super::super::server::{Server, ENTITY};
use super::tape::TAPE;
use crate::wire::payload::{self, Limits};
use crate::wire::Seq;

/// The views that a recovery snapshot can reach.
pub(super) const RECOVERED: [&str; 4] = ["Pool/list", VIEWS[0].0, VIEWS[1].0, VIEWS[2].0];
/// The views that can be coalesced.
pub(super) const COALESCED: [&str; 5] = [
    "Pool/list",
    "Pool/state",
    VIEWS[0].0,
    VIEWS[1].0,
    VIEWS[2].0,
];

/// Something that a v2 server does on its own.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// It sends a recovery snapshot to each subscription of a view.
    Recover(&'static str),
    /// It ends a subscription, because the delivery lagged or because the row scope changed.
    End(Index, bool),
    /// It starts to coalesce a view.
    Coalesce(&'static str),
    /// It sends the collected changes.
    Flush(&'static str),
    /// It sends catch-up patches for the rows whose state changed meanwhile.
    CatchUp,
    /// It sends the collected changes and stops coalescing.
    StopCoalescing(&'static str),
    /// It restarts and keeps its rows.
    Restart,
    /// It accepts at most this many subscriptions.
    Limit(Option<usize>),
    /// It misses events of the tape.
    Gap,
    /// It stops numbering the records of the tape.
    Seal,
    /// Its delivery of the tape falls behind.
    Lag,
}

impl Server {
    /// Handles a client's message. After a subscribe, changes that the snapshot includes may be sent again.
    pub(in super::super) fn hear_v2(&mut self, peer: u64, message: &str) -> Verdict {
        let held = self.subscriptions(peer);
        let verdict = self.state.receive(peer, message, Instant::now());
        let begun = self.subscriptions(peer) > held;
        let message: Value = serde_json::from_str(message).expect("json");
        let query = &message["query"];
        let is_unknown = query["view"] == UNKNOWN;
        if verdict == Verdict::Keep && message["type"] == "subscribe" {
            let is_full = self
                .state
                .max_subscriptions
                .is_some_and(|most| held >= most);
            if query["view"] == TAPE {
                // The server may refuse the cursor.
                self.note_tape(&query["after"], begun);
            } else {
                assert_eq!(begun, !is_full && !is_unknown, "in vain: {message}");
            }
            if is_full {
                self.met.note(Event::Limited);
            }
        }
        if begun {
            let key = query["key"].as_str();
            if let Some(key) = key.filter(|_| query["view"] == "Pool/state") {
                self.ghosts.remove(key);
            }
            self.repeat_v2(peer);
        }
        verdict
    }

    fn note_tape(&mut self, after: &Value, begun: bool) {
        let journal = self.state.model.tape(TAPE).expect("a tape");
        let epoch = journal.cursor().epoch().to_owned();
        let after = after.as_str();
        if begun && after.is_some_and(|after| !after.starts_with(&epoch)) {
            self.met.note(Event::TapeHidden);
        }
    }

    /// Sends the last changes again, as if they fell between the start of the subscription and its snapshot.
    fn repeat_v2(&mut self, peer: u64) {
        let State {
            model,
            peers,
            faults,
            ..
        } = &mut self.state;
        let Some(peer) = peers.get_mut(&peer) else {
            return;
        };
        let most = self.habits.overlap;
        let first = self.recent.len().saturating_sub(most);
        let mut messages = Vec::new();
        if let Some(held) = peer.subscriptions.last_mut() {
            let is_coalesced = faults.coalesced.contains_key(&held.view);
            if let Some(model::Feed::V2(feed)) = held.feed.as_mut().filter(|_| !is_coalesced) {
                for (change, _) in self.recent.iter().skip(first) {
                    let batch = Batch::of(change);
                    messages.extend(feed.advance(model, &held.identity, change, &batch));
                }
            }
        }
        for message in messages {
            self.met.note(Event::Overlapped);
            peer.push(message);
        }
    }

    /// Merges fields into a row, or creates it. An evicted or deleted row comes back only if `created` is
    /// set.
    pub(in super::super) fn merge_v2(
        &mut self,
        key: &str,
        mut patch: Value,
        append: &[&str],
        created: bool,
    ) {
        // The declared type of the field is i64, so that its values are strings.
        if let Some(limit) = patch.get_mut("limit").filter(|limit| limit.is_i64()) {
            *limit = Value::from(limit.to_string());
        }
        self.history.hear(key, &patch);
        let held: Vec<_> = self.by_key().into_keys().collect();
        self.state.model.seq = self.position();
        self.changes += 1;
        let changed = if created {
            self.state.model.upsert(ENTITY, key, patch)
        } else {
            self.state.model.mutate(ENTITY, key, patch, append)
        };
        let Some((change, _)) = changed else {
            return;
        };
        if let (Some(record), Some(patch)) = (&change.record, &change.patch) {
            self.note_record(key, &patch.data, record.offset);
        }
        for key in held {
            if self.row(&key).is_none() {
                self.met.note(Event::Evicted);
                if self.is_held_as_state(&key) {
                    self.ghosts.insert(key.clone());
                    self.worn.insert(key);
                }
            }
        }
        self.announce_v2(&change);
        self.recent.push_back((change, !append.is_empty()));
        if let Some(row) = self.row(key).cloned() {
            self.history.see(key, &row);
            if decode(&row).is_none() && self.worn.contains(key) {
                self.mixed.insert(key.to_owned());
            }
        }
    }

    /// Whether a client holds the state of a row. It keeps the state when the server evicts the row.
    fn is_held_as_state(&self, key: &str) -> bool {
        let peers = self.state.peers.values();
        let mut held = peers.flat_map(|peer| &peer.subscriptions);
        held.any(|held| match &held.feed {
            Some(model::Feed::V2(feed)) => held.view == "Pool/state" && feed.holds(key),
            _ => false,
        })
    }

    fn announce_v2(&mut self, change: &model::Change) {
        self.state.announce(change);
        if !self.habits.late_frames {
            return;
        }
        let State { model, peers, .. } = &mut self.state;
        let batch = Batch::of(change);
        for peer in peers.values_mut() {
            for Subscription { identity, feed, .. } in std::mem::take(&mut peer.unsubscribed) {
                let messages = match feed {
                    Some(model::Feed::V2(mut feed)) => {
                        feed.advance(model, &identity, change, &batch)
                    }
                    Some(model::Feed::Tape(mut feed)) => {
                        let record = change.record.as_deref();
                        let message = record.and_then(|record| feed.advance(&identity, record));
                        message.into_iter().collect()
                    }
                    _ => Vec::new(),
                };
                for message in messages {
                    self.met.note(Event::Late);
                    peer.push(message);
                }
            }
        }
    }

    pub(in super::super) fn delete_v2(&mut self, key: &str) {
        if self
            .state
            .model
            .rows(ENTITY)
            .and_then(|rows| rows.get(key))
            .is_none()
        {
            return;
        }
        self.state.model.seq = self.position();
        self.changes += 1;
        self.ghosts.remove(key);
        if let Some(change) = self.state.model.remove(ENTITY, key) {
            self.met.note(Event::Deleted);
            self.announce_v2(&change);
            self.recent.push_back((change, false));
        }
    }

    /// Causes a trouble.
    pub(in super::super) fn make_trouble(&mut self, peer: Option<u64>, trouble: &Trouble) {
        let state = &mut self.state;
        match trouble {
            Trouble::Recover(view) => {
                self.met.note(Event::Recovered);
                state.recover(view);
            }
            Trouble::End(which, rescoped) => {
                let Some(peer) = peer.and_then(|peer| state.peers.get_mut(&peer)) else {
                    return;
                };
                let live = peer.subscriptions.iter().filter(|held| held.feed.is_some());
                let live = live.map(|held| (held.identity.clone(), held.view == TAPE));
                let live: Vec<_> = live.collect();
                if !live.is_empty() {
                    let (id, is_tape) = &live[which.index(live.len())];
                    if *is_tape && !rescoped {
                        self.met.note(Event::TapeLagged);
                        state.lag(TAPE, 1);
                        return;
                    }
                    let refusal = if *rescoped {
                        Refusal::new("subscription-rescoped")
                    } else {
                        v2::lagged()
                    };
                    self.met.note(Event::Ended);
                    v2::end(peer, id, &refusal);
                }
            }
            Trouble::Coalesce(view) => {
                state
                    .faults
                    .coalesced
                    .entry((*view).to_owned())
                    .or_default();
            }
            Trouble::Flush(view) => {
                if state.faults.coalesced.contains_key(*view) {
                    self.met.note(Event::Flushed);
                    state.flush(view);
                }
            }
            Trouble::CatchUp => {
                if state.faults.coalesced.contains_key("Pool/state") {
                    self.met.note(Event::CaughtUp);
                    state.catch_up("Pool/state");
                }
            }
            Trouble::StopCoalescing(view) => state.stop_coalescing(view),
            Trouble::Restart => {
                self.met.note(Event::Restored);
                state.model.restart_with_rows();
                state.peers.clear();
                self.backlog.clear();
                self.recent.clear();
                self.ghosts.clear();
            }
            Trouble::Limit(limit) => state.max_subscriptions = *limit,
            Trouble::Gap => {
                state.model.tapes.mark_gap();
                self.note_hole();
            }
            Trouble::Seal => state.model.tapes.seal(),
            Trouble::Lag => {
                if state.subscriptions().iter().any(|(view, _)| view == TAPE) {
                    self.met.note(Event::TapeLagged);
                }
                state.lag(TAPE, 1);
            }
        }
    }

    /// Ends all troubles.
    pub(in super::super) fn end_troubles(&mut self) {
        COALESCED
            .iter()
            .for_each(|view| self.state.stop_coalescing(view));
        self.state.max_subscriptions = None;
    }

    /// Takes the next messages for a client. Messages of other subscriptions may come between those of a
    /// snapshot.
    pub(in super::super) fn say_v2(&mut self, peer: u64) -> Vec<Vec<u8>> {
        let mut backlog = std::mem::take(&mut self.backlog);
        let mut messages = Vec::new();
        while let Some(message) = self.state.pop(peer) {
            let message = self.told_v2(message.into_data().to_vec());
            let mut batches = self.with_habits(message);
            let is_own = |first: &Vec<u8>| id(first) == id(&batches[0]);
            if backlog.first().is_some_and(is_own) || batches.len() > 1 {
                messages.append(&mut backlog);
            }
            backlog.extend(batches.drain(1..));
            messages.append(&mut batches);
        }
        if backlog.is_empty() || messages.is_empty() {
            messages.append(&mut backlog);
        } else {
            self.met.note(Event::Interleaved);
            self.backlog = backlog;
        }
        messages
    }

    /// Applies the server's habits to a message: it may send `remove` for a deleted row.
    fn told_v2(&mut self, message: Vec<u8>) -> Vec<u8> {
        const DELETE: &str = r#""op":"delete""#;
        match std::str::from_utf8(&message) {
            Ok(text)
                if self.habits.only_removes
                    && text.contains(r#""mode":"list""#)
                    && text.contains(DELETE) =>
            {
                self.met.note(Event::SaidToLeave);
                text.replace(DELETE, r#""op":"remove""#).into_bytes()
            }
            _ => message,
        }
    }

    /// Returns the rows of the list: the greatest position first, then rows without one, ties by key.
    pub(super) fn recent_first(&self) -> Vec<(&str, &Value)> {
        let position = |row: &Value| row["_seq"].as_str().map(Seq::parse);
        let mut rows = self.whole();
        rows.sort_by_key(|(key, row)| (Reverse(position(row)), *key));
        rows
    }

    /// Returns all rows in the order of a view: numbers, then rows without a value, ties by key.
    pub(super) fn by_value(&self, view: usize) -> Vec<(&str, &Value)> {
        let (_, field, descending, _) = VIEWS[view];
        // All values are multiples of a half.
        let halves = |row: &Value| {
            let value = row.get(field)?;
            let whole = value.as_i64().map(|value| i128::from(value) * 2);
            whole.or_else(|| Some((value.as_f64()? * 2.0) as i128))
        };
        let mut rows = self.whole();
        rows.sort_by_key(|(key, row)| {
            let value = halves(row).map(|value| if descending { -value } else { value });
            (value.is_none(), value, *key)
        });
        rows
    }

    fn whole(&self) -> Vec<(&'static str, &Value)> {
        let rows = KEYS.iter().filter_map(|key| Some((*key, self.row(key)?)));
        rows.collect()
    }
}

/// Returns the subscription that a message belongs to.
fn id(message: &[u8]) -> String {
    let json = payload::json(message, Limits::default()).expect("a message");
    let frame: Value = serde_json::from_slice(&json).expect("json");
    frame["subscriptionId"].to_string()
}

/// A view that the server lacks.
pub(in super::super) const UNKNOWN: &str = "Pool/unknown";
