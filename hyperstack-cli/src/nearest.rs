//! The nearest name to one that is unknown.

/// `, did you mean `near`?`, or nothing where no name is near.
pub fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(found, known) {
        Some(near) => format!(", did you mean `{near}`?"),
        None => String::new(),
    }
}

/// The name that is fewest edits away, if that is not too many.
fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits = |name: &'a str| (strsim::osa_distance(found, name), name);
    let (edits, name) = known.into_iter().map(edits).min()?;
    (edits <= found.len().max(name.len()).div_ceil(3)).then_some(name)
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
