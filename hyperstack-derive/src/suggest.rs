//! Suggests known names for an unknown one.

/// Returns a suggestion for `found`, which is not in `known`.
pub(crate) fn instead_of(found: &str, known: &[&str]) -> String {
    match nearest(found, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("expected {}", one_of(known)),
    }
}

/// Formats names as "`a`", "`a` or `b`", "`a`, `b` or `c`".
fn one_of(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// Returns the name with the smallest edit distance, if it is near enough.
fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let edits = |name: &&'a str| (distance(found, name), *name);
    let (edits, name) = known.iter().map(edits).min()?;
    (edits <= found.len().max(name.len()).div_ceil(3)).then_some(name)
}

/// Returns the edit distance: how many characters to insert, remove, replace or swap with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_gets_a_suggestion_and_nonsense_gets_all_names() {
        let known = ["rename", "alias", "default"];
        assert_eq!(instead_of("renam", &known), "did you mean `rename`?");
        assert_eq!(instead_of("alisa", &known), "did you mean `alias`?");
        let all = "expected `rename`, `alias` or `default`";
        assert_eq!(instead_of("xyzzy", &known), all);
    }
}
