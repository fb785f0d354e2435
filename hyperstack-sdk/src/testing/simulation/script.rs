//! What happens in a run: a list of steps, each of which means something in any state.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, Index};
use serde_json::{json, Value};

use super::super::{Seq, SeqSource};

/// The rows' keys.
pub(super) const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// The least integer that the server sends as text.
const BIG: i64 = 1 << 53;
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
    /// Whether rows may still lack their required field at the end.
    pub(super) leaves_partial: bool,
    /// Whether a value to sort by may become null or text. The server then has an order of its own: a
    /// row stays where it was, and text is behind all numbers.
    pub(super) quirky: bool,
    /// Where changes have their positions from.
    pub(super) seq: SeqSource,
    pub(super) steps: Vec<Step>,
    /// A row that moves at the very end, when nothing else does, though nothing of it changes.
    pub(super) moved: (&'static str, Value),
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
    Leave(Index),
    /// A reader reads so many items at most.
    Read(Index, usize),
    /// The server hears what the client has to say.
    Sync,
    /// The client gets so many messages at once.
    Deliver(usize),
    /// Time goes by, in milliseconds.
    Wait(u64),
    /// The connection is lost, and what was under way with it; it comes back some steps later.
    Lose,
    Reopen,
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

pub(super) fn script() -> impl Strategy<Value = Script> {
    let seq = select(vec![
        SeqSource::default(),
        SeqSource::default(),
        SeqSource::FromSlot(8),
        SeqSource::Fixed(Seq::new(7, 7)),
        SeqSource::Off,
    ]);
    let settings = (0..6_usize, any::<bool>(), any::<bool>(), any::<bool>(), seq);
    let steps = vec(step(), 1..90);
    let hidden = option::of(0..3).prop_map(|n| n.map_or(json!({}), |n| json!({"hidden": n})));
    (settings, steps, (key(), hidden)).prop_map(|(settings, steps, moved)| {
        let (capacity, anchored, leaves_partial, quirky, seq) = settings;
        Script {
            capacity,
            anchored,
            leaves_partial,
            quirky,
            seq,
            steps,
            moved,
        }
    })
}

impl Script {
    /// Whether a derived view is read: a row that lacks a field takes a place in its window.
    pub(super) fn has_views(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step, Step::Join(spec) if spec.view().is_some()))
    }

    pub(super) fn has_bad_rows(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step, Step::Bad(..)))
    }
}

impl Spec {
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

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (key(), fields(0.95)).prop_map(|(key, fields)| Step::Put(key, named(key, fields))),
        10 => patch(),
        2 => key().prop_map(Step::Touch),
        2 => key().prop_map(Step::Delete),
        1 => (key(), bad()).prop_map(|(key, fields)| Step::Bad(key, fields)),
        6 => spec().prop_map(Step::Join),
        1 => any::<Index>().prop_map(Step::Leave),
        6 => (any::<Index>(), 0..4_usize).prop_map(|(reader, items)| Step::Read(reader, items)),
        5 => Just(Step::Sync),
        8 => (0..9_usize).prop_map(Step::Deliver),
        1 => select(vec![20, 60, 6_000]).prop_map(Step::Wait),
        1 => select(vec![Step::Lose, Step::Reopen]),
    ]
}

fn key() -> impl Strategy<Value = &'static str> {
    select(KEYS.to_vec())
}

/// Any of the fields but the name, each with this probability.
fn fields(each: f64) -> impl Strategy<Value = Value> {
    let limit = prop_oneof![
        Just(Value::Null),
        (-2..3_i64).prop_map(Value::from),
        (0..3_i64).prop_map(|n| Value::from(BIG + n)),
    ];
    let status = select(vec![Value::Null, json!("open"), json!("shut")]);
    let level = select(vec![Value::Null, json!(1), json!(2)]);
    let maybe = move |value: BoxedStrategy<Value>| option::weighted(each, value);
    (
        maybe(number().boxed()),
        maybe(limit.boxed()),
        maybe(list().prop_map(Value::from).boxed()),
        maybe(status.boxed()),
        maybe(level.boxed()),
        maybe(number().boxed()),
    )
        .prop_map(|(score, limit, log, status, level, hidden)| {
            let row = [
                ("score", score),
                ("limit", limit),
                ("log", log),
                ("hidden", hidden),
            ];
            let meta = [("status", status), ("level", level)];
            let mut object = object(row);
            let meta = self::object(meta);
            if meta != json!({}) {
                object["meta"] = meta;
            }
            object
        })
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect())
}

/// A number to sort by, or none: few different ones, so that there are ties, of both spellings.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-1..4_i8).prop_map(Value::from),
        1 => (-1..3_i8).prop_map(|n| Value::from(f64::from(n) + 0.5)),
        1 => Just(json!(2.0)),
        1 => Just(Value::Null),
        1 => (0..3_i64).prop_map(|n| Value::from(BIG + n)),
    ]
}

fn list() -> impl Strategy<Value = Vec<u32>> {
    vec(0..9_u32, 0..3)
}

fn named(key: &str, mut fields: Value) -> Value {
    fields["name"] = Value::from(key);
    fields
}

fn patch() -> impl Strategy<Value = Step> {
    let name = option::weighted(0.3, select(vec!["", "!", "?"]));
    let append = option::weighted(0.4, list());
    (key(), fields(0.25), name, append).prop_map(|(key, mut fields, name, append)| {
        if let Some(suffix) = name {
            fields["name"] = Value::from(format!("{key}{suffix}"));
        }
        let mut paths = Vec::new();
        if let Some(items) = append {
            fields["log"] = Value::from(items);
            paths.push("log");
        }
        Step::Patch(key, fields, paths)
    })
}

fn bad() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"score": "bad"}),
        json!({"limit": 1.5, "score": 3}),
        json!({"log": [-1]}),
        json!({"name": null}),
        json!({"meta": {"level": 999, "status": "open"}}),
    ])
}

pub(super) fn spec() -> impl Strategy<Value = Spec> {
    let view = option::of(0..VIEWS.len());
    let source = prop_oneof![
        5 => (view.clone(), part()).prop_map(|(view, part)| Source::Part { view, part }),
        2 => (option::weighted(0.3, 0..VIEWS.len()), key())
            .prop_map(|(view, key)| Source::Key(view, key)),
        1 => vec(key(), 1..4).prop_map(Source::Keys),
    ];
    let form = select(vec![
        Form::Watch,
        Form::Shared,
        Form::Rich,
        Form::Rich,
        Form::RichShared,
        Form::Try,
        Form::Try,
        Form::Listen,
    ]);
    let policy = prop_oneof![
        2 => Just(Policy::Default),
        2 => (0..5_usize).prop_map(Policy::Conflate),
        1 => Just(Policy::Unbounded),
        2 => (0..5_usize).prop_map(Policy::DropOldest),
    ];
    (source, form, policy).prop_map(|(source, form, policy)| Spec {
        source,
        form,
        policy,
    })
}

fn part() -> impl Strategy<Value = Part> {
    let filter = prop_oneof![
        Just(Filter::Open),
        Just(Filter::Unlimited),
        (0..3_i8).prop_map(Filter::Scored),
    ];
    let filter = option::weighted(0.3, filter);
    let skip = prop_oneof![3 => Just(0), 1 => 1..4_usize];
    let take = option::weighted(0.5, 0..5_usize);
    let no_snapshot = prop::bool::weighted(0.2);
    (filter, skip, take, no_snapshot).prop_map(|(filter, skip, take, no_snapshot)| Part {
        filter,
        skip,
        take,
        no_snapshot,
    })
}
