//! The SDK against the real server, one file for each theme. Whatever happens, the SDK's rows equal the
//! server's cache in the end.

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

/// The error type of the tests.
type Outcome = Result<(), Box<dyn std::error::Error>>;
