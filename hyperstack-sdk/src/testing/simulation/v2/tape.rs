//! Readers of the tape, and what must hold of the records that they got.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::FutureExt;
use proptest::sample::Index;
use serde_json::Value;

use super::super::met::{Event, Met};
use super::super::row::Pool;
use super::super::server::Server;
use crate::client::source;
use crate::patch::Patchable;
use crate::wire::Cursor;
use crate::{GapCause, HyperStack, StreamExt as _, Tape, TapeError, TapeGap, TapeRecord};

pub(in super::super) const TAPE: &str = "Pool/append";

/// More items than the capacity can be queued: the gaps and errors of the message that made the queue full.
const EXTRA: usize = 8;

/// What a script does with readers of the tape.
#[derive(Debug, Clone)]
pub(crate) enum TapeAct {
    Join(TapeSpec),
    Leave(Index),
    /// Lets a reader read at most this many items.
    Read(Index, usize),
}

/// A reader of the tape.
#[derive(Debug, Clone)]
pub(crate) struct TapeSpec {
    pub(super) start: Start,
    pub(super) select: Select,
    pub(super) capacity: usize,
    pub(super) ends_at_gap: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    Oldest,
    Now,
    /// After one of the records of the present epoch.
    After(Index),
}

/// The records that a reader selects.
#[derive(Debug, Clone, Copy)]
pub(super) enum Select {
    All,
    Key(&'static str),
    /// By the server.
    Open,
    /// By the client.
    Level(u8),
}

impl Select {
    fn accepts(self, record: &Published) -> bool {
        let meta = &record.data["meta"];
        match self {
            Select::All => true,
            Select::Key(key) => record.key == key,
            Select::Open => meta["status"] == "open",
            Select::Level(level) => meta["level"] == level,
        }
    }
}

/// Every record that the server ever published.
#[derive(Debug, Default)]
pub(crate) struct TapeLog {
    /// The epochs, in order. The last one is the present one.
    epochs: Vec<String>,
    numbered: BTreeMap<(String, u64), Published>,
    unnumbered: Vec<Published>,
    /// The last record before each hole.
    holes: Vec<(String, u64)>,
}

#[derive(Debug)]
struct Published {
    key: String,
    data: Value,
}

impl Published {
    /// The patch as JSON. `None` if a field is undecodable.
    fn patch(&self) -> Option<Value> {
        let patch: <Pool as Patchable>::Patch = serde_json::from_value(self.data.clone()).ok()?;
        serde_json::to_value(patch).ok()
    }
}

impl fmt::Display for TapeLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((epoch, offset), Published { key, data }) in &self.numbered {
            writeln!(f, "    {epoch}:{offset} {key} {data}")?;
        }
        for Published { key, data } in &self.unnumbered {
            writeln!(f, "    - {key} {data}")?;
        }
        writeln!(f, "    holes: {:?}", self.holes)
    }
}

impl Server {
    pub(super) fn note_record(&mut self, key: &str, data: &Value, offset: Option<u64>) {
        let Some(journal) = self.state.model.tape(TAPE) else {
            return;
        };
        let record = Published {
            key: key.to_owned(),
            data: data.clone(),
        };
        let epoch = journal.cursor().epoch().to_owned();
        match offset {
            Some(offset) => drop(self.tape.numbered.insert((epoch, offset), record)),
            None => self.tape.unnumbered.push(record),
        }
        self.note_epoch();
    }

    pub(super) fn note_hole(&mut self) {
        if let Some(journal) = self.state.model.tape(TAPE) {
            let epoch = journal.cursor().epoch().to_owned();
            let hole = journal.window().gap_after.unwrap_or(0);
            self.tape.holes.push((epoch, hole));
        }
        self.note_epoch();
    }

    pub(in super::super) fn note_epoch(&mut self) {
        if let Some(journal) = self.state.model.tape(TAPE) {
            let epoch = journal.cursor().epoch().to_owned();
            if self.tape.epochs.last() != Some(&epoch) {
                self.tape.epochs.push(epoch);
            }
        }
    }
}

pub(in super::super) struct TapeReader {
    spec: TapeSpec,
    tape: Tape<Pool>,
    law: Law,
    pub(in super::super) items: Vec<String>,
}

/// The position of a reader, and what it broke.
#[derive(Default)]
struct Law {
    at: Option<Cursor>,
    /// Only if the reader starts now.
    since: Option<Cursor>,
    /// A record whose field failed to decode.
    undecodable: Option<Cursor>,
    was_gap: bool,
    has_ended: bool,
    broken: Option<String>,
    met: Met,
}

impl TapeReader {
    pub(in super::super) fn join(client: &HyperStack, spec: TapeSpec, server: &Server) -> Self {
        let mut tape = source::<Pool>(client, "Pool")
            .append()
            .tape()
            .capacity(spec.capacity);
        let journal = server.state.model.tape(TAPE).expect("a tape");
        let mut law = Law::default();
        tape = match spec.start {
            Start::Oldest => tape,
            Start::Now => {
                law.since = Some(journal.cursor());
                tape.from_now()
            }
            Start::After(index) => {
                let mut cursor = journal.cursor();
                let window = journal.window();
                let next = index.index(window.next as usize + 1) as u64;
                cursor.move_to(next);
                law.at = Some(cursor.clone());
                tape.after(cursor)
            }
        };
        tape = match spec.select {
            Select::All => tape,
            Select::Key(key) => tape.key(key),
            Select::Open => tape.filter("meta.status", "open"),
            Select::Level(level) => tape.filter("meta.level", level),
        };
        if spec.ends_at_gap {
            tape = tape.end_at_gap();
        }
        let items = Vec::new();
        let mut reader = TapeReader {
            spec,
            tape,
            law,
            items,
        };
        // The first poll subscribes.
        reader.read(1, server);
        reader
    }

    /// Reads at most this many pending items. Returns how many there were.
    pub(in super::super) fn read(&mut self, items: usize, server: &Server) -> usize {
        for read in 0..items {
            let Some(item) = self.tape.next().now_or_never() else {
                return read;
            };
            let Some(item) = item else {
                let ended = self.spec.ends_at_gap && self.law.was_gap;
                if !ended {
                    self.law.broken.get_or_insert("ended".to_owned());
                }
                self.law.has_ended = true;
                return read;
            };
            self.items.push(format!("{item:?}"));
            let judged = match &item {
                Ok(record) => self.law.record(record, self.spec.select, server),
                Err(TapeError::Gap(gap)) => self.law.gap(gap, self.spec.select, server),
                Err(TapeError::Decode { cursor, .. }) => {
                    let judged = self.law.error(cursor, self.spec.select, server);
                    self.law.undecodable = Some(cursor.clone());
                    judged
                }
                Err(TapeError::OverLimit { .. }) => Ok(()),
                Err(error) => Err(format!("an error: {error}")),
            };
            self.law.was_gap = matches!(item, Err(TapeError::Gap(_)));
            if let Err(error) = judged {
                let error = format!("item {}: {error}", self.items.len());
                self.law.broken.get_or_insert(error);
            }
        }
        items
    }

    /// Reads everything that is pending, and checks that it is not too much.
    pub(in super::super) fn drain(&mut self, server: &Server) -> usize {
        let read = self.read(usize::MAX, server);
        if read > self.spec.capacity + EXTRA {
            let error = format!("{read} items were queued");
            self.law.broken.get_or_insert(error);
        }
        read
    }

    /// Checks the reader when it has read everything.
    pub(in super::super) fn check(&mut self, server: &Server) -> Result<Met, String> {
        if self.law.broken.is_none() && !self.law.has_ended {
            self.law.broken = self.law.end(&self.spec, server).err();
            let is_all = matches!(self.spec.select, Select::All);
            if is_all && self.law.broken.is_none() && !self.tape.is_caught_up() {
                self.law.broken = Some("is not caught up".to_owned());
            }
        }
        match &self.law.broken {
            None => Ok(std::mem::take(&mut self.law.met)),
            Some(error) => {
                let items = self.items.join("\n    ");
                let log = server.tape.to_string();
                Err(format!(
                    "{:?}: {error}\nread:\n    {items}\npublished:\n{log}",
                    self.spec
                ))
            }
        }
    }
}

impl Law {
    fn record(
        &mut self,
        record: &TapeRecord<Pool>,
        select: Select,
        server: &Server,
    ) -> Result<(), String> {
        let cursor = &record.cursor;
        let patch = serde_json::to_value(&record.patch).ok();
        let is = |published: &Published| {
            let is_patch = published.patch().is_none_or(|it| Some(it) == patch);
            published.key == record.key && is_patch && select.accepts(published)
        };
        let log = &server.tape;
        let key = cursor.offset().map(|at| (cursor.epoch().to_owned(), at));
        let numbered = key.and_then(|key| log.numbered.get(&key));
        // An unnumbered record has the cursor of the last record, which a reader that starts now does not get.
        let precedes =
            |since: &Cursor| since.epoch() == cursor.epoch() && cursor.next() <= since.next();
        let is_early = self.at.is_none() && self.since.as_ref().is_some_and(precedes);
        let is_next = self.at.as_ref() != Some(cursor) && !is_early;
        if is_next && numbered.is_some_and(is) {
            self.met.note(Event::TapeRead);
            return self.move_to(cursor, 1, select, server);
        }
        // The error of one of its fields came before.
        if self.undecodable.take_if(|it| *it == *cursor).is_some() && numbered.is_some_and(is) {
            return Ok(());
        }
        if log.unnumbered.iter().any(is) {
            self.met.note(Event::TapeUnnumbered);
            return self.move_to(cursor, 0, select, server);
        }
        Err(format!("was never published, or comes again: {cursor}"))
    }

    fn error(&mut self, cursor: &Cursor, select: Select, server: &Server) -> Result<(), String> {
        let log = &server.tape;
        let is_bad = |record: &Published| record.patch().is_none();
        let key = cursor.offset().map(|at| (cursor.epoch().to_owned(), at));
        let numbered = key.and_then(|key| log.numbered.get(&key));
        if self.at.as_ref() != Some(cursor) && numbered.is_some_and(is_bad) {
            return self.move_to(cursor, 1, select, server);
        }
        // Another field of the same record.
        if self.undecodable.as_ref() == Some(cursor) || log.unnumbered.iter().any(is_bad) {
            return self.move_to(cursor, 0, select, server);
        }
        Err(format!("{cursor} has no bad field"))
    }

    fn gap(&mut self, gap: &TapeGap, select: Select, server: &Server) -> Result<(), String> {
        let log = &server.tape;
        let TapeGap { after, resumed, .. } = gap;
        let is_behind = |cursor: &Cursor, at: &Cursor| {
            cursor.epoch() != at.epoch() || cursor.next() < at.next()
        };
        if self.at.as_ref().is_some_and(|at| is_behind(after, at)) {
            return Err(format!("a gap after {after}"));
        }
        // Records that the query leaves out can be in between.
        if self.at.as_ref() != Some(after) {
            self.move_to(after, 0, select, server)?;
        }
        let is_same_epoch = after.epoch() == resumed.epoch();
        let count = resumed.next().checked_sub(after.next());
        match gap.cause {
            GapCause::Expired => {
                self.met.note(Event::TapeExpired);
                if !is_same_epoch || count.is_none_or(|count| count == 0) || gap.lost != count {
                    return Err(format!("lost {:?}", gap.lost));
                }
                self.are_gone(after, resumed, server)?;
            }
            GapCause::NewEpoch => {
                self.met.note(Event::TapeRenewed);
                let place = |epoch: &str| log.epochs.iter().position(|it| it == epoch);
                if place(after.epoch()) >= place(resumed.epoch()) {
                    return Err("no new epoch".to_owned());
                }
                let mut start = resumed.clone();
                start.move_to(0);
                self.are_gone(&start, resumed, server)?;
            }
            GapCause::MissedByServer => {
                self.met.note(Event::TapeHole);
                let is_hole = |(epoch, hole): &(String, u64)| {
                    let between = after.next()..=resumed.next();
                    epoch == resumed.epoch() && (between.contains(&(hole + 1)) || after == resumed)
                };
                if !is_same_epoch || !log.holes.iter().any(is_hole) {
                    return Err("no hole".to_owned());
                }
                return self.move_to(resumed, 0, select, server);
            }
            _ => return Err("a cause that cannot be".to_owned()),
        }
        self.at = Some(resumed.clone());
        Ok(())
    }

    /// Checks that the server no longer retains these records.
    fn are_gone(&self, after: &Cursor, until: &Cursor, server: &Server) -> Result<(), String> {
        let window = server.state.model.tape(TAPE).expect("a tape").window();
        let is_present = *window.epoch == *until.epoch();
        match is_present && until.next() > window.earliest && until.next() > after.next() {
            true => Err(format!("not gone: {after} to {until}")),
            false => Ok(()),
        }
    }

    /// Moves the reader to a cursor. The last `own` records before it are delivered, and no other one may be left out.
    fn move_to(
        &mut self,
        cursor: &Cursor,
        own: u64,
        select: Select,
        server: &Server,
    ) -> Result<(), String> {
        let to = cursor.next().saturating_sub(own);
        let from = match &self.at {
            Some(at) if at.epoch() != cursor.epoch() => {
                return Err(format!("an epoch without a gap: {cursor}"));
            }
            Some(at) => at.next(),
            None => match &self.since {
                Some(since) if since.epoch() == cursor.epoch() && to < since.next() => {
                    return Err(format!("before its start: {cursor}"));
                }
                // The moment of its start is unknown.
                Some(_) => to,
                None => {
                    // Earlier records can be gone only if the server does not retain them.
                    let window = server.state.model.tape(TAPE).expect("a tape").window();
                    let is_present = window.epoch == cursor.epoch();
                    if is_present {
                        window.earliest.min(to)
                    } else {
                        to
                    }
                }
            },
        };
        if to < from {
            return Err(format!("comes again: {cursor}"));
        }
        self.at = Some(cursor.clone());
        match missed(cursor.epoch(), from, to, select, server) {
            Some(offset) => Err(format!("left out {offset} before {cursor}")),
            None => Ok(()),
        }
    }

    /// Checks that no record is left.
    fn end(&mut self, spec: &TapeSpec, server: &Server) -> Result<(), String> {
        let window = server.state.model.tape(TAPE).expect("a tape").window();
        let from = match (&self.at, spec.start) {
            (Some(at), _) if *at.epoch() != *window.epoch => {
                return Err("is in an old epoch".to_owned());
            }
            (Some(at), _) => at.next(),
            (None, Start::Now) => return Ok(()),
            (None, _) => window.earliest,
        };
        match missed(&window.epoch, from, window.next, spec.select, server) {
            Some(offset) => Err(format!("lacks {offset} at the end")),
            None => Ok(()),
        }
    }
}

/// The first record between two numbers that the query selects.
fn missed(epoch: &str, from: u64, to: u64, select: Select, server: &Server) -> Option<u64> {
    let key = |offset| (epoch.to_owned(), offset);
    let between = server.tape.numbered.range(key(from)..key(to.max(from)));
    let mut selected = between.filter(|(_, record)| select.accepts(record));
    selected.find_map(|((_, offset), record)| record.patch().map(|_| *offset))
}
