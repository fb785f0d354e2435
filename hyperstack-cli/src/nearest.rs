//! Suggests the nearest known name for an unknown one.

/// Returns ``, did you mean `near`?`` for the nearest name, or an empty text if no name is near.
pub fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(found, known) {
        Some(near) => format!(", did you mean `{near}`?"),
        None => String::new(),
    }
}

/// Returns the known name with the fewest edits, if these are at most a third of the longer name.
fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits = |name: &'a str| (strsim::osa_distance(found, name), name);
    let (edits, name) = known.into_iter().map(edits).min()?;
    (edits <= found.len().max(name.len()).div_ceil(3)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_gets_a_hint_and_an_unrelated_name_does_not() {
        let known = ["output_dir", "rust_output_dir", "flat_options"];
        assert_eq!(
            did_you_mean("outptu_dir", known),
            ", did you mean `output_dir`?"
        );
        assert_eq!(did_you_mean("xyzzy", known), "");
        assert_eq!(did_you_mean("anything", []), "");
    }
}
