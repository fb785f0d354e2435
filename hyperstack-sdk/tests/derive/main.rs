//! The code that the derives generate.
#![deny(warnings, missing_docs, rust_2018_idioms, unreachable_pub)]
#![deny(unused_qualifications, trivial_casts, missing_debug_implementations)]

mod attributes;
mod cases;
mod dates;
mod filter;
mod generics;
mod json_of_items;
mod keys;
mod laws;
mod leaves;
mod merge;
mod numbers;
mod odd_names;
mod paths;
mod serde_attributes;
mod shapes;
#[cfg(feature = "client")]
pub mod views;
mod visibility;
mod wide;
mod wire;
mod written_by_macro;

use hyperstack_sdk::{Patch, Patchable};
use serde_json::Value;

/// Decodes a patch of `T` from JSON.
fn patch<T: Patchable>(json: Value) -> T::Patch {
    appending::<T>(json, &[])
}

/// Decodes a patch of `T` from JSON, appending at some paths.
fn appending<T: Patchable>(json: Value, append: &[&str]) -> T::Patch {
    T::Patch::decode(&json.to_string(), append).unwrap()
}

/// Returns the text of the error of decoding a patch of `T`.
fn refused<T: Patchable>(json: &str) -> String {
    let error = T::Patch::decode(json, &[""; 0]).unwrap_err();
    error.to_string()
}

/// Decodes a value of `T` from JSON.
fn value<T: Patchable + TryFrom<T::Patch, Error: std::fmt::Debug>>(json: Value) -> T {
    T::try_from(patch::<T>(json)).unwrap()
}
