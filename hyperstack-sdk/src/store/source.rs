//! The rows of one source as one Rust type: snapshots, live updates and readers.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::readers::{Readers, RowsOf, Selection};
use super::readiness::{Outcome, Readiness};
use super::report::{Full, Lack, MissingField, PartialRows, Report};
use super::rows::{Changed, Input, Rows};
use super::window::WindowReader;
use crate::patch::record::Fields;
use crate::patch::{Missing, Record, Survey};
use crate::session::{Absent, CloseReason, RemovalCause, Step, Target, Window};
use crate::stream::{EndReason, Meter, Queue, RowError, RowErrorCause, StreamError, Wakers};
use crate::wire::{FrameError, Row, Seq};

/// A source as one Rust type.
#[derive(Debug)]
pub(super) struct Source<T: Record> {
    view: Arc<str>,
    /// The maximum number of rows to keep.
    limit: Option<usize>,
    meter: Arc<Meter>,
    pub(super) rows: Rows<T>,
    pub(super) readers: Readers<T>,
    pub(super) readiness: Readiness,
    /// The rows that the source accepts. A type that is added later ignores rows until its own snapshot starts,
    /// because it lacks the rows that they change.
    accepted: Accepted,
    /// The part of the view that is subscribed whole, if any.
    extent: Option<Window>,
    /// The number of the view's rows before the source's first row.
    pub(super) base: u64,
    snapshot: Snapshot,
    /// Surveys the rows of the first snapshot that has rows.
    survey: Option<Survey>,
    /// The fields that all of these rows lack.
    missing: Vec<Missing>,
    /// Rows that left a window, each until another row takes its place, and why.
    held: HashMap<Arc<str>, RemovalCause>,
    /// Whether windows may be out of date, because the order is not complete yet.
    has_deferred: bool,
    /// Whether the row limit was reported.
    has_reported_full: bool,
    /// Whether the server applies the row limit.
    is_limited_by_server: bool,
    /// The keys of rows that the limit evicted. The source ignores their patches, because a patch is not a
    /// whole row.
    left_out: HashSet<Arc<str>>,
    /// The rows that readers read by key, and the number of these readers. The limit does not apply to them.
    pinned: HashMap<Arc<str>, usize>,
}

/// The state of the present snapshot.
#[derive(Debug, Clone, PartialEq)]
enum Snapshot {
    /// There is no snapshot.
    None,
    Receiving,
    /// A malformed message may have been part of it.
    Incomplete(FrameError),
}

/// The rows that a source accepts.
#[derive(Debug)]
enum Accepted {
    All,
    Keys(HashSet<Arc<str>>),
}

/// How a row arrived.
enum Arrival<'a, 'm> {
    Snapshot,
    Upsert,
    Patch(&'a [Cow<'m, str>], Option<Seq>),
}

/// What a source waits for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Waiting {
    /// Rows that left a window are kept until their successors arrive.
    pub(super) holds_rows: bool,
    /// Windows are updated at the end of the turn.
    pub(super) defers_windows: bool,
    /// A snapshot must replace rows that patches cannot repair.
    pub(super) needs_fetch: bool,
    /// The reader of a tape must catch up before more records arrive.
    pub(super) needs_pause: bool,
}

impl<T: Record> Source<T> {
    pub(super) fn new(
        view: Arc<str>,
        limit: Option<usize>,
        meter: Arc<Meter>,
        is_first: bool,
    ) -> Self {
        Source {
            view,
            limit,
            meter,
            rows: Rows::new(),
            readers: Readers::default(),
            readiness: Readiness::default(),
            accepted: if is_first {
                Accepted::All
            } else {
                Accepted::Keys(HashSet::new())
            },
            extent: None,
            base: 0,
            snapshot: Snapshot::None,
            survey: Some(Survey::default()),
            missing: Vec::new(),
            held: HashMap::new(),
            has_deferred: false,
            has_reported_full: false,
            is_limited_by_server: false,
            left_out: HashSet::new(),
            pinned: HashMap::new(),
        }
    }

    /// Exempts a row from the row limit, until it is [unpinned](Self::unpin). Returns whether the row was left
    /// out and is not being fetched yet.
    pub(super) fn pin(&mut self, key: &Arc<str>) -> bool {
        if self.limit.is_none() {
            return false;
        }
        *self.pinned.entry(key.clone()).or_default() += 1;
        self.left_out.contains(key) && self.readiness.await_key(key)
    }

    pub(super) fn unpin(&mut self, key: &str) {
        if let Some(count) = self.pinned.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.pinned.remove(key);
            }
        }
    }

    /// Whether there are more rows than the limit allows.
    fn is_over_limit(&self) -> bool {
        let limit = self.limit.filter(|_| !self.is_limited_by_server);
        limit.is_some_and(|limit| {
            let pinned = self.pinned.keys();
            let pinned = pinned.filter(|key| self.rows.key(key).is_some()).count();
            self.rows.len() - pinned > limit
        })
    }

    /// Returns the row to evict if there are too many: the one furthest from the front that is not pinned.
    fn surplus(&self) -> Option<Arc<str>> {
        if self.pinned.is_empty() {
            return self.rows.last();
        }
        self.rows.last_where(|key| !self.pinned.contains_key(key))
    }

    /// Applies a step.
    pub(super) fn apply(&mut self, step: &Step<'_>, report: &mut Report) {
        let wakers = &mut report.wakers;
        match step {
            Step::Begin {
                target,
                window,
                sort,
                protocol,
                whole_entities,
                positions,
                rolls_back,
                limits_rows,
                ..
            } => {
                self.is_limited_by_server = !limits_rows;
                let whole = *target == Target::All;
                let sort = sort.as_ref();
                self.rows.begin(
                    whole,
                    sort,
                    *protocol,
                    *whole_entities,
                    *positions,
                    *rolls_back,
                );
                self.begin(target, *window);
            }
            Step::Snapshot {
                rows,
                malformed,
                restarts,
            } => {
                if *restarts {
                    self.rows.begin_snapshot();
                    self.readiness.begin_again();
                    self.snapshot = Snapshot::Receiving;
                    self.restart_survey();
                }
                for error in malformed {
                    self.mark_incomplete(error, wakers);
                }
                for row in rows {
                    self.put(row, Arrival::Snapshot, report);
                }
            }
            Step::Upsert(row) => {
                let before = self.rows.len();
                self.put(row, Arrival::Upsert, report);
                if self.rows.len() > before && !self.held.is_empty() {
                    if let Some(left) = self.rows.rear_first(self.held.keys()).into_iter().next() {
                        self.delete(&left, RemovalCause::NotInResult, &mut report.wakers);
                    }
                }
            }
            Step::Patch { row, append, seq } => {
                self.put(row, Arrival::Patch(append, *seq), report);
            }
            Step::Remove { key, cause, hold } => {
                self.left_out.remove(&**key);
                if *hold {
                    let key = self.rows.key(key);
                    self.held.extend(key.map(|key| (key, *cause)));
                } else {
                    self.delete(key, *cause, wakers);
                }
            }
            Step::Complete { target, absent } => self.complete(target, *absent, report),
            Step::UnknownView => {
                self.readiness
                    .finish(&Target::All, Outcome::UnknownView, wakers);
                self.readers.end(&self.unknown_view(), wakers);
            }
            Step::NoRows => {
                self.readiness.finish(&Target::All, Outcome::Tape, wakers);
                let view = self.view.to_string();
                self.readers.end(&EndReason::Tape { view }, wakers);
            }
            Step::Refused { target, issue } => {
                let error = StreamError::Refused(issue.clone());
                self.report(target, &error, wakers);
                self.snapshot = Snapshot::None;
                let outcome = Outcome::Refused(issue.clone());
                self.readiness.finish(target, outcome, wakers);
            }
            Step::ClearRefusal(target) => self.readiness.clear_refusal(target),
            Step::Undecodable(error) => self.mark_incomplete(error, wakers),
            Step::Lost => {
                self.readiness.lose();
                if self.snapshot != Snapshot::None {
                    // The order stays incomplete until the next snapshot is complete.
                    self.snapshot = Snapshot::Receiving;
                }
            }
            Step::Narrow(keys) => self.narrow(keys),
            Step::Free => {
                self.narrow(&[]);
                self.readiness.free(wakers);
            }
            // The engine moves the readers and answers the session, and a source of rows is no tape.
            Step::Reroute | Step::Probe | Step::Tape(_) => {}
            Step::ReleaseHeld => {
                self.release_held(wakers);
                self.catch_up(wakers);
            }
        }
    }

    /// Returns what the source waits for after a step.
    pub(super) fn waiting(&self) -> Waiting {
        Waiting {
            holds_rows: !self.held.is_empty(),
            defers_windows: self.has_deferred,
            needs_fetch: self.rows.needs_fetch(),
            needs_pause: false,
        }
    }

    /// Adds a reader. Its queue gets the present rows, front to back, and then every change. A window gets its rows
    /// when they are known.
    pub(super) fn add_reader(
        &mut self,
        selection: &Selection<T>,
        queue: &Arc<Queue<T>>,
        wakers: &mut Wakers,
    ) {
        let mut push = |key: &Arc<str>, row: &Arc<T>| queue.introduce(key, row, wakers);
        match selection {
            Selection::All => self.rows.iter().for_each(|(_, key, row)| push(key, row)),
            Selection::Key(key) => {
                if let Some(row) = self.rows.get(key) {
                    push(key, row);
                }
            }
            Selection::Window { .. } => {}
        }
        self.readers.add(selection, queue);
        if let (Selection::Window { needed, .. }, Snapshot::None) = (selection, &self.snapshot) {
            if self.covers(*needed) {
                if let Some(added) = self.readers.windows().last_mut() {
                    added.start(&self.rows, self.base, wakers);
                }
            }
        }
        if self.readiness.is_unknown_view() {
            queue.end(&self.unknown_view(), wakers);
        }
        if let Some(reason) = self.readiness.ended() {
            queue.end(&reason.clone().into(), wakers);
        }
    }

    /// Returns the rows that a reader has.
    pub(super) fn rows_of(&self, selection: &Selection<T>, queue: &Arc<Queue<T>>) -> RowsOf<T> {
        let row = |(key, row): (&Arc<str>, &Arc<T>)| (key.clone(), row.clone());
        match selection {
            Selection::All => self
                .rows
                .iter()
                .map(|(_, key, it)| row((key, it)))
                .collect(),
            Selection::Key(key) => self
                .rows
                .get(key)
                .map(|it| row((key, it)))
                .into_iter()
                .collect(),
            Selection::Window { .. } => match self.readers.window(queue) {
                Some(reader) => reader.rows(&self.rows).map(row).collect(),
                None => RowsOf::default(),
            },
        }
    }

    /// Returns the rows that a reader of whole windows has, front to back, or `None` while they are not complete.
    pub(super) fn window(
        &self,
        selection: &Selection<T>,
        queue: &Arc<Queue<T>>,
    ) -> Option<Vec<Arc<T>>> {
        if self.snapshot != Snapshot::None {
            return None;
        }
        match selection {
            Selection::Key(key) => {
                let row = self.rows.get(key).cloned();
                let is_known = self.readiness.has_answered(key);
                is_known.then(|| row.into_iter().collect())
            }
            Selection::All | Selection::Window { .. } => {
                self.readers.window(queue)?.window(&self.rows)
            }
        }
    }

    /// Starts the readers from another source that this snapshot covers.
    fn start_moved(&mut self, target: &Target, wakers: &mut Wakers) {
        let extent = self.extent.filter(|_| *target == Target::All);
        let covers = |needed: Window| extent.is_some_and(|extent| extent.covers(needed));
        let is_served = |selection: &Selection<T>| match selection {
            Selection::All => covers(Window::default()),
            Selection::Key(key) => target.key().is_none_or(|target| target == key),
            Selection::Window { needed, .. } => covers(*needed),
        };
        for moved in self.readers.take_moved(is_served) {
            moved.queue.recall(moved.rows);
            self.add_reader(&moved.selection, &moved.queue, wakers);
            moved.queue.forget(wakers);
        }
    }

    /// Whether the subscription has the rows that a reader needs.
    pub(super) fn covers(&self, needed: Window) -> bool {
        self.extent.is_some_and(|extent| extent.covers(needed))
    }

    /// Returns the position up to which the source has every change, if known.
    pub(super) fn cursor(&self) -> Option<Seq> {
        let is_whole = self.covers(Window::default());
        let is_complete = self.readiness.is_ready() && self.snapshot == Snapshot::None;
        let cursor = self.rows.guard().cursor();
        // A resumed snapshot may not bring a row that is being fetched, because the row need not have a newer change.
        let is_complete = is_complete && !self.readiness.awaits_keys();
        cursor.filter(|_| is_whole && is_complete)
    }

    /// Updates the windows that were deferred, unless the order is still incomplete.
    pub(super) fn catch_up(&mut self, wakers: &mut Wakers) {
        if self.snapshot == Snapshot::None && std::mem::take(&mut self.has_deferred) {
            for reader in self.readers.windows() {
                reader.catch_up(&self.rows, self.base, wakers);
            }
        }
    }

    /// Ends all readers.
    pub(super) fn end(&mut self, reason: &CloseReason, wakers: &mut Wakers) {
        self.readers.end(&reason.clone().into(), wakers);
        self.readiness.end(reason, wakers);
    }

    fn begin(&mut self, target: &Target, window: Window) {
        match (&mut self.accepted, target) {
            (Accepted::Keys(keys), Target::Key(key)) => {
                keys.insert(key.clone());
            }
            (accepted, _) => *accepted = Accepted::All,
        }
        self.readiness.begin(target);
        if self.snapshot == Snapshot::None {
            self.snapshot = Snapshot::Receiving;
        }
        self.restart_survey();
        if *target == Target::All {
            if !self.covers(window) || window.skip != self.base {
                // Until the snapshot is complete, rows may be missing or cannot be counted.
                self.readiness.restart();
            }
            self.extent = Some(window);
        }
    }

    fn complete(&mut self, target: &Target, absent: Absent, report: &mut Report) {
        let snapshot = self.snapshot.clone();
        let skip = self.extent.map_or(0, |extent| extent.skip);
        let has_moved = std::mem::replace(&mut self.base, skip) != skip;
        // After a malformed message, absent rows stay, unless a window would then count them.
        let is_sure = snapshot == Snapshot::Receiving;
        let removes_absent =
            absent == Absent::Remove && snapshot != Snapshot::None && (is_sure || has_moved);
        self.rows.complete(!removes_absent);
        if !has_moved {
            self.snapshot = Snapshot::None;
        }
        // Otherwise the order is incomplete until the last row that left is gone.
        if removes_absent {
            for key in self.rows.absent() {
                self.held.entry(key).or_insert(RemovalCause::NotInResult);
            }
            self.release_held(&mut report.wakers);
        }
        self.snapshot = Snapshot::None;
        if absent == Absent::Remove && !self.readiness.awaits_keys() {
            self.left_out.clear();
        }
        while self.is_over_limit() && self.evict(report) {}
        if snapshot == Snapshot::Receiving {
            self.finish_survey(report);
        }
        let wakers = &mut report.wakers;
        let extent = self.extent;
        for reader in self.readers.windows() {
            if extent.is_some_and(|extent| extent.covers(reader.needed())) {
                reader.start(&self.rows, self.base, wakers);
            }
        }
        if let Snapshot::Incomplete(_) = snapshot {
            // Rows that the snapshot lacks may still exist.
            if self.readers.has_moved() {
                self.rows.request_fetch();
            }
        } else {
            self.start_moved(target, wakers);
        }
        let outcome = match snapshot {
            Snapshot::Incomplete(error) => Outcome::Incomplete(error),
            Snapshot::None | Snapshot::Receiving => Outcome::Ready,
        };
        if self.readiness.finish(target, outcome, wakers) {
            self.report(target, &StreamError::Resynced, wakers);
        }
        self.readers.touch(wakers);
    }

    /// Starts a new survey for a new snapshot.
    fn restart_survey(&mut self) {
        if let Some(survey) = &mut self.survey {
            *survey = Survey::default();
        }
    }

    /// Ends the survey, if it has read rows. Reports the fields that no row has if the server sends them in another
    /// spelling. If all rows are partial, always reports the required field that they lack.
    fn finish_survey(&mut self, report: &mut Report) {
        let Some(survey) = self.survey.take_if(|survey| survey.rows() > 0) else {
            return;
        };
        self.missing = survey.missing();
        let are_partial = self.rows.are_partial();
        let mut lacking = self.rows.lacking(None).filter(|_| are_partial);
        let required = lacking.find_map(|(error, _)| self.missing_at(error.path()));
        let is_reported = |missing: &&Missing| missing.is_respelled || Some(*missing) == required;
        let missing = self.missing.iter().filter(is_reported);
        report.missing.extend(missing.map(|missing| MissingField {
            view: self.view.to_string(),
            field: format!("{}.{}", T::Patch::ROOT, missing.path),
            rows: survey.rows(),
            sent: missing.sent.clone(),
        }));
    }

    /// Returns the missing field at a path or around it.
    fn missing_at(&self, path: &str) -> Option<&Missing> {
        self.missing.iter().find(|missing| missing.covers(path))
    }

    /// Returns the field that the target's rows lack, if all of them are partial.
    pub(super) fn partial(&self, target: &Target) -> Option<PartialRows> {
        let key = target.key().map(|key| &**key);
        if key.is_none() && !self.rows.are_partial() {
            return None;
        }
        let (error, is_bad) = self.rows.lacking(key).next()?;
        let lack = if is_bad {
            Lack::BadValue
        } else {
            let missing = self.missing_at(error.path());
            let sent = missing.and_then(|missing| missing.sent.clone());
            Lack::Missing { sent }
        };
        Some(PartialRows {
            view: self.view.to_string(),
            rows: key.map_or(self.rows.partial(), |_| 1),
            field: format!("{}.{}", T::Patch::ROOT, error.path()),
            lack,
        })
    }

    /// Handles a malformed message that may have concerned the source.
    fn mark_incomplete(&mut self, error: &FrameError, wakers: &mut Wakers) {
        let report = StreamError::Frame(error.clone());
        self.readers.report(None, &report, wakers);
        self.rows.note_gap();
        if self.snapshot != Snapshot::None {
            self.snapshot = Snapshot::Incomplete(error.clone());
        }
    }

    /// Keeps only the rows with these keys.
    fn narrow(&mut self, keys: &[Arc<str>]) {
        let kept: HashSet<&Arc<str>> = keys.iter().collect();
        for key in self.rows.keys() {
            if !kept.contains(&key) {
                self.rows.delete(&key, RemovalCause::NotInResult);
                self.held.remove(&key);
            }
        }
        self.readiness.narrow(keys);
        self.left_out.clear();
        self.extent = None;
    }

    /// Puts a row into the table and delivers the change, or the error if it does not decode.
    fn put(&mut self, row: &Row<'_>, arrival: Arrival<'_, '_>, report: &mut Report) {
        if let Accepted::Keys(keys) = &self.accepted {
            if !keys.contains(&*row.key) {
                return;
            }
        }
        let is_whole = !matches!(arrival, Arrival::Patch(..));
        if is_whole && !self.held.is_empty() {
            self.held.remove(&*row.key);
        }
        if !self.left_out.is_empty() && self.left_out.contains(&*row.key) {
            // A snapshot that fetches some of these rows does not bring back the others.
            let is_fetched = self.snapshot == Snapshot::None
                || !self.readiness.awaits_keys()
                || self.pinned.contains_key(&*row.key);
            if !is_whole || !is_fetched {
                return;
            }
            self.left_out.remove(&*row.key);
        }
        let (frame, live) = match arrival {
            Arrival::Snapshot => (None, false),
            Arrival::Upsert => (None, true),
            Arrival::Patch(_, seq) => (seq, true),
        };
        let (seq, version, fields) = self.rows.guard_mut().stamps(row.data, frame, live);
        let input = Input {
            key: &row.key,
            data: row.data,
            live,
            seq,
            version,
            fields,
            keep_before: self.readers.keep_before(&row.key),
        };
        let change = match arrival {
            Arrival::Snapshot | Arrival::Upsert => self.rows.upsert(&input),
            Arrival::Patch(append, _) => self.rows.patch(&input, append),
        };
        for fault in self.rows.take_faults() {
            self.report_row(&row.key, fault.cause, report);
        }
        match change {
            Ok(change) => self.accept(&row.key, change, report),
            Err(cause) => self.report_row(&row.key, cause, report),
        }
        if let Some(survey) = &mut self.survey {
            let in_snapshot = self.snapshot != Snapshot::None;
            // The first rows of an empty view arrive live.
            let is_first = is_whole && live && !in_snapshot && self.rows.are_partial();
            if is_first || (in_snapshot && !live) {
                survey.read::<T::Patch>(row.data);
            }
            if is_first {
                self.finish_survey(report);
            }
        }
    }

    /// Delivers the error of a row's update.
    fn report_row(&mut self, key: &str, cause: RowErrorCause, report: &mut Report) {
        self.rows.note_gap();
        let error = RowError {
            view: self.view.to_string(),
            key: key.to_owned(),
            cause,
        };
        let item = StreamError::Row(error.clone());
        self.readers.report(Some(key), &item, &mut report.wakers);
        report.row_errors.push(error);
    }

    /// Delivers a change and enforces the row limit.
    fn accept(&mut self, key: &str, change: Option<Changed<T>>, report: &mut Report) {
        let is_over = self.snapshot == Snapshot::None && self.is_over_limit();
        if is_over {
            self.note_full(report);
            let is_new = change.as_ref().is_some_and(|changed| changed.change.is_new);
            let surplus = self.surplus().filter(|surplus| **surplus == *key && is_new);
            if let Some(surplus) = surplus {
                // The new row itself is evicted, before any reader got it.
                self.meter.evicted.add(1);
                self.rows.delete(key, RemovalCause::NotInResult);
                self.left_out.insert(surplus);
                return;
            }
        }
        match change {
            Some(changed) => self.publish(changed, &mut report.wakers),
            None => {
                // The row may have moved although no field of `T` changed: it is the most recent one, or is sorted by a
                // value that `T` does not have.
                let windows = self.readers.windows();
                self.has_deferred |= !windows.is_empty();
                windows.iter_mut().for_each(WindowReader::defer);
            }
        }
        while self.snapshot == Snapshot::None && self.is_over_limit() && self.evict(report) {}
    }

    fn publish(&mut self, changed: Changed<T>, wakers: &mut Wakers) {
        let is_incomplete = self.snapshot != Snapshot::None || self.rows.depend_on_arrival();
        self.has_deferred |= is_incomplete && !self.readers.windows().is_empty();
        self.readers
            .publish(&self.rows, self.base, changed, is_incomplete, wakers);
    }

    /// Deletes the row furthest from the front. Returns whether there was one.
    fn evict(&mut self, report: &mut Report) -> bool {
        self.note_full(report);
        let Some(surplus) = self.surplus() else {
            return false;
        };
        self.meter.evicted.add(1);
        self.delete(&surplus, RemovalCause::NotInResult, &mut report.wakers);
        self.left_out.insert(surplus);
        true
    }

    fn note_full(&mut self, report: &mut Report) {
        if !std::mem::replace(&mut self.has_reported_full, true) {
            report.full.push(Full {
                view: self.view.to_string(),
                rows: self.rows.len(),
                limit: self.limit.unwrap_or(usize::MAX),
            });
        }
    }

    /// Deletes a row. If it was kept after it left a window, the cause is the one known since then.
    fn delete(&mut self, key: &str, cause: RemovalCause, wakers: &mut Wakers) {
        let cause = self.held.remove(key).unwrap_or(cause);
        if let Some(changed) = self.rows.delete(key, cause) {
            self.publish(changed, wakers);
        }
    }

    /// Deletes the rows that were kept after they left a window. Starts with the last one, so that none of them enters
    /// a window meanwhile.
    fn release_held(&mut self, wakers: &mut Wakers) {
        for key in self.rows.rear_first(self.held.keys()) {
            self.delete(&key, RemovalCause::NotInResult, wakers);
        }
        self.held.clear();
    }

    /// Delivers an error to the target's readers.
    fn report(&self, target: &Target, error: &StreamError, wakers: &mut Wakers) {
        let key = target.key().map(|key| &**key);
        self.readers.report(key, error, wakers);
    }

    fn unknown_view(&self) -> EndReason {
        EndReason::UnknownView {
            view: self.view.to_string(),
        }
    }
}
