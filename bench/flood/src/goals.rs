//! What is wanted, and whether it is so.

use crate::contender::Contender::{self, Floor, Ours, OursShared, Published};
use crate::results::{Of, Results, P99, PER_CPU_SECOND, PER_WALL_SECOND, ROW_BYTES};

/// A goal, with what was found.
pub struct Goal {
    pub text: &'static str,
    /// `None` where it was not measured.
    pub found: Option<f64>,
    pub bound: Bound,
}

pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    pub fn is_met(&self) -> Option<bool> {
        self.found.map(|found| match self.bound {
            Bound::AtLeast(least) => found >= least,
            Bound::AtMost(most) => found <= most,
        })
    }
}

/// All goals.
pub fn goals(results: &Results) -> Vec<Goal> {
    use Bound::{AtLeast, AtMost};
    let cpu = |of: Of<'_>, to: Of<'_>| results.ratio(of, to, PER_CPU_SECOND);
    let wall = |of: Of<'_>, to: Of<'_>| results.ratio(of, to, PER_WALL_SECOND);
    let goal = |text, found, bound| Goal { text, found, bound };
    let (one, few, many) = ("one-10000", "one-100", "one-1000000");
    vec![
        goal(
            "updates per CPU second, 10,000 rows, one stream of owned values, to 0.6.9",
            cpu((one, Ours), (one, Published)),
            AtLeast(50.0),
        ),
        goal(
            "the same with `.shared()`, to 0.6.9",
            cpu((one, OursShared), (one, Published)),
            AtLeast(100.0),
        ),
        goal(
            "the same with `.shared()`, to the floor",
            cpu((one, OursShared), (one, Floor)),
            AtLeast(0.6),
        ),
        goal(
            "cost of a patch, 1,000,000 rows to 100 rows, owned",
            cpu((few, Ours), (many, Ours)),
            AtMost(1.5),
        ),
        goal(
            "cost of a patch, 1,000,000 rows to 100 rows, `.shared()`",
            cpu((few, OursShared), (many, OursShared)),
            AtMost(1.5),
        ),
        goal(
            "100 `watch_key` streams on 100 keys, to one stream, owned",
            cpu(("keys-100", Ours), (few, Ours)),
            AtLeast(0.9),
        ),
        goal(
            "100 `watch_key` streams on 100 keys, to one stream, `.shared()`",
            cpu(("keys-100", OursShared), (few, OursShared)),
            AtLeast(0.9),
        ),
        goal(
            "100 full streams, owned, to 0.6.9",
            cpu(("full-100", Ours), ("full-100", Published)),
            AtLeast(20.0),
        ),
        goal(
            "100 full streams, `.shared()`, to 0.6.9",
            cpu(("full-100", OursShared), ("full-100", Published)),
            AtLeast(100.0),
        ),
        goal(
            "snapshot of 100,000 rows, to the last row at the reader, to 0.6.9",
            wall(("paced-100000", Ours), ("paced-100000", Published)),
            AtLeast(20.0),
        ),
        goal(
            "resident memory of one of 10,000 rows, to 0.6.9",
            results.ratio((one, Ours), (one, Published), ROW_BYTES),
            AtMost(0.25),
        ),
        goal(
            "resident memory of one of 100,000 rows, to 0.6.9",
            results.ratio(
                ("paced-100000", Ours),
                ("paced-100000", Published),
                ROW_BYTES,
            ),
            AtMost(0.25),
        ),
        goal(
            "p99 latency at 5,000 updates a second, 100 rows, to 0.6.9 with 100 rows",
            results.ratio(("latency-100", Ours), ("latency-100", Published), P99),
            AtMost(0.5),
        ),
        goal(
            "the same with 10,000 rows, to 0.6.9 with 100 rows",
            results.ratio(("latency-10000", Ours), ("latency-100", Published), P99),
            AtMost(0.5),
        ),
        goal(
            "updates lost, of all runs of ours",
            lost(results),
            AtMost(0.0),
        ),
    ]
}

fn lost(results: &Results) -> Option<f64> {
    let is_ours = |contender: Contender| matches!(contender, Ours | OursShared);
    let runs = results.rounds.iter().flatten();
    let runs = runs.filter(|measured| is_ours(measured.contender));
    runs.map(|measured| measured.lost() as f64)
        .reduce(|a, b| a + b)
}
