//! Prints the time of the derived decoder compared with the handwritten one.
//!
//! The decoders take turns in short rounds and the ratio is taken within each round, so that a busy
//! machine slows both alike.

use decode::{by_hand, derived, payload, plain};
use std::hint::black_box;
use std::time::Instant;

/// How often each decoder is timed; one round of all three takes about 3 ms.
const ROUNDS: usize = 501;
/// How many bytes a decoder reads in one round.
const BYTES: usize = 500_000;

fn main() {
    println!("Fastest round of {ROUNDS}; the ratio is of derived to by hand.\n");
    println!("| payload | bytes | by hand | derived | serde's derive | ratio | median ratio |");
    println!("|---|---|---|---|---|---|---|");
    row("a whole row", payload::ROW);
    row("a patch of three fields", payload::PATCH);
}

fn row(name: &str, json: &str) {
    let rounds: Vec<[f64; 3]> = (0..ROUNDS).map(|_| round(json)).collect();
    let fastest = |i: usize| rounds.iter().map(|times| times[i]).fold(f64::MAX, f64::min);
    let [hand, ours, plain] = [0, 1, 2].map(fastest);
    let mut ratios: Vec<f64> = rounds.iter().map(|[hand, ours, _]| ours / hand).collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "| {name} | {} | {hand:.0} ns | {ours:.0} ns | {plain:.0} ns | {:.2} | {:.2} |",
        json.len(),
        ours / hand,
        ratios[ROUNDS / 2],
    );
}

/// The times of one call of each decoder.
fn round(json: &str) -> [f64; 3] {
    let repeat = BYTES / json.len();
    [
        time(repeat, || by_hand(black_box(json))),
        time(repeat, || derived(black_box(json))),
        time(repeat, || plain(black_box(json))),
    ]
}

/// Nanoseconds of one call.
fn time<T, E>(repeat: usize, call: impl Fn() -> Result<T, E>) -> f64 {
    let start = Instant::now();
    for _ in 0..repeat {
        // The measured time includes freeing the result. The types are the same, or of the same size.
        assert!(black_box(call()).is_ok());
    }
    start.elapsed().as_nanos() as f64 / repeat as f64
}
