//! Every mistake in these folders causes one error, at the right token, that says how to fix it.
//!
//! The recorded outputs depend on the compiler's version. CONTRIBUTING says how to record them again.

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
    // One run for all, so that the dependencies are built once.
    let cases = trybuild::TestCases::new();
    for kind in KINDS {
        cases.compile_fail(format!("{kind}/*.rs"));
    }
}

#[test]
fn a_mistake_is_one_error() {
    for path in outputs() {
        let errors = errors(&path);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let expected = if name.starts_with("three_mistakes") {
            3
        } else {
            1
        };
        assert_eq!(errors, expected, "{}", path.display());
    }
}

/// The compiler quotes the standard library only if its source is installed.
#[test]
fn outputs_are_the_same_on_every_machine() {
    for path in outputs() {
        let output = fs::read_to_string(&path).expect("a readable file");
        for place in ["$RUST", "$CARGO", "/rustc/", "/home/", "C:\\"] {
            assert!(!output.contains(place), "{}: {place}", path.display());
        }
    }
}

/// Returns the number of errors and warnings in a recorded output.
fn errors(path: &Path) -> usize {
    let output = fs::read_to_string(path).expect("a readable file");
    output
        .lines()
        .filter(|line| line.starts_with("error") || line.starts_with("warning"))
        .count()
}

/// Returns the paths of all recorded outputs.
fn outputs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = KINDS.iter().flat_map(|kind| {
        let folder = fs::read_dir(root.join(kind)).expect("a folder");
        folder.map(|file| file.expect("a file").path())
    });
    files
        .filter(|file| file.extension().is_some_and(|ext| ext == "stderr"))
        .collect()
}
