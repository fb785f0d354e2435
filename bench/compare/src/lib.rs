//! The derives of `hyperstack-sdk` beside other ways to a patch, on the same ten structs.
//!
//! [`ability`] says what each struct is to do, in JSON. Each library has a module in which it is used
//! as its documentation advises, and [`judge`] runs them all. [`table`] prints what came out.

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
