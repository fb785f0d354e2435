//! The same three decoders under divan, for its statistics and allocation counts: `cargo bench -p decode`.

use decode::payload::{PATCH, ROW};
use divan::{black_box, AllocProfiler, Bencher};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(args = ["row", "patch"])]
fn by_hand(bencher: Bencher<'_, '_>, name: &str) {
    let json = payload(name);
    bencher.bench(|| decode::by_hand(black_box(json)).unwrap());
}

#[divan::bench(args = ["row", "patch"])]
fn derived(bencher: Bencher<'_, '_>, name: &str) {
    let json = payload(name);
    bencher.bench(|| decode::derived(black_box(json)).unwrap());
}

#[divan::bench(args = ["row", "patch"])]
fn plain(bencher: Bencher<'_, '_>, name: &str) {
    let json = payload(name);
    bencher.bench(|| decode::plain(black_box(json)).unwrap());
}

fn payload(name: &str) -> &'static str {
    match name {
        "row" => ROW,
        _ => PATCH,
    }
}
