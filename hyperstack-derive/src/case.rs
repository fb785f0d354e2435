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

    /// A field's name (`snake_case`) in this case.
    pub(crate) fn field(self, name: &str) -> String {
        self.write(
            name,
            &name.split('_').map(str::to_owned).collect::<Vec<_>>(),
        )
    }

    /// A variant's name (`PascalCase`) in this case.
    pub(crate) fn variant(self, name: &str) -> String {
        let mut words: Vec<String> = Vec::new();
        for c in name.chars() {
            match words.last_mut() {
                Some(word) if !c.is_uppercase() => word.push(c),
                _ => words.push(c.to_string()),
            }
        }
        self.write(name, &words)
    }

    fn write(self, name: &str, words: &[String]) -> String {
        let lower = |separator: &str| words.join(separator).to_lowercase();
        match self.0 {
            "lowercase" => name.to_lowercase(),
            "UPPERCASE" => name.to_uppercase(),
            "PascalCase" => words.iter().map(|word| capitalized(word)).collect(),
            "camelCase" => {
                let pascal: String = words.iter().map(|word| capitalized(word)).collect();
                let mut chars = pascal.chars();
                let first = chars.next().map(|c| c.to_ascii_lowercase());
                first.into_iter().chain(chars).collect()
            }
            "snake_case" => lower("_"),
            "SCREAMING_SNAKE_CASE" => lower("_").to_uppercase(),
            "kebab-case" => lower("-"),
            _ => lower("-").to_uppercase(),
        }
    }
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

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
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
