//! From a stack file to a typed crate.

pub mod config;
pub mod find;
pub mod model;
mod nearest;
pub mod output;
pub mod rust;
pub mod spec;
