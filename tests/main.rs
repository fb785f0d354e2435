//! The promises to users, end to end, against the in-process server: one file each.

mod answers;
mod defects;
mod documentation;
mod faults;
mod filters;
mod order;
mod policies;
mod readers;
mod recordings;
mod settings;
mod stack;
mod stopping;
mod support;
mod sync_reads;
mod windows;
