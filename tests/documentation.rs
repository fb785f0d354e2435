//! The user documentation of the Rust SDK 0.5, snippet by snippet.
//!
//! Every Rust snippet of the page is here as it stands there, in the page's order, and runs against
//! the in-process server. Three things differ: the URL is the server's, the local `println!` keeps
//! what it is told so that a test can read what a user would, and endless loops end because the
//! connection does.

// Where a lint would have it otherwise, the page is right.
#![allow(clippy::single_match, clippy::unnecessary_sort_by)]

#[macro_use]
mod page;
mod my_stack;

mod quick_start;

mod client;
mod core_methods;

mod updates;

mod operators;

mod views;

mod nested_options;

mod connection;

mod examples;
