//! From a stack file to a typed crate.

pub mod model;
