//! Replaces a crate that the server depends on but does not use.
