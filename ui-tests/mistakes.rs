//! Every mistake in these folders is one error, on the right token, that says what would work.
//!
//! The texts depend on the version of the compiler: CONTRIBUTING says how to write them anew.

use std::fs;
use std::path::{Path, PathBuf};

/// The kinds of mistake.
const KINDS: &[&str] = &[
    "unknown_key",
    "duplicate",
    "conflict",
    "malformed",
    "wrong_place",
    "wrong_shape",
    "missing_derive",
    "bad_key_path",
    "unsupported_serde",
    "name_clash",
    "together",
];

#[test]
fn mistakes_are_explained() {
    // One run for all, so that what they depend on is built once.
    let cases = trybuild::TestCases::new();
    for kind in KINDS {
        cases.compile_fail(format!("{kind}/*.rs"));
    }
}

#[test]
fn a_mistake_is_one_error() {
    for text in texts() {
        let errors = errors(&text);
        let name = text.file_stem().unwrap_or_default().to_string_lossy();
        let expected = if name.starts_with("three_mistakes") {
            3
        } else {
            1
        };
        assert_eq!(errors, expected, "{}", text.display());
    }
}

/// What quotes the standard library does so only where its source is installed.
#[test]
fn texts_are_the_same_on_every_machine() {
    for text in texts() {
        let said = fs::read_to_string(&text).expect("a text");
        for place in ["$RUST", "$CARGO", "/rustc/", "/home/", "C:\\"] {
            assert!(!said.contains(place), "{}: {place}", text.display());
        }
    }
}

/// The errors in a text.
fn errors(text: &Path) -> usize {
    let said = fs::read_to_string(text).expect("a text");
    said.lines()
        .filter(|line| line.starts_with("error") || line.starts_with("warning"))
        .count()
}

/// What the compiler says to each mistake.
fn texts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = KINDS.iter().flat_map(|kind| {
        let folder = fs::read_dir(root.join(kind)).expect("a folder");
        folder.map(|file| file.expect("a file").path())
    });
    files
        .filter(|file| file.extension().is_some_and(|ext| ext == "stderr"))
        .collect()
}
