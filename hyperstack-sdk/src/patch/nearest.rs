//! Finds the known name that is nearest to an unknown one.

/// Returns the known name with the smallest edit distance, if it is near enough.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let slips = |known: &&'k str| (distance(name, known), *known);
    let (slips, known) = known.iter().map(slips).min()?;
    (slips <= name.len().max(known.len()) / 3).then_some(known)
}

/// Whether two names are probably spellings of the same name: `last_price` and `lastPrice`, or, if they have at least
/// five letters, `last_price` and `lastPrise`.
pub(crate) fn is_respelled(name: &str, other: &str) -> bool {
    let plain = |name: &str| name.replace(|c: char| !c.is_alphanumeric(), "");
    let (name, other) = (plain(name), plain(other));
    let most = usize::from(name.len().min(other.len()) >= 5);
    distance(&name, &other) <= most
}

/// Returns the edit distance: how many characters to insert, remove or replace. Ignores case, so that `roundId` is near
/// to `round_id`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_suggested() {
        let known = ["status", "round_id", "x"];
        assert_eq!(nearest("statsu", &known), Some("status"));
        assert_eq!(nearest("Status", &known), Some("status"));
        assert_eq!(nearest("roundId", &known), Some("round_id"));
        assert_eq!(nearest("motherlode", &known), None);
        assert_eq!(nearest("stable", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(nearest("y", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn names_in_another_spelling_are_recognized() {
        assert!(is_respelled("last_price", "lastPrice"));
        assert!(is_respelled("last_price", "Last-Prise"));
        for (name, other) in [
            ("closed_at", "closed_by"),
            ("high_24h", "high_1h"),
            ("amount_in", "amount_out"),
            ("ask", "asks"),
        ] {
            assert!(!is_respelled(name, other), "{name}");
        }
    }

    #[test]
    fn the_distance_counts_the_fewest_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("flaw", "lawn"), 2);
    }
}
