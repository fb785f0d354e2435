//! Stands for a crate that the server depends on and uses nothing of.
