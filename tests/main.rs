//! The promises to users, end to end, against the in-process server: one file each.
//!
//! `README.md` lists the tests of each promise.

mod answers;
mod auth;
mod bad_values;
mod combinations;
mod connection_states;
mod defects;
mod defects_v2;
mod detection;
mod documentation;
mod faults;
mod filters;
mod missing_fields;
mod numbers;
mod observing;
mod order;
mod policies;
mod protocol_v2;
mod raw;
mod readers;
mod record;
mod recordings;
mod resume;
mod row_limit;
mod server_defects;
mod settings;
mod stack;
mod stack_use;
mod stopping;
mod support;
mod sync_reads;
mod tapes;
mod typed_rows;
mod upstreams;
mod warnings;
mod windows;
