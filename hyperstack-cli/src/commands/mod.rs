//! What `hs` can do, a module for each command.

pub(crate) mod serve;
pub(crate) mod stream;
