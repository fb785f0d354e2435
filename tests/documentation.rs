//! The user documentation of the Rust SDK 0.5, snippet by snippet.
//!
//! Every Rust snippet of the page is here unchanged, in the page's order, and runs against the in-process
//! server. Three things differ: the URL is the server's, a local `println!` keeps its output for the test,
//! and endless loops end with the connection.

// The snippets stay as documented, even if a lint objects.
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
