//! Code that is similar to a mistake but must compile.
#![deny(warnings)]

mod append;
mod keys;
mod leaves;
mod names;
mod serde;
mod stack;
mod views;

use hyperstack_sdk::Patchable;

/// Builds a `T` from JSON.
fn value<T: Patchable + TryFrom<T::Patch, Error: std::fmt::Debug>>(json: &str) -> T {
    let patch = serde_json::from_str(json).expect("a patch");
    T::try_from(patch).expect("a whole value")
}
