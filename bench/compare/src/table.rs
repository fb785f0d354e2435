//! The comparison in Markdown.

use crate::ability::ABILITIES;
use crate::judge::{Facts, Library, Located, Outcome, Verdict};

const HEAD: &str = "\
# Derived patches compared with other crates

Written by `cargo run -p compare > compare/COMPARE.md`, run in `bench`. `cargo test -p compare` fails if
this file differs from the program's output.
";

const RULES: &str = "\
Each library gets the same JSON: rows, patches, and the rows that result from a merge by the server's
rules. The first column is this repository's `hyperstack-sdk`. struct-patch has its features `nesting` and
`none_as_default` on. Each library is used as its documentation advises. serde_with fills serde's gaps for
all of them. The column serde is serde alone, with the double option of serde_with.

A cell is *yes* if every patch was decoded and merged correctly, *no* if none was, and *partly* otherwise.
The last row also requires an error with a path.
";

const FACTS: &str = "\
## Results for each struct

`d` is the number of patches that were decoded correctly (encoded again, they are the same JSON), `m` the
number that were merged correctly. `diff`: the library computes the patch between two rows, and merging it
into the first row gives the second. `path`: the error of a wrong patch has the path. `(path)`: it has the
path only with the crate `serde_path_to_error` around the decoder.
";

/// Returns the whole file.
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

/// Returns the version of a crate in the lock file.
fn locked(name: &str) -> &'static str {
    let (_, rest) = include_str!("../../Cargo.lock")
        .split_once(&format!("name = \"{name}\"\nversion = \""))
        .expect("the crate is locked");
    rest.split('"').next().unwrap_or_default()
}

/// Formats a row for each ability and a column for each library.
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

/// Returns the number of a note, and adds the note if it is new.
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
    fn the_committed_table_is_up_to_date() {
        assert_eq!(markdown(&libraries()), include_str!("../COMPARE.md"));
    }

    #[test]
    fn ours_passes_every_case() {
        let [ours, ..] = libraries();
        for (number, outcome) in ours.results.iter().enumerate() {
            let name = ABILITIES[number].name;
            assert_eq!(outcome.verdict(number), Verdict::Yes, "{name}");
            let facts = outcome.facts.as_ref().expect("ours compiles");
            assert!(facts.diff && facts.located == Located::Itself, "{name}");
        }
    }

    #[test]
    fn exactly_the_cells_other_than_yes_have_a_reason() {
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
