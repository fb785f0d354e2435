//! The comparison in Markdown.

use crate::ability::ABILITIES;
use crate::judge::{Facts, Library, Located, Outcome, Verdict};

const HEAD: &str = "\
# Derived patches beside other crates

Made by `cargo run -p compare > compare/COMPARE.md`, run in `bench`; `cargo test -p compare` fails
where this file is not what the program prints.
";

const RULES: &str = "\
Each library is given the same JSON: rows, patches, and the rows that a merge by the server's rules
makes of them. The first column is this repository's `hyperstack-sdk`, as it is beside this file;
struct-patch has its features `nesting` and `none_as_default` on. Each is used as its documentation
advises; where a gap is serde's, serde_with fills it for all. The column serde is serde alone, with
the double option of serde_with.

A cell is *yes* where every patch was decoded and merged right, *no* where none was, and *partly*
between these. In the last row the error counts too.
";

const FACTS: &str = "\
## What was found for each struct

`d` is how many patches were decoded right (written again as JSON, they say the same), `m` how many
merged right. `diff`: the library makes the patch between two rows, and merging that into the first
row makes the second. `path`: the error of a wrong patch tells where it is; `(path)`: only with the
crate `serde_path_to_error` around the decoder.
";

/// The whole file.
pub fn markdown(libraries: &[Library]) -> String {
    let crates = libraries.iter().flat_map(|library| library.crates);
    let versions: Vec<_> = crates
        .map(|name| format!("`{name}` {}", locked(name)))
        .collect();
    let versions = versions.join(", ");
    let mut notes = Vec::new();
    let verdicts = table(libraries, |number, outcome| {
        let verdict = match outcome.verdict(number) {
            Verdict::Yes => "yes",
            Verdict::Partly => "partly",
            Verdict::No => "no",
            Verdict::DoesNotCompile => "does not compile",
        };
        match outcome.why {
            "" => verdict.to_owned(),
            why => format!("{verdict} [{}]", note(&mut notes, why)),
        }
    });
    let facts = table(libraries, |_, outcome| match &outcome.facts {
        Some(facts) => found(facts),
        None => "–".to_owned(),
    });
    let notes = notes.iter().enumerate();
    let notes: String = notes
        .map(|(i, why)| format!("{}. {why}\n", i + 1))
        .collect();
    format!("{HEAD}\nVersions: {versions}.\n\n{RULES}\n{verdicts}\n{notes}\n{FACTS}\n{facts}")
}

/// The version of a crate that this was built with.
fn locked(name: &str) -> &'static str {
    let (_, rest) = include_str!("../../Cargo.lock")
        .split_once(&format!("name = \"{name}\"\nversion = \""))
        .expect("the crate is locked");
    rest.split('"').next().unwrap_or_default()
}

/// A row for each ability, a column for each library.
fn table(libraries: &[Library], mut cell: impl FnMut(usize, &Outcome) -> String) -> String {
    let mut text = String::from("| |");
    for library in libraries {
        text += &format!(" {} |", library.name);
    }
    text += &format!("\n|---|{}\n", "---|".repeat(libraries.len()));
    for (number, ability) in ABILITIES.iter().enumerate() {
        text += &format!("| {}. {} |", number + 1, ability.name);
        for library in libraries {
            text += &format!(" {} |", cell(number, &library.results[number]));
        }
        text += "\n";
    }
    text
}

/// The number of a note, which is written once.
fn note(notes: &mut Vec<&'static str>, why: &'static str) -> usize {
    let known = notes.iter().position(|note| *note == why);
    let index = known.unwrap_or_else(|| {
        notes.push(why);
        notes.len() - 1
    });
    index + 1
}

fn found(facts: &Facts) -> String {
    let cases = facts.cases;
    let mut text = format!("d {}/{cases}, m {}/{cases}", facts.decoded, facts.merged);
    if facts.diff {
        text += ", diff";
    }
    text += match facts.located {
        Located::Itself => ", path",
        Located::Traced => ", (path)",
        Located::No => "",
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries;

    #[test]
    fn the_committed_table_is_what_comes_out() {
        assert_eq!(markdown(&libraries()), include_str!("../COMPARE.md"));
    }

    #[test]
    fn ours_does_all() {
        let [ours, ..] = libraries();
        for (number, outcome) in ours.results.iter().enumerate() {
            let name = ABILITIES[number].name;
            assert_eq!(outcome.verdict(number), Verdict::Yes, "{name}");
            let facts = outcome.facts.as_ref().expect("ours compiles");
            assert!(facts.diff && facts.located == Located::Itself, "{name}");
        }
    }

    #[test]
    fn what_is_not_yes_has_a_reason_and_what_is_has_none() {
        for library in libraries() {
            for (number, outcome) in library.results.iter().enumerate() {
                let yes = outcome.verdict(number) == Verdict::Yes;
                assert_eq!(
                    yes,
                    outcome.why.is_empty(),
                    "{} {}",
                    library.name,
                    number + 1
                );
            }
        }
    }
}
