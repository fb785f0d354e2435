//! Instructions of the session to the store.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::query::{Filters, Target};
use super::tape::TapeStep;
use super::window::Window;
use crate::wire::{FrameError, Issue, Protocol, Row, Seq, Sort};

/// One source of rows: a wire subscription, or several that share their rows. It keeps its id across connections
/// until its last reader has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub(super) u32);

impl SourceId {
    /// The id as an index. Ids are small, because the session reuses them.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    /// The source with this index.
    pub(crate) fn from_index(index: usize) -> Self {
        SourceId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The instruction to do `step` with this source.
    pub(super) fn instruct(self, step: Step<'_>) -> Instruction<'_> {
        Instruction {
            source: Some(self),
            step,
        }
    }
}

/// Allocates ids. Reuses the one that was released last.
#[derive(Debug, Default)]
pub(super) struct SourceIds {
    free: Vec<SourceId>,
    next: u32,
}

impl SourceIds {
    pub(super) fn allocate(&mut self) -> SourceId {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            SourceId(self.next - 1)
        })
    }

    pub(super) fn release(&mut self, id: SourceId) {
        self.free.push(id);
    }
}

/// Where a query's rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The source.
    pub source: SourceId,
    /// The part of the view that the source must hold before the query has its rows.
    pub needed: Window,
    /// The window that remains to be cut from the source's rows.
    pub local: Window,
    /// Whether the query's filters remain to be applied to the source's rows.
    pub filters_locally: bool,
}

/// A source as the server sees it: what is subscribed, and for how many readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// The source.
    pub source: SourceId,
    /// The view's id.
    pub view: Arc<str>,
    /// The keys of the rows. Empty if the subscription is for all rows or a part of the view.
    pub keys: Vec<Arc<str>>,
    /// The part of the view.
    pub window: Window,
    /// The filters that the server applies.
    pub filters: Filters,
    /// The number of readers.
    pub readers: usize,
    /// The greatest number of rows, if the server announced one.
    pub limit: Option<u64>,
}

/// A step that the store must take, for one source or for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction<'m> {
    /// The source. `None` addresses every source.
    pub source: Option<SourceId>,
    /// The step.
    pub step: Step<'m>,
}

/// A step that a source takes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Step<'m> {
    /// The server began a subscription. A snapshot may follow.
    Begin {
        /// What was subscribed.
        target: Target,
        /// The part of the view that the subscription brings.
        window: Window,
        /// The announced order.
        sort: Option<Sort>,
        /// Whether readers had the whole view before, so that this is a resync.
        resync: bool,
        /// The generation, whose rules on order and on repeated changes apply.
        protocol: Protocol,
        /// Whether the first frame of a row that is not held is the whole row.
        whole_entities: bool,
        /// Whether the rows of a snapshot have positions that order them.
        positions: bool,
        /// Whether an upsert can set a row back to an earlier version.
        rolls_back: bool,
        /// Whether the store must keep the row limit, because the server does not.
        limits_rows: bool,
    },
    /// A batch of a snapshot.
    Snapshot {
        /// The rows, in the server's order.
        rows: Vec<Row<'m>>,
        /// The errors of rows that could not be read.
        malformed: Vec<FrameError>,
        /// Whether this is the first batch of a snapshot that the server sends unasked.
        restarts: bool,
    },
    /// A live row that replaces the row held.
    Upsert(Row<'m>),
    /// A live change of some fields.
    Patch {
        /// The row's key, and the fields.
        row: Row<'m>,
        /// Dotted paths at which `row` holds only the new elements of an array.
        append: Vec<Cow<'m, str>>,
        /// The change's position, if it has one.
        seq: Option<Seq>,
    },
    /// A row left.
    Remove {
        /// The row's key.
        key: Cow<'m, str>,
        /// Why it left.
        cause: RemovalCause,
        /// Whether the row stays until its successor arrives, so that a window is never short.
        hold: bool,
    },
    /// The snapshot is complete. Empty snapshots are completed too.
    Complete {
        /// What was subscribed.
        target: Target,
        /// What to do with rows that the snapshot did not contain.
        absent: Absent,
    },
    /// The server does not know the view.
    UnknownView,
    /// The view is a tape, which has no rows.
    NoRows,
    /// Something happened to the reader of a tape.
    Tape(TapeStep<'m>),
    /// The server rejected a subscription.
    Refused {
        /// What was subscribed.
        target: Target,
        /// The server's error.
        issue: Issue,
    },
    /// A rejected subscription is about to be requested again.
    ClearRefusal(Target),
    /// A message that may have concerned the source could not be read.
    Undecodable(FrameError),
    /// The connection is lost. Rows held may be out of date.
    Lost,
    /// Readers left. Only these rows are still wanted.
    Narrow(Vec<Arc<str>>),
    /// The last reader left.
    Free,
    /// The session needs the greatest position that the source has seen, for [`Session::probe`](super::Session::probe).
    Probe,
    /// Rows that were held for a successor leave now.
    ReleaseHeld,
    /// The generation changed: every query has another source. The old sources are freed next.
    Reroute,
}

/// Why a row left a stream's rows. As JSON: `"deleted"` or `"not_in_result"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RemovalCause {
    /// The server reported that the row was deleted.
    Deleted,
    /// The row is no longer in the result: it left the window, no longer passes the filter, or exceeds the row limit.
    ///
    /// This is a hint only. A busy server reports many deletions this way, and so does a resync.
    NotInResult,
}

impl Step<'_> {
    /// Whether the step is a frame with rows.
    pub(crate) fn is_data(&self) -> bool {
        matches!(
            self,
            Step::Snapshot { .. }
                | Step::Upsert(_)
                | Step::Patch { .. }
                | Step::Remove { .. }
                | Step::Tape(TapeStep::Record { .. })
        )
    }
}

/// What to do with rows that a complete snapshot did not contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Keep them: the server may have forgotten them.
    Keep,
    /// Remove them: they have left the view.
    Remove,
}
