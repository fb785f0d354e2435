//! What happens in a run: a list of steps, each of which means something in any state.

use std::fmt;
use std::time::Duration;

use proptest::sample::Index;
use serde_json::Value;

use super::v2::Trouble;

/// The rows' keys.
pub(super) const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// The least integer that the server sends as text.
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
    /// What a stream holds for its reader before it conflates, unless it says so.
    pub(super) capacity: usize,
    /// Whether somebody reads the whole list from beginning to end.
    pub(super) anchored: bool,
    /// Whether values come that do not fit, where the script says so.
    pub(super) errs: bool,
    /// Whether rows may still lack their required field at the end.
    pub(super) leaves_partial: bool,
    /// Whether rows of which the server has forgotten a part are sent in full at the end.
    pub(super) mends: bool,
    /// Whether a value to sort by may become null or text. The server then has an order of its own: a
    /// row stays where it was, and text is behind all numbers.
    pub(super) quirky: bool,
    pub(super) habits: Habits,
    pub(super) steps: Vec<Step>,
    /// A row that moves at the very end, when nothing else does, though nothing of it changes.
    pub(super) moved: (&'static str, Value),
}

/// What a server keeps, and what it does to its clients without any fault in between.
#[derive(Debug, Clone, Default)]
pub(super) struct Habits {
    pub(super) positions: Positions,
    /// How many seconds a token lives, where it wants one.
    pub(super) token_life: Option<u64>,
    /// How many rows are cached: one more, and the one that changed least recently is forgotten.
    pub(super) row_limit: Option<usize>,
    /// How many elements of an array are cached, the newest.
    pub(super) array_limit: Option<usize>,
    /// Whether it restarts where the script says so.
    pub(super) restarts: bool,
    /// Whether it ends subscriptions where the script says so, and the client knows that it may.
    pub(super) starves: bool,
    /// How many rows a snapshot's message has, where it is not the real server's number.
    pub(super) batch: Option<usize>,
    /// Whether rows come twice in a snapshot, as they were before and as they are.
    pub(super) doubled: bool,
    /// How many of the last changes come after the snapshot that has them already.
    pub(super) overlap: usize,
    /// Whether frames of a v2 subscription come after its end.
    pub(super) late_frames: bool,
    /// Whether lists and derived views of v2 only say that a deleted row left.
    pub(super) only_removes: bool,
}

/// Where changes have their positions from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Positions {
    /// A slot each, from one on and so far apart.
    Slots(u64, u64),
    /// All are of one event.
    Same,
    /// Some to a slot, and within it back and forth; the slots are so far apart.
    Wavering(u64),
    /// A slot each, but that some changes have no position.
    Lacking,
    /// A slot each, but that some changes are of a time long past.
    Falling,
    #[default]
    None,
}

impl Positions {
    /// Whether the later of two changes is never the one with the lesser position.
    pub(super) fn are_in_order(self) -> bool {
        matches!(
            self,
            Positions::Slots(..) | Positions::Same | Positions::None
        )
    }

    /// Whether each change has a position of its own, in order, or none has any.
    pub(super) fn tell_apart(self) -> bool {
        matches!(self, Positions::Slots(..) | Positions::None)
    }
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Most fields of a row.
    Put(&'static str, Value),
    /// Some fields, and where these append.
    Patch(&'static str, Value, Vec<&'static str>),
    /// The fields that the server has already.
    Touch(&'static str),
    Delete(&'static str),
    /// A value that does not fit.
    Bad(&'static str, Value),
    Join(Spec),
    /// A reader of a view that the server does not have.
    JoinUnknown,
    Leave(Index),
    /// A reader leaves for another one.
    Replace(Index, Spec),
    /// A reader reads so many items at most.
    Read(Index, usize),
    /// What the client has said arrives now.
    Sync,
    /// So many of the server's messages arrive now, at once.
    Deliver(usize),
    /// Time goes by, in milliseconds.
    Wait(u64),
    /// Time goes by while the client's machine is asleep.
    Sleep(u64),
    Fault(Fault),
}

/// What goes wrong between client and server.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The connection ends, and what is under way is lost.
    Reset,
    /// The connection ends after what is under way.
    HangUp,
    /// Nothing arrives any more at either end.
    Cut,
    /// The server removes the client without a word: it answers pings, and hangs up at the next message.
    Remove,
    /// The server ends one subscription without a word.
    Starve(Index),
    /// The server ends, and starts without a row.
    Restart,
    /// What a later dial meets.
    Dial(Dial),
    /// What a later fetch of a token meets.
    Fetch(Fetch),
    /// Messages are slow from now on.
    Delay(Delay),
    /// What only a v2 server does.
    V2(Trouble),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Fetch {
    Fails,
    Hangs,
    /// It takes so many milliseconds.
    Slow(u64),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Dial {
    Refused,
    Unanswered,
    /// It takes so many milliseconds.
    Slow(u64),
}

/// How long messages are under way, in milliseconds.
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

    /// Whether somebody may have the list without what was there first.
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
    /// Who reads everything.
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

    /// The derived view that is read, if it is one.
    pub(super) fn view(&self) -> Option<usize> {
        match &self.source {
            Source::Part { view, .. } | Source::Key(view, _) => *view,
            Source::Keys(_) => None,
        }
    }

    /// Whether rows of this key are read, whatever is in them and wherever they are; only of the list.
    pub(super) fn reads(&self, key: &str) -> Option<bool> {
        match &self.source {
            Source::Part { view: None, part } if *part == Part::default() => Some(true),
            Source::Key(None, of) => Some(*of == key),
            Source::Keys(keys) => Some(keys.contains(&key)),
            _ => None,
        }
    }
}

/// Replaces what would make the server sort in an order of its own.
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
