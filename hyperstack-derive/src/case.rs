//! `rename_all`: the cases that serde knows, by serde's names.

/// A way to write the words of a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Case(&'static str);

/// All of them.
pub(crate) const CASES: &[&str] = &[
    "lowercase",
    "UPPERCASE",
    "PascalCase",
    "camelCase",
    "snake_case",
    "SCREAMING_SNAKE_CASE",
    "kebab-case",
    "SCREAMING-KEBAB-CASE",
];

impl Case {
    /// The case of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        CASES
            .iter()
            .find(|case| **case == name)
            .map(|case| Self(case))
    }

    /// A field's name in this case. A field is taken to be in snake case, as serde takes it.
    pub(crate) fn field(self, name: &str) -> String {
        match self.0 {
            "lowercase" | "snake_case" => name.to_owned(),
            "UPPERCASE" | "SCREAMING_SNAKE_CASE" => name.to_ascii_uppercase(),
            "PascalCase" => pascal(name),
            "camelCase" => uncapitalized(&pascal(name)),
            "kebab-case" => name.replace('_', "-"),
            _ => name.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// A variant's name in this case. A variant is taken to be in Pascal case, as serde takes it.
    pub(crate) fn variant(self, name: &str) -> String {
        match self.0 {
            "PascalCase" => name.to_owned(),
            "lowercase" => name.to_ascii_lowercase(),
            "UPPERCASE" => name.to_ascii_uppercase(),
            "camelCase" => uncapitalized(name),
            "snake_case" => words(name),
            "SCREAMING_SNAKE_CASE" => words(name).to_ascii_uppercase(),
            "kebab-case" => words(name).replace('_', "-"),
            _ => words(name).to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// `best_bet` as `BestBet`.
fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    let mut capitalize = true;
    for c in name.chars() {
        match c {
            '_' => capitalize = true,
            _ if std::mem::take(&mut capitalize) => pascal.push(c.to_ascii_uppercase()),
            _ => pascal.push(c),
        }
    }
    pascal
}

/// `BestBet` as `best_bet`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for (i, c) in name.char_indices() {
        if i > 0 && c.is_uppercase() {
            words.push('_');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// `BestBet` as `bestBet`.
fn uncapitalized(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// A type's name as that of a field: `OreRound` as `ore_round`, `NFTMint` as `nft_mint`.
pub(crate) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let ends_acronym = chars.get(i + 1).is_some_and(|next| next.is_lowercase());
        let begins = match before {
            None | Some('_') => false,
            Some(before) => c.is_uppercase() && (!before.is_uppercase() || ends_acronym),
        };
        if begins {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_variants_meet_in_every_case() {
        let wanted = [
            ("PascalCase", "BestBet"),
            ("camelCase", "bestBet"),
            ("snake_case", "best_bet"),
            ("SCREAMING_SNAKE_CASE", "BEST_BET"),
            ("kebab-case", "best-bet"),
            ("SCREAMING-KEBAB-CASE", "BEST-BET"),
        ];
        for (name, text) in wanted {
            let case = Case::named(name).unwrap();
            assert_eq!(case.field("best_bet"), text);
            assert_eq!(case.variant("BestBet"), text);
        }
        assert_eq!(
            Case::named("lowercase").unwrap().variant("BestBet"),
            "bestbet"
        );
        assert_eq!(
            Case::named("UPPERCASE").unwrap().field("best_bet"),
            "BEST_BET"
        );
        assert_eq!(Case::named("Snake"), None);
    }

    #[test]
    fn a_type_lends_its_name_to_a_field() {
        let wanted = [
            ("OreRound", "ore_round"),
            ("NFTMint", "nft_mint"),
            ("Top5Bets", "top5_bets"),
            ("Ore_Round", "ore_round"),
            ("A", "a"),
        ];
        for (name, field) in wanted {
            assert_eq!(snake(name), field);
        }
    }
}
