//! The nearest name to one that is unknown.

/// The name that is fewest slips away from this one, if it is few.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let slips = |known: &&'k str| (distance(name, known), *known);
    let (slips, known) = known.iter().map(slips).min()?;
    (slips <= name.len().max(known.len()) / 3).then_some(known)
}

/// How many characters to insert, remove or replace. Case aside: `roundId` is near to `round_id`.
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
    fn the_nearest_name_is_near() {
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
    fn distances_are_the_least() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("flaw", "lawn"), 2);
    }
}
