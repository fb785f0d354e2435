//! `hs`.

fn main() {}
