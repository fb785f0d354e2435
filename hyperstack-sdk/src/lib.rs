//! A typed client for Hyperstack.

pub mod patch;
pub mod session;
#[cfg_attr(not(feature = "client"), allow(dead_code, unused_imports))]
mod store;
#[cfg_attr(not(feature = "client"), allow(dead_code, unused_imports))]
mod stream;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
