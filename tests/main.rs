//! The promises to users, end to end, against the in-process server: one file each.

mod defects;
mod documentation;
mod faults;
mod order;
mod readers;
mod recordings;
mod settings;
mod stack;
mod stopping;
mod support;
