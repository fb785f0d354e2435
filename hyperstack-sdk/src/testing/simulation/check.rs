//! What must hold once faults have ended: the cache equals the server's rows, each reader's items add up to
//! the cache, and no reader got a row that never existed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::met::{Event, Met};
use super::reader::{cached, lines, Reader};
use super::row::{decode, Pool};
use super::script::{Filter, Form, Script, Source, Spec, VIEWS};
use super::world::World;

pub(super) struct Check<'w> {
    pub(super) world: &'w World,
    pub(super) script: &'w Script,
    /// The list's rows as a client of the whole list has them, in order. Only under v1.
    list: Vec<(String, Pool)>,
    pub(super) met: Met,
}

impl World {
    /// Checks everything.
    pub(super) fn check(&mut self, script: &Script) -> Result<(), String> {
        for reader in &mut self.readers {
            let drained = reader.drain(script.capacity);
            drained.map_err(|error| described(reader, &error))?;
        }
        let mut check = Check {
            world: self,
            script,
            list: Vec::new(),
            met: Met::default(),
        };
        let is_v2 = self.server.is_v2();
        if !is_v2 {
            check.list = check.list()?;
        }
        for reader in &self.readers {
            let checked = if is_v2 {
                check.reader_v2(reader)
            } else {
                check.reader(reader)
            };
            let checked = checked.and_then(|()| reader.check_window(&check.world.driver.client));
            checked.map_err(|error| described(reader, &error))?;
        }
        let met = check.met;
        self.server.met.extend(&met);
        Ok(())
    }
}

fn described(reader: &Reader, error: &str) -> String {
    let (read, there) = (lines(&reader.read), lines(&reader.expected));
    format!("{:?}: {error}\nread:{read}\nthere was:{there}", reader.spec)
}

pub(super) fn keyed(rows: Vec<Pool>) -> Vec<(String, Pool)> {
    let rows = rows.into_iter();
    rows.map(|row| (row.name[..1].to_owned(), row)).collect()
}

impl Check<'_> {
    /// Checks the cached list against the server's, and returns it.
    ///
    /// If the server has forgotten a part of a row, the client may have more fields than the server, or older
    /// values that it could not recognise as old.
    fn list(&self) -> Result<Vec<(String, Pool)>, String> {
        let server = &self.world.server;
        let held = keyed(cached(&self.world.driver.client, &Spec::whole_list()));
        for (key, row) in &held {
            let there = server.row(key).and_then(decode);
            let in_part = self.script.is_bare() && !self.is_all_read() || self.is_worn(key);
            let agrees = if in_part {
                server.history.was_in_part(key, row)
            } else {
                there.as_ref() == Some(&self.capped(row))
            };
            if !agrees {
                return Err(format!("the list has {row:?}, should have {there:?}"));
            }
        }
        let journal = &self.world.driver.journal;
        if self.is_exact() {
            let (held, journaled): (BTreeMap<_, _>, _) =
                (held.iter().cloned().collect(), journal.whole());
            if held != journaled {
                return Err(format!(
                    "the list has {held:?}, the frames make {journaled:?}"
                ));
            }
        }
        let rows = server.rows().into_iter();
        let rows = rows.filter_map(|(key, row)| Some((key.to_owned(), decode(row)?)));
        let rows: Vec<_> = rows.collect();
        let keys = |rows: &[(String, Pool)]| -> Vec<String> {
            let keys = rows.iter().map(|(key, _)| key);
            keys.filter(|key| !self.is_worn(key)).cloned().collect()
        };
        let (should, mut has) = (keys(&rows), keys(&held));
        if !self.is_all_read() {
            // Only rows by key were read; they have no order.
            return Ok(held);
        }
        if !self.script.habits.positions.are_in_order() {
            // The server's own order differs from the announced one.
            has.sort_by_key(|key| should.iter().position(|other| other == key));
        }
        if has != should {
            return Err(format!("the list has {has:?}, should have {should:?}"));
        }
        let held_keys: BTreeSet<_> = held.iter().map(|(key, _)| key).collect();
        match rows.iter().find(|(key, _)| !held_keys.contains(key)) {
            Some((key, _)) => Err(format!("the list lacks {key}")),
            None => Ok(held),
        }
    }

    /// Whether the server may have forgotten a part of a row.
    fn is_worn(&self, key: &str) -> bool {
        let server = &self.world.server;
        let is_mended = server.row(key).is_some() && self.world.mended.contains(key);
        server.worn.contains(key) && !is_mended
    }

    /// Whether some reader reads all rows of the list, including the snapshot.
    fn is_all_read(&self) -> bool {
        let mut specs = self.world.readers.iter().map(|reader| &reader.spec);
        specs.any(
            |spec| matches!(&spec.source, Source::Part { view: None, part } if !part.no_snapshot),
        )
    }

    /// Whether the client must hold exactly the rows that result from the list's frames.
    pub(super) fn is_exact(&self) -> bool {
        let script = self.script;
        let sends_once = script.habits.overlap == 0 || self.world.server.is_v2();
        script.anchored && !script.has_bad_rows() && sends_once
    }

    pub(super) fn capped(&self, row: &Pool) -> Pool {
        row.clone().capped(self.script.habits.array_limit)
    }

    /// The rows that a reader should have, in order.
    fn expected(&self, spec: &Spec) -> Vec<(String, Pool)> {
        let rows = match spec.view() {
            None => self.list.clone(),
            Some(view) => {
                let mut rows = self.world.server.sorted(view);
                if self.is_declared(view) {
                    rows.truncate(VIEWS[view].3);
                }
                let rows = rows.into_iter();
                let rows = rows.filter_map(|(key, row)| Some((key.to_owned(), decode(row)?)));
                rows.collect()
            }
        };
        let rows = rows.into_iter();
        match &spec.source {
            Source::Part { part, .. } => {
                let rows = rows.filter(|(_, row)| part.filter.is_none_or(|by| by.accepts(row)));
                let rows = rows.skip(part.skip);
                rows.take(part.take.unwrap_or(usize::MAX)).collect()
            }
            Source::Key(_, key) => rows.filter(|(of, _)| of == key).collect(),
            Source::Keys(keys) => {
                let mut rows: Vec<_> = rows.filter(|(of, _)| keys.contains(&&**of)).collect();
                rows.sort_by(|(a, _), (b, _)| a.cmp(b));
                rows
            }
        }
    }

    /// Whether some reader reads the view's declared window.
    fn is_declared(&self, view: usize) -> bool {
        let mut of_view = self.world.readers.iter().map(|reader| &reader.spec);
        of_view.any(|spec| match &spec.source {
            Source::Part { view: of, part } => {
                *of == Some(view) && (part.take.is_none() || part.filter.is_some())
            }
            Source::Key(of, _) => *of == Some(view),
            Source::Keys(_) => false,
        })
    }

    /// Whether the client cuts this window, from a view that the server sorts otherwise than it announces.
    fn is_cut(&self, spec: &Spec) -> bool {
        let Some(view) = spec.view().filter(|_| self.script.quirky) else {
            return false;
        };
        let window = |spec: &Spec| match &spec.source {
            Source::Part { part, .. } => (part.skip, part.take),
            _ => (0, None),
        };
        let mut of_view = self.world.readers.iter().map(|reader| &reader.spec);
        let counts = window(spec) != (0, None);
        counts
            && (of_view.any(|other| other.view() == Some(view) && window(other) != window(spec))
                || self.is_declared(view))
    }

    fn reader(&mut self, reader: &Reader) -> Result<(), String> {
        let spec = &reader.spec;
        self.nothing_invented(reader)?;
        let held = reader.check()?;
        if self.is_exact() && spec.reads("").is_some() {
            reader.check_journal(&self.world.driver.journal)?;
            self.met.note(Event::Followed);
        }
        let mut cached = cached(&self.world.driver.client, spec);
        if self.is_cut(spec) {
            // The client cuts by its own order, which need not be the server's.
            let agrees = spec.form == Form::Listen || held == keyed(cached).into_iter().collect();
            return agrees.then_some(()).ok_or("the cache differs".to_owned());
        }
        let rows = self.expected(spec);
        let expected: BTreeMap<_, _> = rows.iter().cloned().collect();
        let no_snapshot = match &spec.source {
            Source::Part { part, view } => part.no_snapshot && view.is_none(),
            _ => false,
        };
        if no_snapshot {
            let anchored = self.script.anchored && !reader.lost;
            for (key, row) in &held {
                if anchored && spec.form != Form::Listen && expected.get(key) != Some(row) {
                    return Err(format!("has {row:?}, should have {:?}", expected.get(key)));
                }
            }
            let touched = reader
                .touched
                .iter()
                .filter(|key| expected.contains_key(*key));
            for key in touched {
                if anchored && held.get(key) != expected.get(key) {
                    return Err(format!("lacks {key}"));
                }
            }
            if !self.script.anchored {
                return Ok(());
            }
        } else if spec.form == Form::Listen {
            // A `listen` stream does not report rows that leave.
            for (key, row) in &expected {
                if held.get(key) != Some(row) {
                    return Err(format!("has {:?}, should have {row:?}", held.get(key)));
                }
            }
        } else if held != expected {
            return Err(format!("has {held:?}, should have {expected:?}"));
        }
        let mut rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        if self.script.quirky && spec.view().is_some() {
            cached.sort_by(|a, b| a.name.cmp(&b.name));
            rows.sort_by(|a, b| a.name.cmp(&b.name));
        }
        if cached == rows {
            Ok(())
        } else {
            Err(format!("the cache has {cached:?}, should have {rows:?}"))
        }
    }

    /// Checks that every row that the reader got existed at some time.
    pub(super) fn nothing_invented(&mut self, reader: &Reader) -> Result<(), String> {
        let history = &self.world.server.history;
        let of_view = reader.spec.view().is_some();
        // The list may combine fields that never existed together.
        let in_parts = !of_view
            && !self.world.server.is_v2()
            && (self.script.is_bare() || self.script.habits.overlap > 1);
        for seen in reader.read.iter().chain(&reader.expected) {
            for row in seen.rows() {
                let key = seen.key().unwrap_or_default();
                let worn = !of_view && self.world.server.worn.contains(key);
                let (was, event) = if in_parts || worn || self.world.undecodable.contains(key) {
                    (history.was_in_part(key, row), Event::SeenInPart)
                } else {
                    (history.was(key, &self.capped(row)), Event::Seen)
                };
                self.met.note(event);
                if !was {
                    return Err(format!("{row:?} never was"));
                }
            }
        }
        Ok(())
    }
}

impl Filter {
    /// Whether the client applies this filter under both generations. A v2 server tells null from a missing
    /// value, and `2` from `2.0`.
    pub(super) fn is_local(self) -> bool {
        matches!(self, Filter::Unlimited | Filter::Scored(_))
    }

    /// Whether a v2 server sends a row. It does not apply filters that the client applies itself.
    pub(super) fn passes(self, row: &Value) -> bool {
        match self {
            Filter::Open => row["meta"]["status"] == "open",
            Filter::Level(level) => row["meta"]["level"] == level,
            Filter::Unlimited | Filter::Scored(_) => true,
        }
    }

    pub(super) fn accepts(self, row: &Pool) -> bool {
        match self {
            Filter::Open => row.meta.status.as_deref() == Some("open"),
            Filter::Unlimited => row.limit == Some(None),
            Filter::Scored(score) => row.score == Some(f64::from(score)),
            Filter::Level(level) => row.meta.level == Some(level),
        }
    }
}
