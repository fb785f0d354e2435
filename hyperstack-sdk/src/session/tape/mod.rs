//! Readers of tapes. A tape is a v2 view of numbered records, which arrive as patches and are not merged into rows.
//!
//! Each reader has a subscription and a position of its own. After a loss of the connection, or a pause, the next
//! subscription resumes at the position. So the session emits one instruction per record. If the server no longer has a
//! record, the session emits a [`TapeGap`] and continues with the oldest record.

mod gap;
mod query;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hashbrown::HashMap;

pub use gap::{GapCause, TapeGap};
pub use query::{TapeEnd, TapeQuery, TapeStart, TapeStep};

use super::generation::Instructions;
use super::instruction::{Instruction, SourceId, Step, Subscribed};
use super::window::Window;
use crate::wire::{self, Cursor, Frame, FrameError, Issue, ReplayWindow, Request, Row};

/// A cursor of an epoch that does not exist. The server rejects it with an error that contains the replay window, and
/// so the end of the tape.
const NO_EPOCH: &str = "none:0";

/// What the ids of subscriptions to tapes start with. Those of rows are numbers.
const ID_PREFIX: char = 't';

/// The readers of tapes, and their subscriptions on the current connection.
#[derive(Debug, Default)]
pub(super) struct Tapes {
    tapes: BTreeMap<SourceId, Tape>,
    /// By the number in the subscription's id.
    subscriptions: HashMap<u64, SourceId>,
    last_id: u64,
    outbox: VecDeque<Request>,
}

/// One reader.
#[derive(Debug)]
struct Tape {
    query: TapeQuery,
    status: Status,
    /// The cursor before the next record. `None` until the server has sent the replay window.
    position: Option<Cursor>,
    /// Why records before the next one may be lost. If it is set, the subscription starts at the oldest record.
    lost: Option<GapCause>,
    /// The server missed events after this record, which has not arrived yet.
    hole: Option<u64>,
    /// Ignore holes after records with a smaller number: they are before the reader's start, or already reported.
    holes_from: u64,
    /// A message that may have been a record.
    unreadable: Option<FrameError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// There is no subscription.
    Absent,
    /// Requested under this id, to learn where the tape ends.
    Locating(u64),
    /// Requested under this id.
    Requested(u64),
    /// Accepted under this id.
    Open(u64),
    /// Rejected because of a limit on subscriptions. The session retries when another subscription ends, or after the
    /// time that the server names.
    OverLimit,
    /// The reader is slow. Nothing is subscribed until it has caught up.
    Paused,
    Ended,
}

impl Tapes {
    /// The number of readers that need a subscription.
    pub(super) fn len(&self) -> usize {
        let tapes = self.tapes.values();
        tapes.filter(|tape| tape.status != Status::Ended).count()
    }

    /// Adds a reader.
    pub(super) fn open(&mut self, id: SourceId, query: TapeQuery) {
        let position = match &query.start {
            TapeStart::After(cursor) => Some(cursor.clone()),
            TapeStart::Oldest | TapeStart::Now => None,
        };
        let tape = Tape {
            status: Status::Absent,
            holes_from: position.as_ref().and_then(Cursor::offset).unwrap_or(0),
            position,
            lost: None,
            hole: None,
            unreadable: None,
            query,
        };
        self.tapes.insert(id, tape);
    }

    /// Removes a reader.
    pub(super) fn release(&mut self, id: SourceId) {
        self.unsubscribe(id, Status::Ended);
        self.tapes.remove(&id);
    }

    /// Ends the subscription of a slow reader. Records in flight are dropped and requested again later.
    pub(super) fn pause(&mut self, id: SourceId) {
        let tape = self.tapes.get(&id);
        if tape.is_some_and(|tape| tape.status != Status::Ended) {
            self.unsubscribe(id, Status::Paused);
        }
    }

    /// Continues a paused reader at its position.
    pub(super) fn resume(&mut self, id: SourceId) {
        if let Some(tape) = self.tapes.get_mut(&id) {
            if tape.status == Status::Paused {
                tape.status = Status::Absent;
            }
        }
    }

    /// A connection is open, and nothing is subscribed on it.
    pub(super) fn handle_open(&mut self) {
        self.subscriptions.clear();
        self.outbox.clear();
        for tape in self.tapes.values_mut() {
            if !matches!(tape.status, Status::Paused | Status::Ended) {
                tape.status = Status::Absent;
            }
            // The server repeats what was unreadable, and refuses again what it has lost.
            (tape.unreadable, tape.lost) = (None, None);
        }
    }

    /// Ends all readers.
    pub(super) fn end_all(&mut self, reason: &TapeEnd, instructions: &mut Instructions) {
        for id in self.tapes.keys().copied().collect::<Vec<_>>() {
            self.end(id, reason.clone(), instructions);
        }
    }

    /// Subscribes each reader that has no subscription.
    pub(super) fn reconcile(&mut self) {
        for (source, tape) in &mut self.tapes {
            if tape.status != Status::Absent {
                continue;
            }
            self.last_id += 1;
            let id = self.last_id;
            let locates = tape.position.is_none() && tape.query.start == TapeStart::Now;
            let after = match &tape.position {
                None => locates.then(|| NO_EPOCH.to_owned()),
                Some(_) if tape.lost.is_some() => None,
                Some(position) => position.on_wire(),
            };
            tape.status = match locates {
                true => Status::Locating(id),
                false => Status::Requested(id),
            };
            self.subscriptions.insert(id, *source);
            self.outbox.push_back(Request::Query {
                id: format!("{ID_PREFIX}{id}"),
                query: wire::Query {
                    view: tape.query.view.to_string(),
                    key: tape.query.key.as_ref().map(|key| key.to_string()),
                    filters: tape.query.filters.clone(),
                    after,
                    ..wire::Query::default()
                },
                snapshot: true,
            });
        }
    }

    pub(super) fn poll_request(&mut self) -> Option<Request> {
        self.outbox.pop_front()
    }

    /// Retries the subscriptions that were over the server's limit.
    pub(super) fn retry_refused(&mut self) {
        for tape in self.tapes.values_mut() {
            if tape.status == Status::OverLimit {
                tape.status = Status::Absent;
            }
        }
    }

    /// Whether the id is that of a subscription to a tape.
    pub(super) fn has_id(id: &str) -> bool {
        id.starts_with(ID_PREFIX)
    }

    /// Turns a frame into an instruction. Further instructions are queued; apply them after the returned one. Ignores
    /// a frame that is left over from an ended subscription.
    pub(super) fn handle_frame<'m>(
        &mut self,
        id: &str,
        frame: Frame<'m>,
        instructions: &mut Instructions,
    ) -> Option<Instruction<'m>> {
        let source = *self.subscriptions.get(&number(id)?)?;
        match frame {
            Frame::Subscribed { ack, .. } => {
                match ack.unwrap_or_default().replay_window {
                    Some(window) => self.accept(source, &window, instructions),
                    None => self.end(source, TapeEnd::NotATape, instructions),
                }
                None
            }
            Frame::Patch {
                row,
                append,
                offset,
                ..
            } => self.handle_record(source, row, append, offset, instructions),
            _ => None,
        }
    }

    fn handle_record<'m>(
        &mut self,
        source: SourceId,
        row: Row<'m>,
        append: Vec<Cow<'m, str>>,
        offset: Option<u64>,
        instructions: &mut Instructions,
    ) -> Option<Instruction<'m>> {
        let tape = self.tapes.get_mut(&source)?;
        let view = &tape.query.view;
        let (Status::Open(_), Some(position)) = (tape.status, &mut tape.position) else {
            return None;
        };
        let mut gaps = Vec::new();
        // A server that is about to stop sends records without a number. They are delivered once, here.
        if let Some(offset) = offset {
            // Ignores the greatest number, which has no successor. No server counts that far.
            let next = offset.checked_add(1)?;
            if offset < position.next() {
                return None;
            }
            let gap = |cause, lost| TapeGap {
                view: view.to_string(),
                after: position.clone(),
                resumed: Cursor::before(position.epoch(), offset),
                lost,
                cause,
            };
            let skipped = offset - position.next();
            if let Some(error) = tape.unreadable.take().filter(|_| skipped > 0) {
                gaps.push(gap(GapCause::Unreadable(error), Some(skipped)));
            }
            if let Some(hole) = tape.hole.filter(|hole| *hole < offset) {
                tape.hole = None;
                tape.holes_from = hole + 1;
                gaps.push(gap(GapCause::MissedByServer, None));
            }
            if tape.query.ends_at_gap && !gaps.is_empty() {
                for gap in gaps.drain(..) {
                    let step = Step::Tape(TapeStep::Gap(gap));
                    instructions.push_back(source.instruct(step));
                }
                self.end(source, TapeEnd::Gap, instructions);
                return None;
            }
            position.move_to(next);
        }
        let cursor = position.clone();
        Some(source.instruct(Step::Tape(TapeStep::Record {
            gaps,
            row,
            append,
            cursor,
        })))
    }

    /// The server accepted a subscription.
    fn accept(&mut self, source: SourceId, window: &ReplayWindow, instructions: &mut Instructions) {
        let Some(tape) = self.tapes.get_mut(&source) else {
            return;
        };
        let id = match tape.status {
            Status::Requested(id) => id,
            // The tape has no records yet, or the server would have rejected the cursor.
            Status::Locating(_) => {
                tape.locate(window);
                return self.unsubscribe(source, Status::Absent);
            }
            _ => return,
        };
        let oldest = Cursor::before(&window.epoch, window.earliest);
        let lost = tape.lost.take();
        match tape.position.clone() {
            None => {
                tape.holes_from = oldest.next();
                tape.position = Some(oldest);
            }
            Some(position) => {
                let was_sent = lost.is_none() && position.on_wire().is_some();
                // The records up to the hole are not lost.
                let lost = lost.filter(|cause| *cause != GapCause::MissedByServer);
                let mismatch = tape.mismatch(&position, window);
                // A cursor that the server accepts has not expired. The window can be newer than the replay.
                let is_expired = |cause: &GapCause| was_sent && *cause == GapCause::Expired;
                let mismatch = mismatch.filter(|cause| !is_expired(cause));
                if let Some(cause) = mismatch.or(lost) {
                    // The server now suppresses records that have the numbers of earlier ones.
                    if was_sent {
                        return self.recover(source, cause, Some(window), instructions);
                    }
                    let gap = tape.gap(&position, cause, Some(window));
                    tape.holes_from = oldest.next();
                    tape.position = Some(oldest);
                    let ends = tape.query.ends_at_gap;
                    self.report_gap(source, gap, ends, instructions);
                    if ends {
                        return;
                    }
                }
            }
        }
        let Some(tape) = self.tapes.get_mut(&source) else {
            return;
        };
        let Some(position) = tape.position.clone() else {
            return;
        };
        tape.status = Status::Open(id);
        tape.hole = window.gap_after.filter(|hole| *hole >= tape.holes_from);
        let step = Step::Tape(TapeStep::Opened {
            position: position.next(),
            next: window.next,
        });
        instructions.push_back(source.instruct(step));
        // The reader is already past the hole.
        if tape.hole.is_some_and(|hole| hole < position.next()) {
            tape.hole = None;
            tape.holes_from = position.next();
            let gap = tape.gap(&position, GapCause::MissedByServer, None);
            let ends = tape.query.ends_at_gap;
            self.report_gap(source, gap, ends, instructions);
        }
    }

    /// Reports a gap, which may end the reader.
    fn report_gap(
        &mut self,
        source: SourceId,
        gap: TapeGap,
        ends: bool,
        instructions: &mut Instructions,
    ) {
        instructions.push_back(source.instruct(Step::Tape(TapeStep::Gap(gap))));
        if ends {
            self.end(source, TapeEnd::Gap, instructions);
        }
    }

    /// Subscribes again from the oldest record, because records after the position are lost. Ends a reader that does
    /// not continue after a gap.
    fn recover(
        &mut self,
        source: SourceId,
        cause: GapCause,
        window: Option<&ReplayWindow>,
        instructions: &mut Instructions,
    ) {
        let Some(tape) = self.tapes.get_mut(&source) else {
            return;
        };
        // Before a hole there can be records, and the hole may not concern the reader.
        let ends = tape.query.ends_at_gap && cause != GapCause::MissedByServer;
        if let (true, Some(position)) = (ends, &tape.position) {
            let gap = tape.gap(position, cause, window);
            return self.report_gap(source, gap, true, instructions);
        }
        tape.lost = Some(cause);
        self.unsubscribe(source, Status::Absent);
    }

    /// A message could not be read. It may have been a record.
    pub(super) fn handle_undecodable(&mut self, error: &FrameError) {
        if let FrameError::UnknownMessage(_) = error {
            // Not a frame.
            return;
        }
        let tapes = self.tapes.values_mut();
        for tape in tapes.filter(|tape| matches!(tape.status, Status::Open(_))) {
            if error.view().is_none_or(|view| *view == *tape.query.view) {
                tape.unreadable = Some(error.clone());
            }
        }
    }

    /// Handles an error about a subscription. Returns whether to report it, because the reader expected none.
    pub(super) fn handle_issue(&mut self, issue: &Issue, instructions: &mut Instructions) -> bool {
        let id = issue.subscription.as_deref().and_then(number);
        let Some(source) = id.and_then(|id| self.subscriptions.get(&id).copied()) else {
            // The server rejected a subscription that was being ended.
            return id.is_none() || issue.code.as_str() != "unknown-subscription-id";
        };
        let tape = self.tapes.get(&source);
        let is_locating = tape.is_some_and(|tape| matches!(tape.status, Status::Locating(_)));
        // A request without a cursor cannot have a wrong one, and would be repeated for ever.
        let has_cursor = tape.is_some_and(|tape| {
            let position = tape.position.as_ref();
            tape.lost.is_none() && position.is_some_and(|it| it.offset().is_some())
        });
        let window = issue.replay_window.as_deref();
        let cause = match issue.code.as_str() {
            // Delivery has stopped, but the server keeps the id until it is unsubscribed.
            "replay-lagged" | "subscription-rescoped" => {
                // Of the records in between, none matches the key and the filters.
                if let (Some(tape), Some(cursor)) =
                    (self.tapes.get_mut(&source), &issue.recover_from)
                {
                    tape.skip_to(cursor);
                }
                self.unsubscribe(source, Status::Absent);
                return true;
            }
            "cursor-epoch-changed" if is_locating => {
                self.forget(source, Status::Absent);
                match (self.tapes.get_mut(&source), window) {
                    (Some(tape), Some(window)) => tape.locate(window),
                    _ => self.reject(source, issue, instructions),
                }
                return false;
            }
            "cursor-expired" if has_cursor => GapCause::Expired,
            "cursor-epoch-changed" if has_cursor => GapCause::NewEpoch,
            "cursor-unknown" | "invalid-cursor" if has_cursor => GapCause::UnknownCursor,
            "replay-gap" if has_cursor => GapCause::MissedByServer,
            _ => {
                if issue.is_temporary() {
                    self.forget(source, Status::OverLimit);
                    let step = Step::Tape(TapeStep::OverLimit(issue.clone()));
                    instructions.push_back(source.instruct(step));
                } else {
                    self.reject(source, issue, instructions);
                }
                return true;
            }
        };
        self.forget(source, Status::Absent);
        self.recover(source, cause, window, instructions);
        true
    }

    /// Ends a reader that the server rejected.
    fn reject(&mut self, source: SourceId, issue: &Issue, instructions: &mut Instructions) {
        self.forget(source, Status::Absent);
        let reason = match issue.is_unknown_view() {
            true => TapeEnd::UnknownView,
            false => TapeEnd::Rejected(issue.clone()),
        };
        self.end(source, reason, instructions);
    }

    /// Ends a reader.
    fn end(&mut self, source: SourceId, reason: TapeEnd, instructions: &mut Instructions) {
        if self
            .tapes
            .get(&source)
            .is_some_and(|tape| tape.status != Status::Ended)
        {
            self.unsubscribe(source, Status::Ended);
            let step = Step::Tape(TapeStep::End(reason));
            instructions.push_back(source.instruct(step));
        }
    }

    /// Ends the subscription, if there is one.
    fn unsubscribe(&mut self, source: SourceId, status: Status) {
        if let Some(id) = self.forget(source, status) {
            let id = format!("{ID_PREFIX}{id}");
            self.outbox.push_back(Request::EndQuery { id });
        }
    }

    /// Sets the status of a reader whose subscription has ended. Returns the number of the subscription.
    fn forget(&mut self, source: SourceId, status: Status) -> Option<u64> {
        let tape = self.tapes.get_mut(&source)?;
        // The next subscription brings what was unreadable again.
        tape.unreadable = None;
        let id = std::mem::replace(&mut tape.status, status).id()?;
        self.subscriptions.remove(&id);
        Some(id)
    }

    /// Every reader, and what is subscribed for it.
    pub(super) fn subscribed(&self) -> impl Iterator<Item = Subscribed> + '_ {
        self.tapes.iter().map(|(source, tape)| Subscribed {
            source: *source,
            view: tape.query.view.clone(),
            keys: tape.query.key.iter().cloned().collect(),
            window: Window::default(),
            filters: tape.query.filters.clone(),
            readers: 1,
            limit: None,
        })
    }

    /// The source and the view of the subscription with this id.
    pub(super) fn source_of(&self, id: &str) -> Option<(SourceId, Arc<str>)> {
        let source = *self.subscriptions.get(&number(id)?)?;
        Some((source, self.tapes.get(&source)?.query.view.clone()))
    }
}

impl Tape {
    /// Starts at the end of the tape.
    fn locate(&mut self, window: &ReplayWindow) {
        self.holes_from = window.next;
        self.position = Some(Cursor::before(&window.epoch, window.next));
    }

    /// Moves the position forward to a cursor of the same epoch, unless a record in between may have been unreadable.
    fn skip_to(&mut self, cursor: &Cursor) {
        if self.unreadable.is_some() {
            return;
        }
        if let Some(position) = &mut self.position {
            if position.epoch() == cursor.epoch() && position.next() < cursor.next() {
                position.move_to(cursor.next());
            }
        }
    }

    /// Why the position does not fit the retained records, if it does not.
    fn mismatch(&self, position: &Cursor, window: &ReplayWindow) -> Option<GapCause> {
        if *position.epoch() != *window.epoch {
            Some(GapCause::NewEpoch)
        } else if position.next() > window.next {
            Some(GapCause::UnknownCursor)
        } else if position.next() < window.earliest {
            Some(GapCause::Expired)
        } else {
            None
        }
    }

    /// The gap after the position. Without a window, the server has all records that it numbered.
    fn gap(&self, position: &Cursor, cause: GapCause, window: Option<&ReplayWindow>) -> TapeGap {
        let resumed = match window {
            Some(window) => Cursor::before(&window.epoch, window.earliest),
            None => position.clone(),
        };
        let lost = match cause {
            GapCause::Expired => window.map(|it| it.earliest.saturating_sub(position.next())),
            _ => None,
        };
        TapeGap {
            view: self.query.view.to_string(),
            after: position.clone(),
            resumed,
            lost,
            cause,
        }
    }
}

impl Status {
    /// The number of the subscription.
    fn id(self) -> Option<u64> {
        match self {
            Status::Locating(id) | Status::Requested(id) | Status::Open(id) => Some(id),
            _ => None,
        }
    }
}

/// The number in a subscription's id.
fn number(id: &str) -> Option<u64> {
    id.strip_prefix(ID_PREFIX)?.parse().ok()
}
