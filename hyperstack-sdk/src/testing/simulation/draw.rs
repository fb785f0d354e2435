//! Random scripts.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, Index};
use serde_json::{json, Value};

use super::script::{
    Delay, Dial, Fault, Fetch, Filter, Form, Habits, Part, Policy, Positions, Script, Source, Spec,
    Step, BIG, KEYS, VIEWS,
};

/// Most scripts are short, some are long.
pub(super) fn script() -> impl Strategy<Value = Script> {
    let flags = [any::<bool>(); 5];
    let steps = prop_oneof![
        3 => vec(step(), 0..40),
        1 => vec(step(), 0..200),
    ];
    let hidden = option::of(0..3).prop_map(|n| n.map_or(json!({}), |n| json!({"hidden": n})));
    let all = (0..6_usize, flags, habits(), steps, (key(), hidden));
    all.prop_map(|(capacity, flags, habits, steps, moved)| {
        let [anchored, errs, leaves_partial, mends, quirky] = flags;
        Script {
            capacity,
            anchored,
            errs,
            leaves_partial,
            mends,
            quirky,
            habits,
            steps,
            moved,
        }
    })
}

/// A server has only some of these habits.
fn habits() -> impl Strategy<Value = Habits> {
    // A client that resumes goes back by some slots.
    let leap = select(vec![1, 100, 1_000]);
    let slots = (select(vec![8, 300_000_000]), leap.clone());
    let positions = prop_oneof![
        1 => Just(Positions::None),
        1 => Just(Positions::Same),
        1 => leap.prop_map(Positions::Wavering),
        1 => select(vec![Positions::Lacking, Positions::Falling]),
        3 => slots.prop_map(|(first, leap)| Positions::Slots(first, leap)),
    ];
    let overlap = prop_oneof![4 => Just(0), 1 => 1..4_usize];
    // A token that never expires is fetched only once.
    let token_life = select(vec![15, 20, 90, 1_000_000]);
    (
        positions,
        option::weighted(0.3, token_life),
        option::weighted(0.2, 1..6_usize),
        option::weighted(0.2, 1..4_usize),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.3),
        option::weighted(0.3, 1..4_usize),
        prop::bool::weighted(0.2),
        overlap,
    )
        .prop_map(
            |(
                positions,
                token_life,
                row_limit,
                array_limit,
                restarts,
                starves,
                batch,
                doubled,
                overlap,
            )| {
                Habits {
                    positions,
                    token_life,
                    row_limit,
                    array_limit,
                    restarts,
                    starves,
                    batch,
                    doubled,
                    overlap,
                    ..Habits::default()
                }
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        19 => change(),
        15 => reading(),
        5 => Just(Step::Sync),
        8 => (0..9_usize).prop_map(Step::Deliver),
        5 => select(vec![1, 20, 60, 700, 6_000, 40_000]).prop_map(Step::Wait),
        1 => select(vec![20, 2_000, 50_000]).prop_map(Step::Sleep),
        3 => fault().prop_map(Step::Fault),
    ]
}

fn change() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (key(), fields(0.95)).prop_map(|(key, fields)| Step::Put(key, named(key, fields))),
        10 => patch(),
        2 => key().prop_map(Step::Touch),
        2 => key().prop_map(Step::Delete),
        1 => (key(), bad()).prop_map(|(key, fields)| Step::Bad(key, fields)),
    ]
}

fn reading() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => spec().prop_map(Step::Join),
        1 => any::<Index>().prop_map(Step::Leave),
        2 => (any::<Index>(), spec()).prop_map(|(reader, spec)| Step::Replace(reader, spec)),
        6 => (any::<Index>(), 0..4_usize).prop_map(|(reader, items)| Step::Read(reader, items)),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let dial = select(vec![
        Dial::Refused,
        Dial::Unanswered,
        Dial::Slow(500),
        Dial::Slow(9_000),
    ]);
    let fetch = select(vec![
        Fetch::Fails,
        Fetch::Hangs,
        Fetch::Slow(500),
        Fetch::Slow(9_000),
    ]);
    let millis = || select(vec![10, 0, 1, 300, 4_000, 12_000]);
    prop_oneof![
        4 => Just(Fault::Reset),
        2 => Just(Fault::HangUp),
        2 => Just(Fault::Cut),
        2 => Just(Fault::Remove),
        2 => any::<Index>().prop_map(Fault::Starve),
        2 => Just(Fault::Restart),
        3 => dial.prop_map(Fault::Dial),
        3 => fetch.prop_map(Fault::Fetch),
        3 => (millis(), millis()).prop_map(|(up, down)| Fault::Delay(Delay { up, down })),
    ]
}

fn key() -> impl Strategy<Value = &'static str> {
    select(KEYS.to_vec())
}

/// Any fields except the name, each with this probability.
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

/// A sort value, or none. There are few different values, so that ties occur, and both spellings of numbers.
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
        Form::Changes,
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
