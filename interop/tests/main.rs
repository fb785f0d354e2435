//! The SDK against the real server: one file for each theme. Whatever happens, what the SDK holds in
//! the end is what the server's cache holds.

mod appends;
mod derived;
mod detection;
mod freezes;
mod keyed;
mod limits;
mod live;
mod machine;
mod projected;
mod refusals;
mod removals;
mod restarts;
mod snapshots;
mod sorts;
mod stacks;
mod support;
mod tokens;
mod typed;
mod values;

/// What a test may fail with.
type Outcome = Result<(), Box<dyn std::error::Error>>;
