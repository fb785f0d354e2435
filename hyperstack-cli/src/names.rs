//! Converts names between cases, and escapes Rust keywords.

/// Splits a name into its words: two for each of `totalSOL`, `HTTPServer` and `top-10`.
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let chars: Vec<(usize, char)> = name.char_indices().collect();
    for (i, &(at, c)) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i].1);
        let after = chars.get(i + 1).map(|&(_, c)| c);
        let begins = match before {
            Some(before) if c.is_uppercase() => {
                !before.is_uppercase() || after.is_some_and(char::is_lowercase)
            }
            _ => false,
        };
        if !c.is_ascii_alphanumeric() {
            words.push(&name[start..at]);
            start = at + c.len_utf8();
        } else if begins {
            words.push(&name[start..at]);
            start = at;
        }
    }
    words.push(&name[start..]);
    words.retain(|word| !word.is_empty());
    words
}

/// Converts `totalSOL` to `total_sol`.
pub(crate) fn snake(name: &str) -> String {
    joined(name, "_")
}

/// Converts `HTTPServer` to `http-server`.
pub(crate) fn kebab(name: &str) -> String {
    joined(name, "-")
}

fn joined(name: &str, separator: &str) -> String {
    let words: Vec<_> = words(name).iter().map(|w| w.to_lowercase()).collect();
    words.join(separator)
}

/// Converts `SOLD_OUT` to `SoldOut`. A name that is already in Pascal case is unchanged.
pub(crate) fn pascal(name: &str) -> String {
    let is_pascal = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && name.contains(|c: char| c.is_ascii_lowercase());
    if is_pascal {
        return name.to_owned();
    }
    words(name)
        .iter()
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + &rest.to_lowercase()
        })
        .collect()
}

/// Returns a text such as `` `a`, `b` ``.
pub(crate) fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Converts a name of a program's struct to its wire name: a `_` before every capital letter but the first.
pub(crate) fn wire_snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// Converts a name to a valid identifier: `type` to `r#type`, `self` to `self_`, `2fa` to `_2fa`.
pub(crate) fn ident(name: &str) -> String {
    match name {
        "" => "_unnamed".to_owned(),
        "self" | "Self" | "super" | "crate" => format!("{name}_"),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => format!("_{name}"),
        _ if is_keyword(name) => format!("r#{name}"),
        _ => name.to_owned(),
    }
}

/// Returns whether an alphanumeric name is a keyword in any edition.
pub(crate) fn is_keyword(name: &str) -> bool {
    name == "gen" || syn::parse_str::<syn::Ident>(name).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_keeps_an_acronym_as_one_word() {
        for (name, snaked) in [
            ("round_id", "round_id"),
            ("stateInfo", "state_info"),
            ("totalSOL", "total_sol"),
            ("planPda_address", "plan_pda_address"),
            ("HTTPServer", "http_server"),
            ("top5", "top5"),
            ("top-10", "top_10"),
            ("v2-beta", "v2_beta"),
            ("__motherlode_raw", "motherlode_raw"),
            ("a.b c", "a_b_c"),
            ("é", ""),
        ] {
            assert_eq!(snake(name), snaked, "{name}");
        }
        assert_eq!(kebab("SettlementGame"), "settlement-game");
        assert_eq!(kebab("OreV3Stream"), "ore-v3-stream");
    }

    #[test]
    fn pascal_case_keeps_names_in_pascal_case() {
        for (name, cased) in [
            ("OreRound", "OreRound"),
            ("HTTPServer", "HTTPServer"),
            ("SOLD_OUT", "SoldOut"),
            ("SOL", "Sol"),
            ("active", "Active"),
            ("create_v2", "CreateV2"),
            ("v2-beta", "V2Beta"),
            ("my-stack", "MyStack"),
        ] {
            assert_eq!(pascal(name), cased, "{name}");
        }
    }

    #[test]
    fn wire_names_have_an_underscore_before_each_capital() {
        assert_eq!(wire_snake("isAuto"), "is_auto");
        assert_eq!(wire_snake("MyIDL"), "my_i_d_l");
    }

    #[test]
    fn keywords_and_digits_become_valid_identifiers() {
        for (name, ident_) in [
            ("type", "r#type"),
            ("gen", "r#gen"),
            ("union", "union"),
            ("self", "self_"),
            ("2fa", "_2fa"),
            ("", "_unnamed"),
        ] {
            assert_eq!(ident(name), ident_, "{name}");
        }
    }
}
