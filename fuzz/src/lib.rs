//! Properties that hold for any bytes, as functions that panic if they do not.
//!
//! A fuzzer calls them, and so does the test of the corpus, which needs neither the fuzzer nor a nightly
//! toolchain. They use only the SDK's public API.
#![forbid(unsafe_code)]

mod frame;
mod gzip;
mod members;
mod patch;
mod row;
mod server;
mod session;

pub use frame::frame;
pub use gzip::gzip;
pub use patch::patch;
pub use session::session;

/// A target's name, and the function that it calls.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 4] = [
    ("frame", frame),
    ("gzip", gzip),
    ("session", session),
    ("patch", patch),
];
