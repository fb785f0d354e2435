//! Runs every file of the corpus, and variations of them, through its target.

use hyperstack_fuzz::TARGETS;
use std::path::{Path, PathBuf};

/// The number of variations per target, unless `FUZZ_INPUTS` is set.
const INPUTS: u64 = 20_000;

/// Tokens to insert into inputs: JSON's punctuation and the protocol's words.
const WORDS: [&[u8]; 28] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\\",
    b"null",
    b"true",
    b"-",
    b"e9",
    b"\\u0000",
    b"\"key\":",
    b"\"data\":",
    b"\"op\":",
    b"patch",
    b"delete",
    b"snapshot",
    b"_seq",
    b"\n",
    b" ",
    b"9007199254740993",
    b"\xff",
    b"\"subscriptionId\":",
    b"\"query\":",
    b"subscribed",
    b"remove",
];

#[test]
fn frame() {
    run("frame");
}

#[test]
fn gzip() {
    run("gzip");
}

#[test]
fn session() {
    run("session");
}

#[test]
fn patch() {
    run("patch");
}

fn run(name: &str) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("a target of this name");
    let files = files(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(name),
    );
    assert!(!files.is_empty(), "no corpus of {name}");
    for (path, bytes) in &files {
        check(&path.display().to_string(), target, bytes);
    }
    let inputs = std::env::var("FUZZ_INPUTS")
        .ok()
        .and_then(|text| text.parse().ok());
    let mut random = Random(53);
    for number in 0..inputs.unwrap_or(INPUTS) {
        let mut bytes = files[random.below(files.len())].1.clone();
        for _ in 0..=random.below(6) {
            mutate(&mut bytes, &files[random.below(files.len())].1, &mut random);
        }
        check(&format!("input {number}"), target, &bytes);
    }
}

/// Returns the files in a fixed order, so that a failure depends on the commit and not on the machine.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder of the corpus");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("a file");
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// Runs a target, and names the input if it panics.
fn check(name: &str, target: &fn(&[u8]), bytes: &[u8]) {
    struct Shown<'a>(&'a str, &'a [u8]);

    impl Drop for Shown<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("{}: b\"{}\"", self.0, self.1.escape_ascii());
            }
        }
    }

    let shown = Shown(name, bytes);
    target(shown.1);
}

/// Makes one change: to a byte or a piece, or by inserting a token or a piece of another input.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = at + random.below((bytes.len() - at).min(64) + 1);
    let piece = match random.below(6) {
        0 => vec![random.below(256) as u8],
        1 => Vec::new(),
        2 => WORDS[random.below(WORDS.len())].to_vec(),
        3 => bytes[at..end].repeat(2),
        4 => bytes[at..end]
            .iter()
            .map(|byte| byte ^ 1 << random.below(8))
            .collect(),
        _ => {
            let from = random.below(other.len() + 1);
            other[from..from + random.below((other.len() - from).min(64) + 1)].to_vec()
        }
    };
    let end = if random.below(3) == 0 { at } else { end };
    bytes.splice(at..end, piece);
}

/// SplitMix64: numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    /// Returns a number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
}
