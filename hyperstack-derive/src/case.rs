//! `rename_all`, with serde's cases and names.

/// A case of names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Case(&'static str);

/// The names of all cases.
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
    /// Returns the case with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        CASES
            .iter()
            .find(|case| **case == name)
            .map(|case| Self(case))
    }

    /// Converts a field's name to this case. Like serde, assumes that it is in snake case.
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

    /// Converts a variant's name to this case. Like serde, assumes that it is in Pascal case.
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

/// Converts `best_bet` to `BestBet`.
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

/// Converts `BestBet` to `best_bet`.
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

/// Converts `BestBet` to `bestBet`.
fn uncapitalized(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// Converts a type's name to a field name: `OreRound` to `ore_round`, `NFTMint` to `nft_mint`.
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
    fn fields_and_variants_convert_to_every_case() {
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
    fn type_names_convert_to_field_names() {
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
