//! How each generation detects repeated changes and orders rows, for the store.

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

/// The positions and versions that a source has seen.
#[derive(Debug)]
pub(crate) enum Guard {
    V1(v1::Guard),
    V2(v2::Guard),
}

/// The guard's data about a row.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    /// The position of the row's latest change.
    seq: Seq,
    repeats: v1::Mark,
    version: Option<Version>,
}

impl Default for Guard {
    fn default() -> Self {
        Guard::V1(v1::Guard::default())
    }
}

impl Guard {
    /// Starts a subscription, to all rows if `whole`, otherwise to one row.
    pub(crate) fn begin(
        &mut self,
        protocol: Protocol,
        whole: bool,
        positions: bool,
        rolls_back: bool,
    ) {
        match (&mut *self, protocol) {
            (Guard::V1(_), Protocol::V2) => *self = Guard::V2(v2::Guard::default()),
            (Guard::V2(_), Protocol::V1) => *self = Guard::default(),
            _ => {}
        }
        match self {
            Guard::V1(guard) => guard.begin(whole, positions),
            Guard::V2(guard) => guard.rolls_back = rolls_back,
        }
    }

    /// Starts a snapshot, which closes earlier gaps.
    pub(crate) fn begin_snapshot(&mut self) {
        if let Guard::V1(guard) = self {
            guard.begin_snapshot();
        }
    }

    /// Records that a change could not be applied.
    pub(crate) fn note_gap(&mut self) {
        if let Guard::V1(guard) = self {
            guard.note_gap();
        }
    }

    /// Returns the position and version of a row or patch, if its generation has them. If they come first in `data`,
    /// also returns the offset of the first field after them. `frame` is the position in the frame itself.
    #[inline]
    pub(crate) fn stamps(
        &mut self,
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
            Guard::V2(guard) => guard.stamps(data),
        }
    }

    /// Whether the row already contains a live change, which must then be dropped. `replaces` says whether the change
    /// replaces the row.
    #[inline]
    pub(crate) fn is_old(&self, mark: &Mark, version: Option<Version>, replaces: bool) -> bool {
        if replaces && matches!(self, Guard::V2(guard) if guard.rolls_back) {
            return false;
        }
        let versions = mark.version.zip(version);
        versions.is_some_and(|(held, version)| version.is_in(held))
    }

    /// Whether the server limits the length of arrays, so that the client must trim them too.
    #[inline]
    pub(crate) fn caps_arrays(&self) -> bool {
        matches!(self, Guard::V2(_))
    }

    /// Whether the row may already contain a live change.
    #[inline]
    pub(crate) fn may_repeat(&mut self, mark: Option<&mut Mark>, seq: Option<Seq>) -> bool {
        match self {
            Guard::V1(guard) => {
                guard.may_repeat(mark.map(|mark| (mark.seq, &mut mark.repeats)), seq)
            }
            Guard::V2(_) => false,
        }
    }

    /// Records a change of a row, live or from a snapshot. `whole` says whether it replaces the row.
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
            Guard::V1(guard) => guard.note(&mut mark.seq, &mut mark.repeats, seq, live),
            Guard::V2(_) => {
                let unchanged = if whole { Seq::default() } else { mark.seq };
                mark.seq = seq.unwrap_or(unchanged);
                mark.version = version.or(mark.version);
            }
        }
    }

    /// Returns the greatest position seen.
    pub(crate) fn last_seq(&self) -> Option<Seq> {
        match self {
            Guard::V1(guard) => guard.last_seq(),
            Guard::V2(guard) => guard.last_seq(),
        }
    }

    /// Returns the position from which the server must send changes again so that none is missing, or `None` if the
    /// positions do not allow that.
    pub(crate) fn cursor(&self) -> Option<Seq> {
        match self {
            Guard::V1(guard) => guard.cursor(),
            Guard::V2(_) => None,
        }
    }
}

impl Mark {
    /// Returns the position of the row's latest change.
    pub(crate) fn seq(&self) -> Seq {
        self.seq
    }

    /// Records that the row's latest change does not come from the present snapshot.
    pub(crate) fn leave_snapshot(&mut self) {
        self.repeats.leave_snapshot();
    }

    /// Records a change that the row may already contain.
    pub(crate) fn note_repeated(&mut self, patch: &str, append: &[Cow<'_, str>]) {
        self.repeats.note_repeated(patch, append);
    }

    /// Removes the appended elements from a patch that the row's lists already contain. Returns whether there were any.
    pub(crate) fn remove_repeated(
        &self,
        row: &Value,
        patch: &mut Value,
        append: &[Cow<'_, str>],
    ) -> bool {
        self.repeats.remove_repeated(row, patch, append)
    }
}
