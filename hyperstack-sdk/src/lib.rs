//! A typed client for Hyperstack.

pub mod patch;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub use patch::__private;
