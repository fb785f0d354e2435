//! v2 subscriptions: the rows that a client holds, and the frames that keep them current.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::super::frame::Mode;
use super::super::merge::lookup;
use super::super::model::{self, Change, Derived, Model, Patch, View};
use super::super::refusal::Refusal;
use super::super::rows::Row;
use super::super::sort::Sort;
use super::frame::{self, subscribed, Header, Snapshot};
use super::message::{Query, Subscribe};
use super::tape::TapeFeed;
use crate::wire::Seq;

/// What decides which frames a live subscription gets.
#[derive(Debug)]
pub(crate) struct Feed {
    /// The query as the server applies it.
    query: Query,
    filters: Vec<(Vec<String>, Value)>,
    after: Option<Seq>,
    mode: Mode,
    entity: String,
    with_snapshot: bool,
    /// The keys that the client holds: only they can be patched or removed.
    held: HashSet<String>,
    /// The keys in the window, in order. Empty if the query has no window.
    window: Vec<String>,
    /// Deleted keys that an append view has not removed yet.
    unannounced: BTreeSet<String>,
    /// The client's rows by key, kept for state subscriptions only.
    copies: BTreeMap<String, Copy>,
}

/// The client's copy of a row.
#[derive(Debug)]
struct Copy {
    /// The row as it was when last sent whole.
    whole: Value,
    /// The fields that were patched since.
    patched: BTreeSet<String>,
}

/// The keys that one change, or all changes of an interval, touch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    changed: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// Keys that were deleted, even if they were created again.
    replaced: BTreeSet<String>,
    evicted: BTreeSet<String>,
    /// The position of the last change.
    seq: String,
}

impl Batch {
    pub(crate) fn of(change: &Change) -> Self {
        let mut batch = Self::default();
        batch.add(change);
        batch
    }

    pub(crate) fn add(&mut self, change: &Change) {
        self.changed.insert(change.key.clone());
        if change.patch.is_some() {
            self.deleted.remove(&change.key);
        } else {
            self.deleted.insert(change.key.clone());
            self.replaced.insert(change.key.clone());
        }
        self.evicted.extend(change.evicted.iter().cloned());
        self.seq.clone_from(&change.seq);
    }
}

impl Feed {
    /// Answers a request, and creates the subscription's feed. The snapshot gets this number. It is refused
    /// if it has more than `max_rows` rows.
    pub(super) fn open(
        model: &Model,
        request: &Subscribe,
        number: u64,
        max_rows: Option<usize>,
    ) -> Result<(Vec<Message>, model::Feed), Refusal> {
        let Subscribe { id, query, .. } = request;
        let rejected = |problem: &str| Refusal::new("subscription-rejected").message(problem);
        let view = model
            .view(&query.view)
            .ok_or_else(|| rejected(&format!("unknown view: {}", query.view)))?;
        let (entity, mode, declared, sort) = match view {
            View::Base { mode, .. } if *mode == Mode::State && query.key.is_none() => {
                return Err(rejected("state subscriptions require query.key"));
            }
            View::Base { entity, mode } => {
                let journal = model.tapes.get(entity);
                if let Some(journal) = journal.filter(|_| *mode == Mode::Append) {
                    let (messages, feed) = TapeFeed::open(journal, entity, request)?;
                    return Ok((messages, model::Feed::Tape(Box::new(feed))));
                }
                let sort = (*mode == Mode::List).then(Sort::recent);
                (entity, *mode, None, sort)
            }
            View::Derived(view) => {
                let sort = Some(view.sort.clone());
                (&view.entity, Mode::List, view.take, sort)
            }
            View::Scripted { mode, sort } => {
                let answer = subscribed(id, query, *mode, sort.as_ref());
                return Ok((vec![answer], model::Feed::Silent));
            }
        };
        let mut query = query.clone();
        query.take = query.take.or(declared);
        let mut feed = Self::new(query, entity, mode, request.with_snapshot);
        let mut messages = vec![subscribed(id, &feed.query, mode, sort.as_ref())];
        let mut rows = feed.select(model);
        feed.set_window(&rows);
        if request.with_snapshot {
            rows.truncate(feed.query.snapshot_limit.unwrap_or(usize::MAX));
            if let Some(max_rows) = max_rows.filter(|most| rows.len() > *most) {
                let count = rows.len();
                return Err(rejected(&format!(
                    "Snapshot limit exceeded: requested {count} rows, max allowed is {max_rows}"
                )));
            }
            feed.hold(&rows);
            let authoritative = feed.after.is_none();
            messages.extend(feed.snapshot(id, number, authoritative, &rows));
        }
        Ok((messages, model::Feed::V2(Box::new(feed))))
    }

    /// Whether the client of this subscription holds a row.
    #[cfg(test)]
    pub(crate) fn holds(&self, key: &str) -> bool {
        self.held.contains(key)
    }

    pub(super) fn with_snapshot(&self) -> bool {
        self.with_snapshot
    }

    fn new(query: Query, entity: &str, mode: Mode, with_snapshot: bool) -> Self {
        let filters = query.filters.iter().flatten();
        let path = |path: &String| path.split('.').map(str::to_owned).collect();
        Self {
            filters: filters
                .map(|(name, value)| (path(name), value.clone()))
                .collect(),
            after: query.after.as_deref().map(Seq::parse),
            query,
            mode,
            entity: entity.to_owned(),
            with_snapshot,
            held: HashSet::new(),
            window: Vec::new(),
            unannounced: BTreeSet::new(),
            copies: BTreeMap::new(),
        }
    }

    /// Returns an authoritative snapshot of the whole result, or `None` if it has more than `max_rows` rows.
    pub(super) fn recover(
        &mut self,
        model: &Model,
        id: &str,
        number: u64,
        max_rows: Option<usize>,
    ) -> Option<Vec<Message>> {
        let rows = self.select(model);
        if max_rows.is_some_and(|most| rows.len() > most) {
            return None;
        }
        self.set_window(&rows);
        self.hold(&rows);
        Some(self.snapshot(id, number, true, &rows))
    }

    fn set_window(&mut self, rows: &[(&str, &Row)]) {
        if self.has_window() {
            self.window = rows.iter().map(|(key, _)| (*key).to_owned()).collect();
        }
    }

    fn hold(&mut self, rows: &[(&str, &Row)]) {
        self.held = rows.iter().map(|(key, _)| (*key).to_owned()).collect();
        self.unannounced.clear();
        self.copies.clear();
        rows.iter().for_each(|(key, row)| self.copy(key, row));
    }

    /// Notes that the client got the whole row.
    fn copy(&mut self, key: &str, row: &Row) {
        if self.mode == Mode::State {
            let (whole, patched) = (row.data.clone(), BTreeSet::new());
            self.copies.insert(key.to_owned(), Copy { whole, patched });
        }
    }

    /// Returns the messages of a snapshot with these rows.
    fn snapshot(
        &self,
        id: &str,
        number: u64,
        authoritative: bool,
        rows: &[(&str, &Row)],
    ) -> Vec<Message> {
        let rows = rows.iter();
        self.header(id).snapshot(Snapshot {
            number,
            authoritative,
            key: self.query.key.as_deref(),
            rows: rows.map(|(key, row)| (*key, self.json(row))).collect(),
        })
    }

    /// Returns an upsert of a row, whether or not the client holds it.
    pub(super) fn upsert(&self, id: &str, key: &str, row: &Row) -> Message {
        let seq = row.data["_seq"].as_str().unwrap_or_default();
        self.header(id).upsert((key, self.json(row)), seq)
    }

    /// Returns the frames of one change: first the rows that leave, then the others in window order.
    pub(crate) fn advance(
        &mut self,
        model: &Model,
        id: &str,
        change: &Change,
        batch: &Batch,
    ) -> Vec<Message> {
        if change.entity != self.entity {
            return Vec::new();
        }
        let is_derived = self.derived(model).is_some();
        let step = self.step(model, batch);
        let mut messages = self.leave(id, &step.left, batch);
        for (key, row) in step.present {
            let is_held = !self.held.insert(key.to_owned());
            let patch = change.patch.as_ref();
            let patch = patch.filter(|_| is_held && !is_derived && change.key == key);
            messages.push(match patch {
                Some(patch) => {
                    let fields = patch.data.as_object().into_iter().flatten();
                    if let Some(copy) = self.copies.get_mut(key) {
                        copy.patched.extend(fields.map(|(name, _)| name.clone()));
                    }
                    self.patch(id, key, row, change, patch)
                }
                None => {
                    self.copy(key, row);
                    let row = (key, self.json(row));
                    self.header(id).upsert(row, &change.seq)
                }
            });
        }
        messages
    }

    /// Returns the frames of an interval of a coalesced view, without patches.
    pub(super) fn flush(&mut self, model: &Model, id: &str, batch: &Batch) -> Vec<Message> {
        let step = self.step(model, batch);
        let mut messages = self.leave(id, &step.left, batch);
        for (key, row) in step.present {
            self.held.insert(key.to_owned());
            self.copy(key, row);
            messages.push(self.upsert(id, key, row));
        }
        messages
    }

    /// Returns the frames of a state subscription that missed all changes of an interval. A row gets a patch
    /// with every field that changed since it was last sent whole. A row that was created again is sent
    /// whole. Neither frame has a position.
    pub(super) fn catch_up(&mut self, model: &Model, id: &str, batch: &Batch) -> Vec<Message> {
        let step = self.step(model, batch);
        let mut messages = self.leave(id, &step.left, batch);
        for (key, row) in step.present {
            let is_held = !self.held.insert(key.to_owned());
            let copy = self.copies.get(key);
            let copy = copy.filter(|_| is_held && !batch.replaced.contains(key));
            messages.push(match copy {
                Some(copy) => {
                    let fields = row.data.as_object().into_iter().flatten();
                    let changed = fields.filter(|(name, value)| {
                        copy.patched.contains(*name) || copy.whole.get(*name) != Some(*value)
                    });
                    let changed = changed.map(|(name, value)| (name.clone(), value.clone()));
                    let version = row.epoch.version(self.mode, row.change);
                    let data = frame::versioned(&Value::Object(changed.collect()), version);
                    let view = &self.query.view;
                    let head = frame::patch_head(view, self.mode, key, &data, &[], None, "");
                    frame::patch(&head, id)
                }
                None => {
                    self.copy(key, row);
                    self.header(id).upsert((key, self.json(row)), "")
                }
            });
        }
        messages
    }

    /// Returns the frames of the rows that leave.
    fn leave(&mut self, id: &str, left: &[String], batch: &Batch) -> Vec<Message> {
        let mut messages = Vec::new();
        for key in left {
            self.held.remove(key);
            self.copies.remove(key);
            let is_deleted = batch.deleted.contains(key) && self.mode != Mode::Append;
            let op = if is_deleted { "delete" } else { "remove" };
            messages.push(self.header(id).gone(op, key, &batch.seq));
        }
        messages
    }

    fn step<'m>(&mut self, model: &'m Model, batch: &Batch) -> Step<'m> {
        if self.mode == Mode::Append && batch.changed.len() == batch.deleted.len() {
            // An append view does not publish deletions; its next change shows them.
            let deleted = batch.deleted.iter().filter(|key| self.held.contains(*key));
            self.unannounced.extend(deleted.cloned());
            Step::default()
        } else if self.has_window() {
            self.step_window(model, batch)
        } else {
            self.step_all(model, batch)
        }
    }

    /// Without a window, only touched keys can enter or leave.
    fn step_all<'m>(&mut self, model: &'m Model, batch: &Batch) -> Step<'m> {
        let mut touched = std::mem::take(&mut self.unannounced);
        touched.extend(batch.changed.iter().cloned());
        if self.mode != Mode::State {
            // A state subscription keeps its row when the row is evicted.
            touched.extend(batch.evicted.iter().cloned());
        }
        let mut step = Step::default();
        for key in touched {
            let is_kept = self.held.contains(&key) && !batch.replaced.contains(&key);
            match self.member(model, &key, is_kept) {
                Some(entry) if batch.changed.contains(&key) => step.present.push(entry),
                Some(_) => {}
                None if self.held.contains(&key) => step.left.push(key),
                None => {}
            }
        }
        step
    }

    fn step_window<'m>(&mut self, model: &'m Model, batch: &Batch) -> Step<'m> {
        self.unannounced.clear();
        let rows = self.select(model);
        let before = std::mem::take(&mut self.window);
        self.set_window(&rows);
        let was: HashSet<_> = before.iter().map(String::as_str).collect();
        let is: HashSet<_> = rows.iter().map(|(key, _)| *key).collect();
        let left = before
            .iter()
            .filter(|key| !is.contains(key.as_str()) && self.held.contains(*key));
        let present = rows
            .into_iter()
            .filter(|(key, _)| !was.contains(key) || batch.changed.contains(*key));
        Step {
            left: left.cloned().collect(),
            present: present.collect(),
        }
    }

    /// Returns the rows of the query's result, in order.
    fn select<'m>(&self, model: &'m Model) -> Vec<(&'m str, &'m Row)> {
        let Some(entity) = model.entity(&self.entity) else {
            return Vec::new();
        };
        let derived = self.derived(model);
        let ranking = derived.map_or(&entity.recent, |view| &view.v2);
        let rows = &entity.rows;
        let (skip, take) = if self.has_window() {
            (self.query.skip.unwrap_or(0), self.limit(model))
        } else {
            (0, usize::MAX)
        };
        let matches = |(_, row): &(&str, &Row)| self.matches(row);
        if let Some(key) = &self.query.key {
            let row = rows.whole(key).filter(matches);
            row.into_iter().skip(skip).take(take).collect()
        } else if self.after.is_some() && self.sorts_by_position(model) {
            let keys = ranking.keys().filter_map(|key| rows.whole(key));
            let mut rows: Vec<_> = keys.filter(matches).collect();
            rows.sort_by_key(|(key, row)| (position(row), *key));
            rows.into_iter().skip(skip).take(take).collect()
        } else {
            let rows = ranking.keys().filter_map(|key| rows.whole(key));
            rows.filter(matches).skip(skip).take(take).collect()
        }
    }

    /// Returns the row of a key if it is in the result of a query without a window. `is_kept`: the client
    /// holds the row, and it was not deleted.
    fn member<'m>(&self, model: &'m Model, key: &str, is_kept: bool) -> Option<(&'m str, &'m Row)> {
        let rows = model.rows(&self.entity)?;
        let row = if self.mode == Mode::State && is_kept {
            // A state subscription still gets patches of a row that was evicted.
            rows.entry(key)
        } else {
            rows.whole(key)
        };
        let is_asked = |of: &str| self.query.key.as_deref().is_none_or(|key| key == of);
        row.filter(|(key, row)| is_asked(key) && self.matches(row))
    }

    fn matches(&self, row: &Row) -> bool {
        let is_after = self
            .after
            .is_none_or(|after| position(row).is_some_and(|seq| seq > after));
        let partition = self.query.partition.as_deref();
        let mut filters = self.filters.iter();
        is_after
            && partition.is_none_or(|partition| row.data["_partition"] == partition)
            && filters.all(|(path, asked)| {
                lookup(&row.data, path).is_some_and(|value| is_equal(value, asked))
            })
    }

    fn has_window(&self) -> bool {
        self.mode != Mode::State && (self.query.take.is_some() || self.query.skip.is_some())
    }

    /// Returns the window size. A declared limit caps the requested one.
    fn limit(&self, model: &Model) -> usize {
        let declared = self.derived(model).and_then(|view| view.take);
        let asked = self.query.take.unwrap_or(usize::MAX);
        asked.min(declared.unwrap_or(usize::MAX))
    }

    fn sorts_by_position(&self, model: &Model) -> bool {
        self.derived(model).is_none_or(|view| view.sort.is_recent())
    }

    /// Returns the derived view of the query, if its view is derived.
    fn derived<'m>(&self, model: &'m Model) -> Option<&'m Derived> {
        match model.view(&self.query.view)? {
            View::Derived(view) => Some(view),
            View::Base { .. } | View::Scripted { .. } => None,
        }
    }

    fn header<'a>(&'a self, id: &'a str) -> Header<'a> {
        Header {
            id,
            mode: self.mode,
            view: &self.query.view,
        }
    }

    fn json(&self, row: &Row) -> String {
        frame::versioned(&row.data, row.epoch.version(self.mode, row.change))
    }

    fn patch(&self, id: &str, key: &str, row: &Row, change: &Change, patch: &Patch) -> Message {
        let head = patch.v2[self.mode as usize].get_or_init(|| {
            let version = row.epoch.version(self.mode, row.change);
            let data = frame::versioned(&patch.data, version);
            let view = &self.query.view;
            let append = &patch.append;
            frame::patch_head(view, self.mode, key, &data, append, None, &change.seq)
        });
        frame::patch(head, id)
    }
}

/// The changes that move a client to the new result.
#[derive(Debug, Default)]
struct Step<'m> {
    /// The keys that the client holds and must drop.
    left: Vec<String>,
    /// The rows that changed or entered, in order.
    present: Vec<(&'m str, &'m Row)>,
}

/// Whether a row's value equals the value of a filter. `20` does not equal `20.0`. A filter has wide integers
/// as numbers, because the server stores numbers and only sends them as text.
fn is_equal(value: &Value, asked: &Value) -> bool {
    match (value, asked) {
        (Value::Array(values), Value::Array(asked)) => {
            let mut pairs = values.iter().zip(asked);
            values.len() == asked.len() && pairs.all(|(value, asked)| is_equal(value, asked))
        }
        (Value::String(text), Value::Number(number)) => {
            let is_integer = number.is_u64() || number.is_i64();
            is_integer && *text == number.to_string()
        }
        (value, asked) => value == asked,
    }
}

fn position(row: &Row) -> Option<Seq> {
    row.data.get("_seq").and_then(Value::as_str).map(Seq::parse)
}
