//! Validates the values of flags, and suggests valid ones.

use std::fs;
use std::path::{Path, PathBuf};

/// The package that generated crates depend on.
const SDK: &str = "hyperstack-sdk";

/// Checks that Cargo and Rust accept a crate name.
pub(super) fn crate_name(name: &str) -> Result<String, String> {
    let reason = if name.is_empty() {
        "the name is empty".to_owned()
    } else if let Some(c) = name.chars().find(|c| !is_in_names(*c)) {
        format!("unexpected `{c}`, expected letters, digits, `-` and `_`")
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        "the name must start with a letter or `_`".to_owned()
    } else if syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_err() {
        "the name is a Rust keyword".to_owned()
    } else if matches!(
        name,
        "alloc" | "core" | "proc-macro" | "proc_macro" | "std" | "test"
    ) {
        "the name belongs to a standard crate".to_owned()
    } else if name.replace('_', "-") == SDK {
        "the generated crate depends on a crate of this name".to_owned()
    } else {
        return Ok(name.to_owned());
    };
    Err(format!("{reason} (try `{}`)", similar_name(name)))
}

fn is_in_names(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// Suggests a valid crate name that is similar to an invalid one.
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

/// Checks that a URL is a WebSocket URL.
pub(super) fn url(url: &str) -> Result<String, String> {
    let lower = url.to_ascii_lowercase();
    let host = lower.strip_prefix("ws://").or(lower.strip_prefix("wss://"));
    let Some(host) = host else {
        let suggestion = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => format!("ws://{rest}"),
            Some((_, rest)) => format!("wss://{rest}"),
            None => format!("wss://{url}"),
        };
        return Err(format!(
            "expected `ws://…` or `wss://…`, did you mean `{suggestion}`?"
        ));
    };
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("the URL contains whitespace or a control character".to_owned());
    }
    if host
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .is_empty()
    {
        return Err("the URL has no host".to_owned());
    }
    Ok(url.to_owned())
}

/// Checks that a directory contains the package `hyperstack-sdk`.
pub(super) fn sdk_path(path: &str) -> Result<PathBuf, String> {
    let directory = Path::new(path);
    if !directory.is_dir() {
        return Err("no such directory".to_owned());
    }
    let found = package(directory);
    if found.as_deref() == Some(SDK) {
        return Ok(directory.to_owned());
    }
    let inside = directory.join(SDK);
    if package(&inside).as_deref() == Some(SDK) {
        let inside = inside.display();
        return Err(format!("the package is in a subdirectory, pass `{inside}`"));
    }
    Err(match found {
        Some(name) => format!("found package `{name}`, expected `{SDK}`"),
        None => format!("found no `Cargo.toml` of a package, expected package `{SDK}`"),
    })
}

/// Returns the name of the package in a directory.
fn package(directory: &Path) -> Option<String> {
    let manifest = fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let manifest: toml::Table = manifest.parse().ok()?;
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_crate_names_get_a_reason_and_a_suggestion() {
        for name in ["game", "game-sdk", "game_sdk2", "_game"] {
            assert_eq!(crate_name(name).as_deref(), Ok(name));
        }
        for (name, reason) in [
            ("", "the name is empty (try `my-stack`)"),
            (
                "my crate",
                "unexpected ` `, expected letters, digits, `-` and `_` (try `my-crate`)",
            ),
            (
                "2games",
                "the name must start with a letter or `_` (try `stack-2games`)",
            ),
            (
                "-game",
                "the name must start with a letter or `_` (try `game`)",
            ),
            ("type", "the name is a Rust keyword (try `type-stack`)"),
            (
                "std",
                "the name belongs to a standard crate (try `std-stack`)",
            ),
            (
                "hyperstack_sdk",
                "the generated crate depends on a crate of this name (try `hyperstack_sdk-stack`)",
            ),
        ] {
            assert_eq!(crate_name(name).unwrap_err(), reason);
        }
    }

    #[test]
    fn invalid_urls_get_a_reason() {
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
            ("wss:///x", "the URL has no host"),
            (
                "wss://a b",
                "the URL contains whitespace or a control character",
            ),
        ] {
            assert!(url(bad).unwrap_err().ends_with(reason), "{bad}");
        }
    }
}
