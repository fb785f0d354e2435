//! Random scripts with the steps of protocol v2.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, Index};

use super::super::draw;
use super::super::script::{Fault, Filter, Script, Source, Step, KEYS};
use super::server::{Trouble, COALESCED, RECOVERED};
use super::tape::{Select, Start, TapeAct, TapeSpec};

/// A v1 script with v2 steps in between, and a server with v2 habits.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    let steps = prop_oneof![
        1 => Just(Vec::new()),
        2 => vec((any::<Index>(), step()), 1..12),
    ];
    let tapes = prop_oneof![
        1 => Just(Vec::new()),
        1 => vec((any::<Index>(), tape_step()), 1..12),
    ];
    let habits = (
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.3),
        option::weighted(0.4, 1..9_usize),
    );
    (draw::script(), steps, tapes, habits).prop_map(|(mut script, steps, tapes, habits)| {
        for (at, step) in steps.into_iter().chain(tapes) {
            let at = at.index(script.steps.len() + 1);
            script.steps.insert(at, step);
        }
        let (late_frames, only_removes, retained) = habits;
        script.habits.late_frames = late_frames;
        script.habits.only_removes = only_removes;
        script.habits.retained = retained;
        script
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::JoinUnknown),
        2 => filtered(),
        6 => trouble().prop_map(|trouble| Step::Fault(Fault::V2(trouble))),
    ]
}

/// Something that happens to the tape or to its readers.
fn tape_step() -> impl Strategy<Value = Step> {
    let items = select(vec![1, 2, 4, 8, 100]);
    prop_oneof![
        4 => tape().prop_map(|spec| Step::Tape(TapeAct::Join(spec))),
        1 => any::<Index>().prop_map(|which| Step::Tape(TapeAct::Leave(which))),
        4 => (any::<Index>(), items)
            .prop_map(|(which, items)| Step::Tape(TapeAct::Read(which, items))),
        3 => select(vec![Trouble::Gap, Trouble::Gap, Trouble::Seal, Trouble::Lag, Trouble::Lag])
            .prop_map(|trouble| Step::Fault(Fault::V2(trouble))),
        1 => select(vec![Fault::Reset, Fault::HangUp, Fault::Restart]).prop_map(Step::Fault),
    ]
}

fn tape() -> impl Strategy<Value = TapeSpec> {
    let start = prop_oneof![
        3 => Just(Start::Oldest),
        1 => Just(Start::Now),
        1 => any::<Index>().prop_map(Start::After),
    ];
    let selected = prop_oneof![
        3 => Just(Select::All),
        1 => select(KEYS.to_vec()).prop_map(Select::Key),
        1 => Just(Select::Open),
        1 => (1..3_u8).prop_map(Select::Level),
    ];
    let capacity = prop_oneof![2 => 1..5_usize, 1 => Just(10_000)];
    let all = (start, selected, capacity, prop::bool::weighted(0.2));
    all.prop_map(|(start, select, capacity, ends_at_gap)| TapeSpec {
        start,
        select,
        capacity,
        ends_at_gap,
    })
}

/// A reader with a filter that the server applies.
fn filtered() -> impl Strategy<Value = Step> {
    (draw::spec(), select(vec![1_u8, 2])).prop_map(|(mut spec, level)| {
        if let Source::Part { part, .. } = &mut spec.source {
            part.filter = Some(Filter::Level(level));
        }
        Step::Join(spec)
    })
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let coalesced = || select(COALESCED.to_vec());
    prop_oneof![
        2 => select(RECOVERED.to_vec()).prop_map(Trouble::Recover),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(which, rescoped)| Trouble::End(which, rescoped)),
        3 => coalesced().prop_map(Trouble::Coalesce),
        2 => coalesced().prop_map(Trouble::Flush),
        2 => Just(Trouble::CatchUp),
        1 => coalesced().prop_map(Trouble::StopCoalescing),
        1 => Just(Trouble::Restart),
        2 => option::weighted(0.7, 0..4_usize).prop_map(Trouble::Limit),
    ]
}
