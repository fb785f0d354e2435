//! Tests of `hs stream` and `hs serve`.
#![cfg(feature = "hs")]

#[path = "running/support.rs"]
mod support;

#[path = "running/lines.rs"]
mod lines;
#[path = "running/mistakes.rs"]
mod mistakes;
#[path = "running/save.rs"]
mod save;
#[path = "running/serve.rs"]
mod serve;
#[path = "running/tape.rs"]
mod tape;
