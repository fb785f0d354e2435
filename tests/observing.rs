//! What a program can observe: spans and events of `tracing`, and the counters of each subscription.

mod logs;
mod stats;
