//! What the values of flags may be, and what they could have been.

use std::fs;
use std::path::{Path, PathBuf};

/// The package that generated crates depend on.
const SDK: &str = "hyperstack-sdk";

/// A name that cargo takes, and that Rust code can say.
pub(super) fn crate_name(name: &str) -> Result<String, String> {
    let reason = if name.is_empty() {
        "it is empty".to_owned()
    } else if let Some(c) = name.chars().find(|c| !is_in_names(*c)) {
        format!("`{c}` is neither a letter, a digit, `-` nor `_`")
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        "it begins with neither a letter nor `_`".to_owned()
    } else if syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_err() {
        "it is a word of the language".to_owned()
    } else if matches!(
        name,
        "alloc" | "core" | "proc-macro" | "proc_macro" | "std" | "test"
    ) {
        "it is a crate of the language".to_owned()
    } else if name.replace('_', "-") == SDK {
        "it is the crate that it depends on".to_owned()
    } else {
        return Ok(name.to_owned());
    };
    Err(format!("{reason}; `{}` would do", similar_name(name)))
}

fn is_in_names(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// A name that is allowed, in place of one that is not.
fn similar_name(name: &str) -> String {
    let parts = name.split(|c| !is_in_names(c) || c == '-');
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let joined = parts.join("-");
    if joined.is_empty() {
        "my-stack".to_owned()
    } else if joined.starts_with(|c: char| c.is_ascii_digit()) {
        format!("stack-{joined}")
    } else if joined == name {
        format!("{name}-stack")
    } else {
        joined
    }
}

/// The address of a WebSocket.
pub(super) fn url(url: &str) -> Result<String, String> {
    let lower = url.to_ascii_lowercase();
    let host = lower.strip_prefix("ws://").or(lower.strip_prefix("wss://"));
    let Some(host) = host else {
        let meant = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => format!("ws://{rest}"),
            Some((_, rest)) => format!("wss://{rest}"),
            None => format!("wss://{url}"),
        };
        return Err(format!(
            "a stack is served at `ws://…` or `wss://…`, did you mean `{meant}`?"
        ));
    };
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("there is a space in it".to_owned());
    }
    if host
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .is_empty()
    {
        return Err("it names no host".to_owned());
    }
    Ok(url.to_owned())
}

/// The directory of the package `hyperstack-sdk`.
pub(super) fn sdk_path(path: &str) -> Result<PathBuf, String> {
    let directory = Path::new(path);
    if !directory.is_dir() {
        return Err("there is no such directory".to_owned());
    }
    let found = package(directory);
    if found.as_deref() == Some(SDK) {
        return Ok(directory.to_owned());
    }
    let inside = directory.join(SDK);
    if package(&inside).as_deref() == Some(SDK) {
        let inside = inside.display();
        return Err(format!(
            "the package is in a directory of it, pass `{inside}`"
        ));
    }
    Err(match found {
        Some(name) => format!("the package there is `{name}`, not `{SDK}`"),
        None => format!("there is no `Cargo.toml` of the package `{SDK}` in it"),
    })
}

/// The name of the package in a directory, if there is one.
fn package(directory: &Path) -> Option<String> {
    let manifest = fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let manifest: toml::Table = manifest.parse().ok()?;
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_crates() {
        for name in ["game", "game-sdk", "game_sdk2", "_game"] {
            assert_eq!(crate_name(name).as_deref(), Ok(name));
        }
        for (name, reason) in [
            ("", "it is empty; `my-stack` would do"),
            (
                "my crate",
                "` ` is neither a letter, a digit, `-` nor `_`; `my-crate` would do",
            ),
            (
                "2games",
                "it begins with neither a letter nor `_`; `stack-2games` would do",
            ),
            (
                "-game",
                "it begins with neither a letter nor `_`; `game` would do",
            ),
            (
                "type",
                "it is a word of the language; `type-stack` would do",
            ),
            ("std", "it is a crate of the language; `std-stack` would do"),
            (
                "hyperstack_sdk",
                "it is the crate that it depends on; `hyperstack_sdk-stack` would do",
            ),
        ] {
            assert_eq!(crate_name(name).unwrap_err(), reason);
        }
    }

    #[test]
    fn urls() {
        for good in [
            "ws://localhost:8080",
            "wss://game.example/path?x=1",
            "WSS://a",
        ] {
            assert_eq!(url(good).as_deref(), Ok(good));
        }
        for (bad, reason) in [
            ("https://a.b", "did you mean `wss://a.b`?"),
            ("http://a.b", "did you mean `ws://a.b`?"),
            ("a.b", "did you mean `wss://a.b`?"),
            ("wss:///x", "it names no host"),
            ("wss://a b", "there is a space in it"),
        ] {
            assert!(url(bad).unwrap_err().ends_with(reason), "{bad}");
        }
    }
}
