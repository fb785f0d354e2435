//! Every mistake in these folders causes one error, at the right token, that says how to fix it.
//!
//! The recorded outputs are those of the compiler in the file `recorded-with`. With any other compiler, only the part of
//! each output that is our text must be the same. CONTRIBUTING says how to record the outputs again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

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
    "wrong_argument",
];

#[test]
fn mistakes_are_explained() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded-with");
    let compiler = compiler();
    if env::var_os("TRYBUILD").is_some_and(|mode| mode == "overwrite") {
        fs::write(&file, &compiler).expect("a writable file");
    }
    let recorded = fs::read_to_string(&file).expect("a readable file");
    if recorded == compiler {
        compile(Path::new(""));
    } else {
        mistakes_are_explained_by_another_compiler();
    }
}

/// Records the outputs of this compiler elsewhere, and compares our text in them.
fn mistakes_are_explained_by_another_compiler() {
    let (root, copy) = (
        Path::new(env!("CARGO_MANIFEST_DIR")),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes"),
    );
    let _ = fs::remove_dir_all(&copy);
    for output in outputs() {
        let code = output.with_extension("rs");
        let to = copy.join(code.strip_prefix(root).expect("a file of this crate"));
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(code, to).expect("a copy");
    }
    env::set_var("TRYBUILD", "overwrite");
    compile(&copy);
    let sdk = sources(&root.join("../hyperstack-sdk/src"));
    let read = |path| stable(&fs::read_to_string(path).expect("an output"), &sdk);
    for output in outputs() {
        let name = output.strip_prefix(root).expect("a file of this crate");
        assert_eq!(
            read(copy.join(name)),
            read(output.clone()),
            "{}",
            name.display()
        );
    }
}

/// Compiles all mistakes below `root`.
fn compile(root: &Path) {
    // One run for all, so that the dependencies are built once.
    let cases = trybuild::TestCases::new();
    for kind in KINDS {
        cases.compile_fail(root.join(kind).join("*.rs"));
    }
}

/// Returns the compiler's name and version.
fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let output = output.expect("a compiler").stdout;
    let version = String::from_utf8(output).expect("text");
    version.split(' ').take(2).collect::<Vec<_>>().join(" ") + "\n"
}

/// Returns the parts of an output that do not depend on the compiler, sorted: our own text and the codes of other errors.
fn stable(output: &str, sdk: &str) -> Vec<String> {
    let lines = output.lines().filter_map(|line| {
        if let Some(note) = line.trim_start().strip_prefix("= note: ") {
            let ours = sdk.contains(&format!("note = {note:?}"));
            return ours.then(|| note.to_owned());
        }
        let (code, message) = line.strip_prefix("error")?.split_once(": ")?;
        let mut names = message.split('`').skip(1).step_by(2);
        let ours = names.any(|name| {
            let generic = message.replace(name, "{Self}");
            sdk.contains(&format!("message = {generic:?}"))
        });
        Some(if code.is_empty() || ours {
            message.to_owned()
        } else {
            code.to_owned()
        })
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

/// Returns the text of all files in a folder.
fn sources(folder: &Path) -> String {
    let files = fs::read_dir(folder).expect("a folder");
    let paths = files.map(|file| file.expect("a file").path());
    paths
        .map(|path| match path.is_dir() {
            true => sources(&path),
            false => fs::read_to_string(path).expect("a text file"),
        })
        .collect()
}

#[test]
fn a_mistake_is_one_error() {
    for path in outputs() {
        let errors = errors(&path);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let expected = match &*name {
            name if name.starts_with("three_mistakes") => 3,
            // The compiler also reports the missing second argument.
            name if name.starts_with("filter_closure") => 2,
            _ => 1,
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
