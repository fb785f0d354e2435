//! The laws, each over any shape, and their runner.

use crate::kind::{Described, Kind};
use crate::merge::merge_json;
use hyperstack_sdk::{Patch, PatchError, Patchable};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestError, TestRunner};
use serde_json::Value;
use std::cell::Cell;
use std::fmt;

/// The number of cases per shape.
const CASES: u32 = 1000;

/// At least one in this many cases must exercise each law, because many patches are errors.
const TELLING: u32 = 4;

/// A struct that derives `Section` or `Entity`, and is described.
pub(crate) trait Shape:
    Described + Patchable + TryFrom<P<Self>, Error = PatchError>
{
    /// Returns the result of a patch of a field that was never received.
    fn onto_nothing(patch: P<Self>) -> Result<Option<Self>, PatchError>;
}

pub(crate) type P<T> = <T as Patchable>::Patch;

/// A frame: a patch as JSON, and where it appends.
#[derive(Clone, Debug)]
struct Frame {
    json: Value,
    append: Vec<String>,
}

impl Frame {
    fn decode<T: Shape>(&self) -> P<T> {
        decode::<T>(&self.json, &self.append)
    }
}

/// A case: a value, and frames that may follow it.
#[derive(Clone, Debug)]
struct Case {
    a: Value,
    p: Frame,
    q: Frame,
    r: Frame,
}

/// A counterexample: texts that can be pasted into a test.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "let a = r##\"{}\"##;", self.a)?;
        for (name, Frame { json, append }) in [("p", &self.p), ("q", &self.q), ("r", &self.r)] {
            writeln!(f, "let {name} = (r##\"{json}\"##, &{append:?});")?;
        }
        Ok(())
    }
}

/// Generates cases of a shape.
fn cases(kind: &Kind) -> impl Strategy<Value = Case> {
    let frames = (frame(kind), frame(kind), frame(kind));
    (kind.value(), frames).prop_map(|(a, (p, q, r))| Case { a, p, q, r })
}

/// Generates frames. Each bit of the mask makes one possible path append.
fn frame(kind: &Kind) -> impl Strategy<Value = Frame> {
    let kind = kind.clone();
    (kind.patch(), any::<u16>()).prop_map(move |(json, mask)| {
        let paths = kind.append_paths(&json).into_iter().enumerate();
        let append = paths.filter(|(i, _)| mask >> (i % 16) & 1 == 1);
        let append = append.map(|(_, path)| path).collect();
        Frame { json, append }
    })
}

/// A law. Returns whether the case exercised it.
type Law = fn(&Kind, &Case) -> Result<bool, TestCaseError>;

/// Tries every law on many cases of a shape.
///
/// The seed is fixed, so that a failure depends only on the commit. There is no file of regressions: write a
/// test for each printed counterexample that you fix. `PROPTEST_RNG_SEED=7 PROPTEST_CASES=100000` tries other
/// cases.
pub(crate) fn hold<T: Shape>() {
    let laws: [(&str, Law); 7] = [
        ("a difference leads to what a patch can say", diff::<T>),
        ("then is one after the other", then::<T>),
        ("then is associative, with a unit", associative::<T>),
        ("what is written is read back", written::<T>),
        ("the typed merge is the server's", server::<T>),
        ("apply is all or nothing", atomic::<T>),
        ("what holds is not changed", holds::<T>),
    ];
    let given = Config::default();
    let config = Config {
        cases: match std::env::var_os("PROPTEST_CASES") {
            None => CASES,
            Some(_) => given.cases,
        },
        rng_seed: match given.rng_seed {
            RngSeed::Random => RngSeed::Fixed(53),
            fixed => fixed,
        },
        failure_persistence: None,
        ..given
    };
    let (kind, enough) = (T::kind(), config.cases / TELLING);
    let telling = laws.map(|_| Cell::new(0));
    let tried = TestRunner::new(config).run(&cases(&kind), |case| {
        for ((name, law), telling) in laws.iter().zip(&telling) {
            let outcomes = law(&kind, &case);
            let named = |broken| TestCaseError::fail(format!("{name}: {broken}"));
            telling.set(telling.get() + u32::from(outcomes.map_err(named)?));
        }
        Ok(())
    });
    match tried {
        Ok(()) => {}
        Err(TestError::Fail(broken, case)) => panic!("{broken}\nby\n{case}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
    for ((name, _), telling) in laws.iter().zip(telling) {
        let telling = telling.get();
        assert!(
            telling >= enough,
            "{name}: {telling} cases exercised the law"
        );
    }
}

fn decode<T: Shape>(json: &Value, append: &[String]) -> P<T> {
    P::<T>::decode(&json.to_string(), append).expect("a patch of this shape")
}

fn value<T: Shape>(json: &Value) -> Result<T, PatchError> {
    T::try_from(decode::<T>(json, &[]))
}

/// Applies a patch to a value. If that fails, the value must be unchanged.
fn applied<T: Shape>(a: &T, patch: P<T>) -> Result<Result<T, PatchError>, TestCaseError> {
    let mut b = a.clone();
    match b.apply(patch) {
        Ok(()) => Ok(Ok(b)),
        Err(error) => {
            prop_assert_eq!(&b, a, "unchanged on an error");
            prop_assert!(!error.path().is_empty(), "{}", error);
            Ok(Err(error))
        }
    }
}

/// `diff` turns `a` into any value that a patch can express, and comes as close as possible to others.
fn diff<T: Shape>(_: &Kind, case: &Case) -> Result<bool, TestCaseError> {
    let a: T = value(&case.a).expect("a value");
    prop_assert!(a.diff(&a).is_empty());
    let leads = |b: &T| -> Result<T, TestCaseError> {
        let diff = a.diff(b);
        // An append would be read as a replacement.
        round_trip::<T>(&diff)?;
        prop_assert!(a == *b || !diff.is_empty() || b.diff(b).is_empty());
        Ok(applied(&a, diff)?.expect("a difference can be applied"))
    };
    let mut telling = false;
    // A patch, one that is likely to be a small step, and a whole value, mostly a big one.
    for patch in [&case.p, &case.q] {
        if let Ok(b) = applied(&a, patch.decode::<T>())? {
            prop_assert_eq!(leads(&b)?, b);
            telling = true;
        }
    }
    // Between unrelated values, a patch cannot express some steps.
    if let Ok(b) = T::try_from(case.r.decode::<T>()) {
        let near = leads(&b)?;
        prop_assert!(near.diff(&b).is_empty(), "{:?} is not {:?}", near, b);
    }
    Ok(telling)
}

/// `then` applies both patches in order.
fn then<T: Shape>(kind: &Kind, case: &Case) -> Result<bool, TestCaseError> {
    let a: T = value(&case.a).expect("a value");
    let (p, mut q) = (&case.p, case.q.clone());
    kind.prune(&p.json, &mut q.json);
    let (p, q) = (p.decode::<T>(), q.decode::<T>());
    let Ok(b) = applied(&a, p.clone())? else {
        return Ok(false);
    };
    let Ok(in_turn) = applied(&b, q.clone())? else {
        return Ok(false);
    };
    prop_assert_eq!(applied(&a, p.then(q))?, Ok(in_turn));
    Ok(true)
}

/// `then` is associative, with the empty patch as its unit.
fn associative<T: Shape>(kind: &Kind, case: &Case) -> Result<bool, TestCaseError> {
    let (p, mut q, mut r) = (&case.p, case.q.clone(), case.r.clone());
    kind.prune(&p.json, &mut q.json);
    kind.prune(&p.json, &mut r.json);
    kind.prune(&q.json, &mut r.json);
    let (p, q, r) = (p.decode::<T>(), q.decode::<T>(), r.decode::<T>());
    let unit = P::<T>::default();
    prop_assert!(unit.is_empty());
    prop_assert_eq!(&p.clone().then(unit.clone()), &p);
    prop_assert_eq!(&unit.then(p.clone()), &p);
    let left = p.clone().then(q.clone()).then(r.clone());
    prop_assert_eq!(left, p.then(q.then(r)));
    Ok(true)
}

/// Encoding and decoding round-trip, from bytes and from a JSON tree.
fn written<T: Shape>(_: &Kind, case: &Case) -> Result<bool, TestCaseError> {
    for json in [&case.a, &case.p.json, &case.q.json] {
        let patch = decode::<T>(json, &[]);
        let read = serde_json::from_value::<P<T>>(json.clone());
        prop_assert_eq!(read.as_ref().ok(), Some(&patch), "bytes and tree differ");
        round_trip::<T>(&patch)?;
    }
    Ok(true)
}

fn round_trip<T: Shape>(patch: &P<T>) -> TestCaseResult {
    let text = serde_json::to_string(patch).expect("text");
    prop_assert_eq!(patch.is_empty(), text == "{}");
    let read = P::<T>::decode(&text, &[""; 0]);
    prop_assert_eq!(read.as_ref(), Ok(patch));
    let read = serde_json::from_str::<P<T>>(&text);
    prop_assert_eq!(read.as_ref().ok(), Some(patch));
    let tree = serde_json::to_value(patch).expect("tree");
    let read = serde_json::from_value::<P<T>>(tree);
    prop_assert_eq!(read.as_ref().ok(), Some(patch));
    Ok(())
}

/// The typed merge is the server's, errors included.
fn server<T: Shape>(_: &Kind, case: &Case) -> Result<bool, TestCaseError> {
    let (mut json, mut a) = (case.a.clone(), value::<T>(&case.a).expect("a value"));
    let mut telling = false;
    for frame in [&case.p, &case.q, &case.r] {
        let merged = merge_json(&json, &frame.json, &frame.append);
        let (served, typed) = (value::<T>(&merged), applied(&a, frame.decode::<T>())?);
        let same = match (&served, &typed) {
            (Ok(served), Ok(typed)) => served == typed,
            (Err(served), Err(typed)) => served.path() == typed.path(),
            _ => false,
        };
        prop_assert!(same, "served {:?}\n typed {:?}", served, typed);
        if let Ok(typed) = typed {
            (json, a, telling) = (merged, typed, true);
        }
    }
    Ok(telling)
}

/// `apply` is all or nothing, and returns whether it changed anything. On nothing, it fails exactly if a
/// value cannot be built.
fn atomic<T: Shape>(_: &Kind, case: &Case) -> Result<bool, TestCaseError> {
    let a: T = value(&case.a).expect("a value");
    for frame in [&case.p, &case.q] {
        let Ok(b) = applied(&a, frame.decode::<T>())? else {
            continue;
        };
        let changed = T::merge_patch(&mut a.clone(), &mut frame.decode::<T>());
        prop_assert_eq!(changed, Ok(a != b));
    }
    let built = T::try_from(case.q.decode::<T>());
    let onto = T::onto_nothing(case.q.decode::<T>());
    match (built, onto) {
        (Ok(built), Ok(onto)) => prop_assert_eq!(Some(built), onto),
        (Err(built), Err(onto)) => {
            prop_assert!(!built.path().is_empty());
            prop_assert_eq!(format!("it.{}", built.path()), onto.path());
            prop_assert_eq!(built.kind(), onto.kind());
        }
        (built, onto) => prop_assert!(false, "{:?} but {:?}", built, onto),
    }
    Ok(true)
}

/// `holds` is true for a value itself, and otherwise exactly for the patches that change nothing.
fn holds<T: Shape>(_: &Kind, case: &Case) -> Result<bool, TestCaseError> {
    let a: T = value(&case.a).expect("a value");
    prop_assert!(T::holds(&a, &T::diff_slots(&a, &a, true)));
    let mut outcomes = [false; 2];
    let mut ask = |a: &T, patch: P<T>| -> TestCaseResult {
        let unchanged = applied(a, patch.clone())?.as_ref() == Ok(a);
        prop_assert_eq!(T::holds(a, &patch), unchanged, "{:?} in {:?}", patch, a);
        outcomes[usize::from(unchanged)] = true;
        Ok(())
    };
    for frame in [&case.p, &case.q, &case.r] {
        let patch = decode::<T>(&frame.json, &[]);
        ask(&a, patch.clone())?;
        if let Ok(b) = applied(&a, patch.clone())? {
            ask(&b, patch)?;
            ask(&a, T::diff_slots(&a, &b, true))?;
            ask(&b, T::diff_slots(&a, &a, true))?;
        }
    }
    Ok(outcomes == [true; 2])
}
