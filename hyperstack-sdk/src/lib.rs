//! A typed client for Hyperstack.

pub mod patch;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
