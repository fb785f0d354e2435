//! The script of a run: a list of steps, each valid in any state.

use std::fmt;
use std::time::Duration;

use proptest::sample::Index;
use serde_json::Value;

use super::v2::{TapeAct, Trouble};

/// The rows' keys.
pub(super) const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// The smallest integer that the server sends as text.
pub(super) const BIG: i64 = 1 << 53;
/// The derived views: id, sorted field, whether descending, how many rows.
pub(super) const VIEWS: [(&str, &str, bool, usize); 3] = [
    ("Pool/top", "score", true, 3),
    ("Pool/low", "score", false, 2),
    // Sorted by a field that the struct does not have.
    ("Pool/hidden", "hidden", false, 3),
];

#[derive(Debug, Clone)]
pub(super) struct Script {
    /// The default queue capacity of streams.
    pub(super) capacity: usize,
    /// Whether one reader reads the whole list during the whole run.
    pub(super) anchored: bool,
    /// Whether `Step::Bad` takes effect.
    pub(super) errs: bool,
    /// Whether rows may still lack their required field at the end.
    pub(super) leaves_partial: bool,
    /// Whether the server sends rows that it forgot in part in full at the end.
    pub(super) mends: bool,
    /// Whether a sort value may become null or text. The server then sorts otherwise than it announces: a row
    /// keeps its place, and text comes after all numbers.
    pub(super) quirky: bool,
    pub(super) habits: Habits,
    pub(super) steps: Vec<Step>,
    /// A row that is sent once more at the very end, when everything is at rest.
    pub(super) moved: (&'static str, Value),
}

/// The server's limits and its behaviour without faults.
#[derive(Debug, Clone, Default)]
pub(super) struct Habits {
    pub(super) positions: Positions,
    /// The lifetime of tokens in seconds, if the server requires them.
    pub(super) token_life: Option<u64>,
    /// The number of cached rows. Beyond it, the least recently changed row is evicted.
    pub(super) row_limit: Option<usize>,
    /// The number of newest elements that a cached array keeps.
    pub(super) array_limit: Option<usize>,
    /// Whether `Fault::Restart` takes effect.
    pub(super) restarts: bool,
    /// Whether `Fault::Starve` takes effect, and the client has `stale_after` set.
    pub(super) starves: bool,
    /// The number of rows in a snapshot message, if it differs from the real server's.
    pub(super) batch: Option<usize>,
    /// Whether a snapshot has some rows twice, first in an old version.
    pub(super) doubled: bool,
    /// How many of the latest changes are sent again after a snapshot that includes them.
    pub(super) overlap: usize,
    /// Whether frames of a v2 subscription arrive after its end.
    pub(super) late_frames: bool,
    /// The number of records that the tape of v2 retains.
    pub(super) retained: Option<usize>,
    /// Whether lists and derived views of v2 send a `remove` for a deleted row.
    pub(super) only_removes: bool,
}

/// The positions of changes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Positions {
    /// Each change has its own slot: the first slot, and the distance between slots.
    Slots(u64, u64),
    /// All changes have the same position.
    Same,
    /// Several changes share a slot, with indices out of order. The distance between slots.
    Wavering(u64),
    /// Each change has its own slot, but some have no position.
    Lacking,
    /// Each change has its own slot, but some have one from long ago.
    Falling,
    #[default]
    None,
}

impl Positions {
    /// Whether positions never decrease.
    pub(super) fn are_in_order(self) -> bool {
        matches!(
            self,
            Positions::Slots(..) | Positions::Same | Positions::None
        )
    }

    /// Whether all changes have distinct positions in order, or none has one.
    pub(super) fn tell_apart(self) -> bool {
        matches!(self, Positions::Slots(..) | Positions::None)
    }
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Sends most fields of a row.
    Put(&'static str, Value),
    /// Sends some fields, and the paths that append.
    Patch(&'static str, Value, Vec<&'static str>),
    /// Sends a row again unchanged.
    Touch(&'static str),
    Delete(&'static str),
    /// Sends a value that fails to decode.
    Bad(&'static str, Value),
    Join(Spec),
    /// Adds a reader of a view that the server lacks.
    JoinUnknown,
    Leave(Index),
    /// Replaces a reader by another one.
    Replace(Index, Spec),
    /// Lets a reader read at most this many items.
    Read(Index, usize),
    /// Delivers the client's messages now.
    Sync,
    /// Delivers this many of the server's messages now, together.
    Deliver(usize),
    /// Lets time pass, in milliseconds.
    Wait(u64),
    /// Lets time pass while the client's machine sleeps, in milliseconds.
    Sleep(u64),
    /// Only under v2.
    Tape(TapeAct),
    Fault(Fault),
}

/// A fault between client and server.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The connection ends, and messages in flight are lost.
    Reset,
    /// The connection ends after the messages in flight.
    HangUp,
    /// Nothing arrives any more at either end.
    Cut,
    /// The server removes the client without a message. It answers pings, and closes the connection at the
    /// next message.
    Remove,
    /// The server ends one subscription without a message.
    Starve(Index),
    /// The server restarts without rows.
    Restart,
    /// Scripts the outcome of a later dial.
    Dial(Dial),
    /// Scripts the outcome of a later fetch of a token.
    Fetch(Fetch),
    /// Messages are slow from now on.
    Delay(Delay),
    /// A fault that only a v2 server has.
    V2(Trouble),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Fetch {
    Fails,
    Hangs,
    /// It takes this many milliseconds.
    Slow(u64),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Dial {
    Refused,
    Unanswered,
    /// It takes this many milliseconds.
    Slow(u64),
}

/// The delays of messages, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delay {
    pub(super) up: u64,
    pub(super) down: u64,
}

impl Default for Delay {
    fn default() -> Self {
        Delay { up: 10, down: 10 }
    }
}

impl Delay {
    pub(super) fn up(self) -> Duration {
        Duration::from_millis(self.up)
    }

    pub(super) fn down(self) -> Duration {
        Duration::from_millis(self.down)
    }
}

/// A reader.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spec {
    pub(super) source: Source,
    pub(super) form: Form,
    pub(super) policy: Policy,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// A part of the list, or of a derived view.
    Part {
        view: Option<usize>,
        part: Part,
    },
    /// A row of the list, or of a derived view.
    Key(Option<usize>, &'static str),
    Keys(Vec<&'static str>),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Part {
    pub(super) filter: Option<Filter>,
    pub(super) skip: usize,
    pub(super) take: Option<usize>,
    /// Only of the list.
    pub(super) no_snapshot: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Filter {
    Open,
    Unlimited,
    Scored(i8),
    /// Only under v2.
    Level(u8),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    Watch,
    Shared,
    Rich,
    RichShared,
    Changes,
    Try,
    Listen,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Policy {
    Default,
    Conflate(usize),
    Unbounded,
    /// A stream that cannot do this keeps the default.
    DropOldest(usize),
}

impl Script {
    /// Whether a derived view is read: a row that lacks a field takes a place in its window.
    pub(super) fn has_views(&self) -> bool {
        self.specs().any(|spec| spec.view().is_some())
    }

    /// Whether some reader reads the list without its snapshot.
    pub(super) fn is_bare(&self) -> bool {
        let bare =
            |spec: &Spec| matches!(&spec.source, Source::Part { part, .. } if part.no_snapshot);
        !self.anchored && self.specs().any(bare)
    }

    pub(super) fn has_bad_rows(&self) -> bool {
        let mut steps = self.steps.iter();
        self.errs && steps.any(|step| matches!(step, Step::Bad(..)))
    }

    fn specs(&self) -> impl Iterator<Item = &Spec> {
        self.steps.iter().filter_map(|step| match step {
            Step::Join(spec) | Step::Replace(_, spec) => Some(spec),
            _ => None,
        })
    }
}

impl fmt::Display for Script {
    /// A line for each step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = Script {
            steps: Vec::new(),
            ..self.clone()
        };
        writeln!(f, "{rest:?}")?;
        let mut steps = self.steps.iter();
        steps.try_for_each(|step| writeln!(f, "    {step:?}"))
    }
}

impl Spec {
    /// Returns the spec of a reader of the whole list.
    pub(super) fn whole_list() -> Self {
        Spec {
            source: Source::Part {
                view: None,
                part: Part::default(),
            },
            form: Form::Watch,
            policy: Policy::Default,
        }
    }

    /// Returns the derived view that is read, if any.
    pub(super) fn view(&self) -> Option<usize> {
        match &self.source {
            Source::Part { view, .. } | Source::Key(view, _) => *view,
            Source::Keys(_) => None,
        }
    }

    /// Returns whether a reader of the list reads this key. `None` if that depends on a row's content or
    /// place.
    pub(super) fn reads(&self, key: &str) -> Option<bool> {
        match &self.source {
            Source::Part { view: None, part } if *part == Part::default() => Some(true),
            Source::Key(None, of) => Some(*of == key),
            Source::Keys(keys) => Some(keys.contains(&key)),
            _ => None,
        }
    }
}

/// Replaces values that would make the server sort otherwise than it announces.
pub(super) fn tamed(mut fields: Value) -> Value {
    for name in ["score", "hidden"] {
        match fields.get_mut(name) {
            Some(value) if value.is_null() || value.as_i64().is_some_and(|n| n >= BIG) => {
                *value = Value::from(1);
            }
            _ => {}
        }
    }
    fields
}
