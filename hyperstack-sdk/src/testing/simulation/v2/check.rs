//! What must hold at the end of a run of protocol v2.

use std::collections::BTreeMap;

use super::super::check::{keyed, Check};
use super::super::met::Event;
use super::super::reader::{cached, Reader};
use super::super::row::{decode, Pool};
use super::super::script::{Filter, Form, Source, Spec, VIEWS};

impl Check<'_> {
    /// Returns the rows that a reader should have, in order.
    pub(in super::super) fn expected_v2(&self, spec: &Spec) -> Vec<(String, Pool)> {
        let server = &self.world.server;
        let (rows, declared) = match spec.view() {
            None => (server.recent_first(), usize::MAX),
            Some(view) => (server.by_value(view), VIEWS[view].3),
        };
        let rows = rows.into_iter();
        let read = |(key, row): (&str, _)| Some((key.to_owned(), decode(row)?));
        match &spec.source {
            Source::Part { part, view } => {
                let rows = rows.filter(|(_, row)| part.filter.is_none_or(|by| by.passes(row)));
                let (skip, take) = (part.skip, part.take.unwrap_or(usize::MAX));
                let is_bare = part.no_snapshot && view.is_none();
                let is_local = part.filter.is_some_and(Filter::is_local);
                if is_bare || is_local || part.take == Some(0) {
                    // The client cuts the window from the view's own rows.
                    let rows = rows.take(declared).filter_map(read);
                    let rows = rows.filter(|(_, row)| part.filter.is_none_or(|by| by.accepts(row)));
                    rows.skip(skip).take(take).collect()
                } else {
                    let rows = rows.skip(skip).take(take.min(declared));
                    rows.filter_map(read).collect()
                }
            }
            Source::Key(_, key) => rows.filter(|(of, _)| of == key).filter_map(read).collect(),
            Source::Keys(keys) => {
                let mut rows: Vec<_> = rows.filter(|(of, _)| keys.contains(of)).collect();
                rows.sort_by_key(|(key, _)| *key);
                rows.into_iter().filter_map(read).collect()
            }
        }
    }

    pub(in super::super) fn reader_v2(&mut self, reader: &Reader) -> Result<(), String> {
        let spec = &reader.spec;
        self.nothing_invented(reader)?;
        let held = reader.check()?;
        if self.is_exact() && spec.source == Spec::whole_list().source {
            reader.check_journal(&self.world.driver.journal)?;
            self.met.note(Event::Followed);
        }
        let expected = self.expected_v2(spec);
        let cached = keyed(cached(&self.world.driver.client, spec));
        self.agrees(spec, &cached, &expected)
            .map_err(|error| format!("the cache: {error}"))?;
        let expected: BTreeMap<_, _> = expected.into_iter().collect();
        // The client may read a key from any subscription that has it. Subscriptions may have different
        // copies of an evicted row and of a cut array.
        let own = |rows: Vec<(String, Pool)>| -> BTreeMap<String, Pool> {
            let rows = rows
                .into_iter()
                .filter(|(key, _)| !self.is_ghost(spec, key));
            rows.map(|(key, row)| (key, self.capped(&row))).collect()
        };
        let (held, cached) = (own(held.into_iter().collect()), own(cached));
        let bare = match &spec.source {
            Source::Part { part, view: None } if part.no_snapshot => Some(part),
            _ => None,
        };
        // A reader without a snapshot does not count matching rows that only a later snapshot brought.
        let counts_less = bare.is_some_and(|part| {
            let counts = part.skip > 0 || part.take.is_some();
            counts && part.filter.is_some_and(Filter::is_local) && reader.lost
        });
        // A `listen` stream does not report rows that leave.
        if spec.form != Form::Listen && !counts_less {
            let stray = held.iter().find(|(key, row)| cached.get(*key) != Some(row));
            if let Some((key, row)) = stray {
                return Err(format!("has {row:?}, the cache {:?}", cached.get(key)));
            }
        }
        let mut missed = cached
            .iter()
            .filter(|(key, row)| held.get(*key) != Some(row));
        if bare.is_none() {
            return match missed.next() {
                Some((key, row)) => Err(format!("has {:?}, the cache {row:?}", held.get(key))),
                None => Ok(()),
            };
        }
        // The list is subscribed already, so that the reader gets each change from now on.
        let is_followed = self.script.anchored && !reader.lost && shares_the_list(spec);
        match missed.find(|(key, _)| {
            is_followed && reader.touched.contains(*key) && expected.contains_key(*key)
        }) {
            Some((key, _)) => Err(format!("lacks {key}")),
            None => Ok(()),
        }
    }

    /// Checks rows against the expected ones. The state of an evicted row may have old fields.
    fn agrees(
        &self,
        spec: &Spec,
        rows: &[(String, Pool)],
        expected: &[(String, Pool)],
    ) -> Result<(), String> {
        let is_ghost = |key: &String| self.is_ghost(spec, key);
        let strict = |rows: &[(String, Pool)]| -> Vec<(String, Pool)> {
            let rows = rows.iter().filter(|(key, _)| !is_ghost(key));
            rows.map(|(key, row)| (key.clone(), self.capped(row)))
                .collect()
        };
        let (has, should) = (strict(rows), strict(expected));
        if has != should {
            return Err(format!("has {has:?}, should have {should:?}"));
        }
        let history = &self.world.server.history;
        for (key, row) in rows.iter().filter(|(key, _)| is_ghost(key)) {
            if !history.was_in_part(key, row) {
                return Err(format!("has {row:?}, which never was"));
            }
        }
        let lacks = |key: &String| !rows.iter().any(|(held, _)| held == key);
        let ghosts = expected.iter().filter(|(key, _)| is_ghost(key));
        match ghosts.map(|(key, _)| key).find(|key| lacks(key)) {
            Some(key) => Err(format!("lacks {key}")),
            None => Ok(()),
        }
    }

    /// Whether a reader may still hold the state of a row that the server evicted.
    fn is_ghost(&self, spec: &Spec, key: &str) -> bool {
        if !matches!(spec.source, Source::Key(None, _) | Source::Keys(_)) {
            return false;
        }
        let server = &self.world.server;
        let is_mended = server.row(key).is_some() && self.world.mended.contains(key);
        server.ghosts.contains(key) && !is_mended
    }
}

/// Whether a reader's rows come from the subscription of the whole list.
fn shares_the_list(spec: &Spec) -> bool {
    match &spec.source {
        Source::Part { part, view: None } => part.filter.is_none_or(Filter::is_local),
        _ => false,
    }
}
