//! Counts the lines that the published generator and ours generate from stack files.
#![forbid(unsafe_code)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use hyperstack_cli::model::Stack;
use hyperstack_cli::rust::{generate, Options};
use hyperstack_interpreter::ast::SerializableStackSpec;
use hyperstack_interpreter::rust::compile_stack_spec;
use hyperstack_interpreter::versioned::{load_stack_spec, load_stream_spec};

/// The default stack files.
const STACKS: [&str; 3] = [
    "../hyperstack-cli/fixtures/specs/OreStream@0.6.9.stack.json",
    "../hyperstack-cli/fixtures/specs/PumpfunToken@70dcbde.ast.json",
    "../examples/.hyperstack/SettlementGame.stack.json",
];
const FILES: [&str; 3] = ["src/lib.rs", "src/types.rs", "src/entity.rs"];
const RUNS: usize = 101;

fn main() {
    let named: Vec<_> = env::args().skip(1).collect();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = if named.is_empty() {
        STACKS.iter().map(|path| here.join(path)).collect()
    } else {
        named.into_iter().map(Into::into).collect::<Vec<_>>()
    };
    println!("| stack | file | published: as written | by rustfmt | of these, code | ours | of these, code |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    let mut times = Vec::new();
    for path in paths {
        let json = fs::read_to_string(&path).expect("a stack file");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (published, ours) = (published(&json), ours(&json));
        let mut sum = [Some(0); 5];
        for (file, (published, ours)) in FILES.iter().zip(published.iter().zip(&ours)) {
            let formatted = rustfmt(published);
            let counts = [
                Some(lines(published)),
                formatted.as_deref().map(lines),
                formatted.as_deref().map(code),
                Some(lines(ours)),
                Some(code(ours)),
            ];
            row(&name, file, counts);
            for (sum, count) in sum.iter_mut().zip(counts) {
                *sum = sum.zip(count).map(|(sum, count)| sum + count);
            }
        }
        row(&name, "all", sum);
        times.push(format!("{name}: {:.1} ms", time(&json).as_secs_f64() * 1e3));
    }
    println!(
        "\nOurs took, from the file's text to the crate's: {}.",
        times.join(", ")
    );
}

fn row(stack: &str, file: &str, counts: [Option<usize>; 5]) {
    let counts = counts.map(|count| count.map_or("no Rust".to_owned(), |count| count.to_string()));
    println!("| {stack} | {file} | {} |", counts.join(" | "));
}

/// Runs the published generator. Returns its files in the order of [`FILES`].
fn published(json: &str) -> [String; 3] {
    let output = compile_stack_spec(stack(json), None).expect("a stack");
    [output.lib_rs, output.types_rs, output.entity_rs]
}

/// The published generator accepts the older format, one entity, only inside a stack.
fn stack(json: &str) -> SerializableStackSpec {
    load_stack_spec(json).unwrap_or_else(|_| {
        let entity = load_stream_spec(json).expect("a stack file");
        let wrapped = serde_json::json!({
            "stack_name": entity.state_name,
            "program_ids": [],
            "idls": [],
            "entities": [entity],
            "pdas": {},
            "instructions": [],
        });
        serde_json::from_value(wrapped).expect("a stack")
    })
}

fn ours(json: &str) -> [String; 3] {
    let stack = Stack::from_json(json).expect("a stack file");
    let files = generate(&stack, &Options::new(&stack));
    FILES.map(|name| {
        let file = files.iter().find(|file| file.path == Path::new(name));
        file.map(|file| file.text.clone()).unwrap_or_default()
    })
}

/// Returns the median of many runs.
fn time(json: &str) -> Duration {
    let mut times = [(); RUNS].map(|()| {
        let start = Instant::now();
        std::hint::black_box(ours(json));
        start.elapsed()
    });
    times.sort();
    times[RUNS / 2]
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

/// Counts the lines that are neither empty nor comments.
fn code(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

/// Formats a file with rustfmt. Returns `None` if it is not Rust.
fn rustfmt(text: &str) -> Option<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2021"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("rustfmt");
    let mut input = rustfmt.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("rustfmt reads");
    drop(input);
    let output = rustfmt.wait_with_output().expect("rustfmt ends");
    let formatted = String::from_utf8(output.stdout).expect("rustfmt writes text");
    output.status.success().then_some(formatted)
}
