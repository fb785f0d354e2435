//! Random scripts with the steps of protocol v2.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, Index};

use super::super::draw;
use super::super::script::{Fault, Filter, Script, Source, Step};
use super::server::{Trouble, COALESCED, RECOVERED};

/// A v1 script with v2 steps in between, and a server with v2 habits.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    let steps = prop_oneof![
        1 => Just(Vec::new()),
        2 => vec((any::<Index>(), step()), 1..12),
    ];
    let habits = (prop::bool::weighted(0.3), prop::bool::weighted(0.3));
    (draw::script(), steps, habits).prop_map(|(mut script, steps, habits)| {
        for (at, step) in steps {
            let at = at.index(script.steps.len() + 1);
            script.steps.insert(at, step);
        }
        (script.habits.late_frames, script.habits.only_removes) = habits;
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
