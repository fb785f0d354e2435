//! The nearest name to one that is unknown.

/// `, did you mean `near`?`, or nothing where no name is near.
pub(crate) fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(found, known) {
        Some(near) => format!(", did you mean `{near}`?"),
        None => String::new(),
    }
}

/// The name that is fewest edits away, if that is not too many.
fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits = |name: &'a str| (distance(found, name), name);
    let (edits, name) = known.into_iter().map(edits).min()?;
    (edits <= found.len().max(name.len()).div_ceil(3)).then_some(name)
}

/// How many characters to insert, remove, replace or swap with their neighbour.
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
    fn a_slip_is_forgiven_and_nonsense_is_not() {
        let known = ["output_dir", "rust_output_dir", "flat_options"];
        assert_eq!(
            did_you_mean("outptu_dir", known),
            ", did you mean `output_dir`?"
        );
        assert_eq!(did_you_mean("xyzzy", known), "");
        assert_eq!(did_you_mean("anything", []), "");
    }
}
