//! The rules of each generation on repeated changes and on order, as the store applies them.

use std::borrow::Cow;

use serde_json::Value;

use super::rank::Rank;
use super::v1;
use super::v2::{self, Version};
use crate::wire::{text_at, Protocol, Scalar, Seq, Sort};

/// Ranks a row by the JSON of its sort value. `arrival` counts the values ranked so far.
pub(crate) fn rank(protocol: Protocol, json: &str, sort: &Sort, arrival: u64) -> Rank {
    match protocol {
        Protocol::V2 => v2::rank(json, sort),
        _ => {
            let value = Scalar::read(json).unwrap_or(Scalar::Null);
            v1::rank(value, sort.direction, arrival)
        }
    }
}

/// What a source knows from the positions and versions of its changes.
#[derive(Debug)]
pub(crate) enum Guard {
    V1(v1::Guard),
    V2(v2::Guard),
}

/// What the guard remembers of a row.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    /// The position of the row's latest change.
    pub(crate) seq: Seq,
    repeats: v1::Mark,
    version: Option<Version>,
}

impl Default for Guard {
    fn default() -> Self {
        Guard::V1(v1::Guard::default())
    }
}

impl Guard {
    /// A subscription begins, to all rows or to one.
    pub(crate) fn begin(&mut self, protocol: Protocol, whole: bool, positions: bool) {
        match (&mut *self, protocol) {
            (Guard::V1(_), Protocol::V2) => *self = Guard::V2(v2::Guard::default()),
            (Guard::V2(_), Protocol::V1) => *self = Guard::default(),
            _ => {}
        }
        if let Guard::V1(guard) = self {
            guard.begin(whole, positions);
        }
    }

    /// A snapshot begins: earlier gaps are closed by it.
    pub(crate) fn begin_snapshot(&mut self) {
        if let Guard::V1(guard) = self {
            guard.begin_snapshot();
        }
    }

    /// A change could not be applied.
    pub(crate) fn note_gap(&mut self) {
        if let Guard::V1(guard) = self {
            guard.note_gap();
        }
    }

    /// Returns the position and the version of a row or patch, as far as its generation has them, and the
    /// place of the first field behind them, if they come first. `frame` is the position that the frame
    /// names.
    #[inline]
    pub(crate) fn stamps(
        &self,
        data: &str,
        frame: Option<Seq>,
        live: bool,
    ) -> (Option<Seq>, Option<Version>, Option<usize>) {
        match self {
            Guard::V1(_) if live => (frame, None, None),
            Guard::V1(guard) if !guard.has_positions() => (None, None, None),
            Guard::V1(_) => {
                let seq = text_at(data, "_seq").map(|text| Seq::parse(&text));
                (seq, None, None)
            }
            Guard::V2(_) => v2::stamps(data),
        }
    }

    /// Whether a live change is in the row already, so that it must be dropped.
    #[inline]
    pub(crate) fn is_old(&self, mark: &Mark, version: Option<Version>) -> bool {
        let versions = mark.version.zip(version);
        versions.is_some_and(|(held, version)| version.is_in(held))
    }

    /// Whether the server keeps so few elements of an array that the client must drop the same ones.
    #[inline]
    pub(crate) fn caps_arrays(&self) -> bool {
        matches!(self, Guard::V2(_))
    }

    /// Whether a live change may be in its row already.
    #[inline]
    pub(crate) fn may_repeat(&mut self, mark: Option<&mut Mark>, seq: Option<Seq>) -> bool {
        match self {
            Guard::V1(guard) => guard.may_repeat(mark.map(|mark| &mut mark.repeats), seq),
            Guard::V2(_) => false,
        }
    }

    /// Notes a change of a row, live or from a snapshot. `whole` says whether it replaces the row.
    #[inline]
    pub(crate) fn note(
        &mut self,
        mark: &mut Mark,
        seq: Option<Seq>,
        version: Option<Version>,
        live: bool,
        whole: bool,
    ) {
        match self {
            Guard::V1(guard) => {
                guard.note(&mut mark.repeats, seq, live);
                mark.seq = mark.repeats.seq;
            }
            Guard::V2(guard) => {
                guard.note(seq);
                let unchanged = if whole { Seq::default() } else { mark.seq };
                mark.seq = seq.unwrap_or(unchanged);
                mark.version = version.or(mark.version);
            }
        }
    }

    /// The greatest position seen.
    pub(crate) fn last_seq(&self) -> Option<Seq> {
        match self {
            Guard::V1(guard) => guard.last_seq(),
            Guard::V2(guard) => guard.last_seq(),
        }
    }

    /// The position from which the server must send changes again so that none is missing. `None` if
    /// positions cannot tell.
    pub(crate) fn cursor(&self) -> Option<Seq> {
        match self {
            Guard::V1(guard) => guard.cursor(),
            Guard::V2(_) => None,
        }
    }
}

impl Mark {
    /// The row's latest change is not one that the present snapshot brought.
    pub(crate) fn leave_snapshot(&mut self) {
        self.repeats.leave_snapshot();
    }

    /// Notes a change that may be in the row already.
    pub(crate) fn note_repeated(&mut self, patch: &str, append: &[Cow<'_, str>]) {
        self.repeats.note_repeated(patch, append);
    }

    /// Removes from a patch the elements that it appends to lists which have them already. Returns
    /// whether there were any.
    pub(crate) fn remove_repeated(
        &self,
        row: &Value,
        patch: &mut Value,
        append: &[Cow<'_, str>],
    ) -> bool {
        self.repeats.remove_repeated(row, patch, append)
    }
}
