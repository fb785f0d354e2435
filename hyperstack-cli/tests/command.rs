//! `hs`, as it is called.

#[path = "command/config.rs"]
mod config;
#[path = "command/create.rs"]
mod create;
#[path = "command/find.rs"]
mod find;
#[path = "command/list.rs"]
mod list;
#[path = "command/output.rs"]
mod output;
#[path = "command/speech.rs"]
mod speech;
#[path = "command/stack.rs"]
mod stack;
#[path = "command/support.rs"]
mod support;
