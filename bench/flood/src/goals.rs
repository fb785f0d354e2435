//! The goals, and whether they are met.

use crate::contender::Contender::{self, Floor, Ours, OursShared, Published};
use crate::results::{Results, P99, PER_CPU_SECOND, PER_WALL_SECOND, ROW_BYTES};

/// A goal and the measured figure.
pub struct Goal {
    pub text: &'static str,
    pub bound: Bound,
    /// `None` where it was not measured.
    pub found: Option<f64>,
    /// The floor's figure, which no client can beat.
    pub floor: Option<f64>,
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

/// Returns all goals. Scenarios are named by their rows.
pub fn goals(results: &Results) -> Vec<Goal> {
    use Bound::{AtLeast, AtMost};
    const ONE: &str = "one-10000";
    const FEW: &str = "one-100";
    const MANY: &str = "one-1000000";
    const KEYS: &str = "keys-100";
    const FULL: &str = "full-100";
    const SNAPSHOT: &str = "paced-100000";
    const LATE: &str = "latency-100";
    const LATE_OF_MANY: &str = "latency-10000";

    // The ratio of two figures, each of a client in a scenario.
    let goal = |text, bound, figure, contender, of, to: (&str, Option<Contender>)| {
        let ratio = |contender| {
            let (to, other) = to;
            results.ratio((of, contender), (to, other.unwrap_or(contender)), figure)
        };
        Goal {
            text,
            bound,
            found: ratio(contender),
            floor: ratio(Floor).filter(|_| to.1 != Some(Floor)),
        }
    };
    let (published, itself) = (Some(Published), None);
    vec![
        goal(
            "updates per CPU second, 10,000 rows, one stream of owned values, to 0.6.9",
            AtLeast(50.0),
            PER_CPU_SECOND,
            Ours,
            ONE,
            (ONE, published),
        ),
        goal(
            "the same with `.shared()`, to 0.6.9",
            AtLeast(100.0),
            PER_CPU_SECOND,
            OursShared,
            ONE,
            (ONE, published),
        ),
        goal(
            "the same with `.shared()`, to the floor",
            AtLeast(0.6),
            PER_CPU_SECOND,
            OursShared,
            ONE,
            (ONE, Some(Floor)),
        ),
        goal(
            "updates per CPU second, 100 rows to 1,000,000 rows, owned",
            AtMost(1.5),
            PER_CPU_SECOND,
            Ours,
            FEW,
            (MANY, itself),
        ),
        goal(
            "updates per CPU second, 100 rows to 1,000,000 rows, `.shared()`",
            AtMost(1.5),
            PER_CPU_SECOND,
            OursShared,
            FEW,
            (MANY, itself),
        ),
        goal(
            "100 `watch_key` streams on 100 keys, to one stream, owned",
            AtLeast(0.9),
            PER_CPU_SECOND,
            Ours,
            KEYS,
            (FEW, itself),
        ),
        goal(
            "100 `watch_key` streams on 100 keys, to one stream, `.shared()`",
            AtLeast(0.9),
            PER_CPU_SECOND,
            OursShared,
            KEYS,
            (FEW, itself),
        ),
        goal(
            "100 full streams, owned, to 0.6.9",
            AtLeast(20.0),
            PER_CPU_SECOND,
            Ours,
            FULL,
            (FULL, published),
        ),
        goal(
            "100 full streams, `.shared()`, to 0.6.9",
            AtLeast(100.0),
            PER_CPU_SECOND,
            OursShared,
            FULL,
            (FULL, published),
        ),
        goal(
            "snapshot of 100,000 rows, to the last row at the reader, to 0.6.9",
            AtLeast(20.0),
            PER_WALL_SECOND,
            Ours,
            SNAPSHOT,
            (SNAPSHOT, published),
        ),
        goal(
            "resident memory per row, 10,000 rows, to 0.6.9",
            AtMost(0.25),
            ROW_BYTES,
            Ours,
            ONE,
            (ONE, published),
        ),
        goal(
            "resident memory per row, 100,000 rows, to 0.6.9",
            AtMost(0.25),
            ROW_BYTES,
            Ours,
            SNAPSHOT,
            (SNAPSHOT, published),
        ),
        goal(
            "p99 latency at 5,000 updates a second, 100 rows, to 0.6.9 with 100 rows",
            AtMost(0.5),
            P99,
            Ours,
            LATE,
            (LATE, published),
        ),
        goal(
            "the same with 10,000 rows, to 0.6.9 with 100 rows",
            AtMost(0.5),
            P99,
            Ours,
            LATE_OF_MANY,
            (LATE, published),
        ),
        Goal {
            text: "updates lost, all runs of this SDK",
            bound: AtMost(0.0),
            found: lost(results),
            floor: None,
        },
    ]
}

fn lost(results: &Results) -> Option<f64> {
    let is_ours = |contender: Contender| matches!(contender, Ours | OursShared);
    let runs = results.rounds.iter().flatten();
    let runs = runs.filter(|measured| is_ours(measured.contender));
    runs.map(|measured| measured.lost() as f64)
        .reduce(|a, b| a + b)
}
