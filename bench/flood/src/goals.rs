//! The goals, and whether they are met.

use crate::contender::Contender;
use crate::contender::Generation::{self, V1, V2};
use crate::contender::Kind::{self, Floor, Ours, OursShared, Published};
use crate::results::{Figure, Results, P99, PER_CPU_SECOND, PER_WALL_SECOND, ROW_BYTES};

/// A goal and the measured figure.
pub struct Goal {
    pub text: String,
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

const ONE: &str = "one-10000";
const FEW: &str = "one-100";
const MANY: &str = "one-1000000";
const KEYS: &str = "keys-100";
const FULL: &str = "full-100";
const AT_ONCE: &str = "snapshot-100000";
const PACED: &str = "paced-100000";
const LATE: &str = "latency-100";
const LATE_OF_MANY: &str = "latency-10000";

use Bound::{AtLeast, AtMost};

/// Returns all goals.
pub fn goals(results: &Results) -> Vec<Goal> {
    let mut goals = to_published(results);
    for generation in Generation::ALL {
        goals.extend(to_floor(results, generation));
        goals.extend(to_itself(results, generation));
    }
    goals.extend(to_v1(results));
    goals.push(Goal {
        text: "updates lost, all runs of this SDK".to_owned(),
        bound: AtMost(0.0),
        found: lost(results),
        floor: None,
    });
    let failed = results.failed.iter();
    goals.push(Goal {
        text: "failed runs of this SDK".to_owned(),
        bound: AtMost(0.0),
        found: Some(failed.filter(|(_, contender)| contender.is_ours()).count() as f64),
        floor: None,
    });
    goals
}

/// Figures of this SDK, each as a ratio to that of the published client with the same protocol.
fn to_published(results: &Results) -> Vec<Goal> {
    let goal = |text: &str, bound, figure, (kind, generation), of, to| {
        let (client, published) = (
            Contender::new(kind, generation),
            Contender::new(Published, generation),
        );
        let to = (to, published);
        Goal {
            text: format!("{text}, to {}", published.title()),
            bound,
            found: results.ratio((of, client), to, figure),
            floor: results.ratio((of, client.same_protocol(Floor)), to, figure),
        }
    };
    let ours = |generation| (Ours, generation);
    let shared = |generation| (OursShared, generation);
    vec![
        goal(
            "updates per CPU second, 10,000 rows, one stream of owned values",
            AtLeast(50.0),
            PER_CPU_SECOND,
            ours(V1),
            ONE,
            ONE,
        ),
        goal(
            "the same with `.shared()`",
            AtLeast(100.0),
            PER_CPU_SECOND,
            shared(V1),
            ONE,
            ONE,
        ),
        goal(
            "updates per CPU second, 10,000 rows, one stream of owned values",
            AtLeast(500.0),
            PER_CPU_SECOND,
            ours(V2),
            ONE,
            ONE,
        ),
        goal(
            "the same with `.shared()`",
            AtLeast(900.0),
            PER_CPU_SECOND,
            shared(V2),
            ONE,
            ONE,
        ),
        goal(
            "updates per CPU second, 100 full streams, owned",
            AtLeast(20.0),
            PER_CPU_SECOND,
            ours(V1),
            FULL,
            FULL,
        ),
        goal(
            "the same with `.shared()`",
            AtLeast(100.0),
            PER_CPU_SECOND,
            shared(V1),
            FULL,
            FULL,
        ),
        goal(
            "rows per second of a snapshot of 100,000 rows, until the last row is read",
            AtLeast(20.0),
            PER_WALL_SECOND,
            ours(V1),
            PACED,
            PACED,
        ),
        goal(
            "resident memory per row, 10,000 rows",
            AtMost(0.25),
            ROW_BYTES,
            ours(V1),
            ONE,
            ONE,
        ),
        goal(
            "resident memory per row, 100,000 rows",
            AtMost(0.25),
            ROW_BYTES,
            ours(V1),
            PACED,
            PACED,
        ),
        goal(
            "p99 latency at 5,000 updates a second, 100 rows",
            AtMost(0.5),
            P99,
            ours(V1),
            LATE,
            LATE,
        ),
        goal(
            "p99 latency at 5,000 updates a second, 10,000 rows (0.6.9: 100 rows)",
            AtMost(0.5),
            P99,
            ours(V1),
            LATE_OF_MANY,
            LATE,
        ),
    ]
}

/// Figures of this SDK, each as a ratio to that of the floor in the same scenario.
fn to_floor(results: &Results, generation: Generation) -> Vec<Goal> {
    let all: [(&str, Bound, Figure, Kind, &str); 8] = [
        (
            "updates per CPU second, 10,000 rows, owned",
            AtLeast(0.35),
            PER_CPU_SECOND,
            Ours,
            ONE,
        ),
        (
            "updates per CPU second, 10,000 rows, `.shared()`",
            AtLeast(0.6),
            PER_CPU_SECOND,
            OursShared,
            ONE,
        ),
        (
            "updates per CPU second, 100 rows, owned",
            AtLeast(0.5),
            PER_CPU_SECOND,
            Ours,
            FEW,
        ),
        (
            "updates per CPU second, 100 rows, `.shared()`",
            AtLeast(0.6),
            PER_CPU_SECOND,
            OursShared,
            FEW,
        ),
        (
            "rows per CPU second of a snapshot of 100,000 rows, owned",
            AtLeast(0.9),
            PER_CPU_SECOND,
            Ours,
            AT_ONCE,
        ),
        (
            "the same with `.shared()`",
            AtLeast(0.9),
            PER_CPU_SECOND,
            OursShared,
            AT_ONCE,
        ),
        (
            "p99 latency at 5,000 updates a second, 100 rows",
            AtMost(1.2),
            P99,
            Ours,
            LATE,
        ),
        (
            "p99 latency at 5,000 updates a second, 10,000 rows",
            AtMost(1.2),
            P99,
            Ours,
            LATE_OF_MANY,
        ),
    ];
    let goal = |(text, bound, figure, kind, of)| {
        let client = Contender::new(kind, generation);
        let floor = client.same_protocol(Floor);
        Goal {
            text: format!("{}: {text}, to the floor", generation.name()),
            bound,
            found: results.ratio((of, client), (of, floor), figure),
            floor: None,
        }
    };
    all.into_iter().map(goal).collect()
}

/// Updates per CPU second of this SDK, each as a ratio to that in another scenario.
fn to_itself(results: &Results, generation: Generation) -> Vec<Goal> {
    let all = [
        (
            "100 rows to 1,000,000 rows, owned",
            AtMost(1.5),
            Ours,
            FEW,
            MANY,
        ),
        (
            "100 rows to 1,000,000 rows, `.shared()`",
            AtMost(1.6),
            OursShared,
            FEW,
            MANY,
        ),
        (
            "100 `watch_key` streams on 100 keys to one stream, owned",
            AtLeast(0.9),
            Ours,
            KEYS,
            FEW,
        ),
        (
            "100 `watch_key` streams on 100 keys to one stream, `.shared()`",
            AtLeast(0.9),
            OursShared,
            KEYS,
            FEW,
        ),
    ];
    let goal = |(text, bound, kind, of, to)| {
        let client = Contender::new(kind, generation);
        let ratio = |client| results.ratio((of, client), (to, client), PER_CPU_SECOND);
        Goal {
            text: format!("{}: updates per CPU second, {text}", generation.name()),
            bound,
            found: ratio(client),
            floor: ratio(client.same_protocol(Floor)),
        }
    };
    all.into_iter().map(goal).collect()
}

/// Updates per CPU second over v2, each as a ratio to that over v1.
fn to_v1(results: &Results) -> Vec<Goal> {
    let all = [
        ("10,000 rows, owned", Ours, ONE),
        ("10,000 rows, `.shared()`", OursShared, ONE),
        ("100 rows, owned", Ours, FEW),
        ("100 rows, `.shared()`", OursShared, FEW),
    ];
    let goal = |(text, kind, of)| {
        let ratio = |kind| {
            let client = |generation| (of, Contender::new(kind, generation));
            results.ratio(client(V2), client(V1), PER_CPU_SECOND)
        };
        Goal {
            text: format!("updates per CPU second, {text}, v2 to v1"),
            bound: AtLeast(0.97),
            found: ratio(kind),
            floor: ratio(Floor),
        }
    };
    all.into_iter().map(goal).collect()
}

fn lost(results: &Results) -> Option<f64> {
    let runs = results.rounds.iter().flatten();
    let runs = runs.filter(|measured| measured.contender.is_ours());
    runs.map(|measured| measured.lost() as f64)
        .reduce(|a, b| a + b)
}
