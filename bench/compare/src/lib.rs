//! Compares the derives of `hyperstack-sdk` with other patch libraries, on the same ten structs.
//!
//! [`ability`] has the cases for each struct, in JSON. Each library has a module that uses it as its
//! documentation advises. [`judge`] runs them all, and [`table`] prints the results.

pub mod ability;
pub mod judge;
pub mod table;

mod by_optfield;
mod by_partially;
mod by_serde;
mod by_struct_patch;
mod lenient;
mod ours;

use judge::Library;

/// All libraries, ours first.
pub fn libraries() -> [Library; 5] {
    [
        ours::library(),
        by_struct_patch::library(),
        by_optfield::library(),
        by_partially::library(),
        by_serde::library(),
    ]
}
