//! What a reader of a tape requests, and what it gets.

use std::borrow::Cow;
use std::sync::Arc;

use super::TapeGap;
use crate::session::Filters;
use crate::wire::{Cursor, Issue, Row};

/// What a reader of a tape requests.
#[derive(Debug, Clone, PartialEq)]
pub struct TapeQuery {
    /// The view's id.
    pub view: Arc<str>,
    /// Only records with this key.
    pub key: Option<Arc<str>>,
    /// The filters that the server applies.
    pub filters: Filters,
    /// The first record.
    pub start: TapeStart,
    /// Whether the reader ends at a gap. Otherwise, it continues after the gap.
    pub ends_at_gap: bool,
}

/// The first record that a reader of a tape gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TapeStart {
    /// The oldest record that the server has.
    #[default]
    Oldest,
    /// The first record that the server receives from now on.
    Now,
    /// The record after this one.
    After(Cursor),
}

/// What happens to a reader of a tape.
#[derive(Debug, Clone, PartialEq)]
pub enum TapeStep<'m> {
    /// The server accepted the subscription. The retained records follow.
    Opened {
        /// The number of the reader's next record.
        position: u64,
        /// The number that the server's next record will have.
        next: u64,
    },
    /// A record.
    Record {
        /// The gaps before the record.
        gaps: Vec<TapeGap>,
        /// The record's key and fields.
        row: Row<'m>,
        /// Dotted paths at which `row` holds only the new elements of an array.
        append: Vec<Cow<'m, str>>,
        /// The cursor of the record.
        cursor: Cursor,
    },
    /// Records are lost.
    Gap(TapeGap),
    /// The server has too many subscriptions. The session retries when another subscription ends, or after the time
    /// that the server names.
    OverLimit(Issue),
    /// No more records follow.
    End(TapeEnd),
}

/// Why a reader of a tape ended.
#[derive(Debug, Clone, PartialEq)]
pub enum TapeEnd {
    /// At a gap, as its query says.
    Gap,
    /// The server speaks protocol v1, which has no tapes.
    UnsupportedProtocol,
    /// The view has rows.
    NotATape,
    /// The server does not know the view.
    UnknownView,
    /// The server rejected the subscription.
    Rejected(Issue),
}
