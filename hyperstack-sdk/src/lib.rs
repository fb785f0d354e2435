//! A typed client for Hyperstack.

pub mod patch;
pub mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
