//! Runs the cases of an [`Ability`] with a library's struct, and records the results.

use crate::ability::{Ability, Case, ABILITIES, LOCATED};
use serde_json::Value;

/// A row of one library.
pub trait Subject: Sized + Clone {
    type Patch;

    /// Reads a row from JSON that sets every field.
    fn row(json: &str) -> Result<Self, String>;
    /// Whether this row equals the JSON.
    fn is(&self, json: &str) -> bool;
    /// Reads a patch from JSON. Libraries without appending ignore `append`.
    fn decode(json: &str, append: &[&str]) -> Result<Self::Patch, String>;
    /// Encodes the patch as JSON.
    fn encode(patch: &Self::Patch) -> Value;
    /// Merges a patch. Returns an error if the library has no merge.
    fn merge(&mut self, patch: Self::Patch) -> Result<(), String>;
    /// Returns the patch from this row to `later`, or `None` if the library has no difference.
    fn diff(&self, later: &Self) -> Option<Self::Patch>;
    /// Returns the error of a wrong patch with a crate around the decoder that adds the path, if one works.
    fn traced(_json: &str) -> Option<String> {
        None
    }
}

/// A library and its results.
pub struct Library {
    pub name: &'static str,
    /// The crates whose versions are printed. Ours is this repository's.
    pub crates: &'static [&'static str],
    /// One for each ability.
    pub results: [Outcome; ABILITIES.len()],
}

/// The result of a library with one struct.
pub struct Outcome {
    pub facts: Option<Facts>,
    /// The reason for a result other than "yes", else empty.
    pub why: &'static str,
}

/// The results of a struct that compiles.
pub struct Facts {
    /// How many patches were decoded correctly.
    pub decoded: usize,
    /// How many patches were merged correctly.
    pub merged: usize,
    /// How many patches there are.
    pub cases: usize,
    /// Whether, in every case, merging the difference into the first row gives the second.
    pub diff: bool,
    /// Whether the wrong patch was refused with its path.
    pub located: Located,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Located {
    /// By the library itself.
    Itself,
    /// With the crate `serde_path_to_error` around the decoder.
    Traced,
    /// Refused, but without the path, or not refused.
    No,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Yes,
    Partly,
    No,
    DoesNotCompile,
}

/// A struct that compiles.
pub fn compiles<S: Subject>(number: usize, why: &'static str) -> Outcome {
    let facts = Some(judge::<S>(&ABILITIES[number]));
    Outcome { facts, why }
}

/// A struct that does not compile.
pub fn does_not_compile(why: &'static str) -> Outcome {
    Outcome { facts: None, why }
}

impl Outcome {
    /// Sums up the facts. The error counts only if the case is about it.
    pub fn verdict(&self, number: usize) -> Verdict {
        let Some(facts) = &self.facts else {
            return Verdict::DoesNotCompile;
        };
        let right = facts.decoded + facts.merged;
        let located = number != LOCATED || facts.located == Located::Itself;
        match right {
            _ if right == 2 * facts.cases && located => Verdict::Yes,
            0 => Verdict::No,
            _ => Verdict::Partly,
        }
    }
}

fn judge<S: Subject>(ability: &Ability) -> Facts {
    let count = |holds: fn(&Case) -> bool| ability.cases.iter().filter(|case| holds(case)).count();
    Facts {
        decoded: count(decodes::<S>),
        merged: count(merges::<S>),
        cases: ability.cases.len(),
        diff: count(differs::<S>) == ability.cases.len(),
        located: locates::<S>(ability.wrong),
    }
}

fn decodes<S: Subject>(case: &Case) -> bool {
    // JSON cannot express appending, so only the merge shows whether it was understood.
    if !case.append.is_empty() && !merges::<S>(case) {
        return false;
    }
    let means: Value = serde_json::from_str(case.means).expect("the cases are JSON");
    S::decode(case.patch, case.append).is_ok_and(|patch| S::encode(&patch) == means)
}

fn merges<S: Subject>(case: &Case) -> bool {
    let merged = || {
        let mut row = S::row(case.row)?;
        row.merge(S::decode(case.patch, case.append)?)?;
        Ok::<_, String>(row)
    };
    merged().is_ok_and(|row| row.is(case.merged))
}

fn differs<S: Subject>(case: &Case) -> bool {
    let merged = || {
        let (mut row, later) = (S::row(case.row).ok()?, S::row(case.merged).ok()?);
        let patch = row.diff(&later)?;
        row.merge(patch).ok()?;
        Some(row)
    };
    merged().is_some_and(|row| row.is(case.merged))
}

fn locates<S: Subject>((json, path): (&str, &str)) -> Located {
    // The path ends where the reason begins.
    let has_path = |error: &str| {
        error
            .split(": ")
            .next()
            .is_some_and(|place| place.ends_with(path))
    };
    match S::decode(json, &[]) {
        Ok(_) => Located::No,
        Err(error) if has_path(&error) => Located::Itself,
        Err(_) if S::traced(json).is_some_and(|error| has_path(&error)) => Located::Traced,
        Err(_) => Located::No,
    }
}
