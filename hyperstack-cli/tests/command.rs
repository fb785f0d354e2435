//! Tests of `hs sdk`, `hs stack` and `hs completions`.

#[path = "command/artifacts.rs"]
mod artifacts;
#[path = "command/config.rs"]
mod config;
#[path = "command/create.rs"]
mod create;
#[path = "command/find.rs"]
mod find;
#[path = "command/flags.rs"]
mod flags;
#[path = "command/help.rs"]
mod help;
#[path = "command/infer.rs"]
mod infer;
#[path = "command/list.rs"]
mod list;
#[path = "command/output.rs"]
mod output;
#[path = "command/stack.rs"]
mod stack;
#[path = "command/support.rs"]
mod support;
