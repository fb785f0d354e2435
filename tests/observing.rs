//! What a program can observe: spans and events of `tracing`, the counters of each subscription, and metrics.

mod logs;
mod metrics;
mod stats;
