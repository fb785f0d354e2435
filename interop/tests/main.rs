//! The SDK against the real server: one file for each theme. In each, what the SDK holds is what the
//! server's cache holds.

mod snapshots;
mod support;
