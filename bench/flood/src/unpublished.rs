//! Stands for the published clients in a build without them.

use crate::client::Run;
use crate::measured::Measured;
use crate::Result;

/// Whether the published clients can be measured.
pub const ARE_BUILT: bool = false;

/// An entity as types of the published clients.
pub trait Types {}

impl<T> Types for T {}

/// Fails.
pub async fn measure<T: Types>(_: &Run) -> Result<Measured> {
    Err("the published clients need `--features published`".into())
}

/// Checks nothing.
#[cfg(test)]
pub fn read<T: Types>(_: &str, _: crate::contender::Generation) {}
