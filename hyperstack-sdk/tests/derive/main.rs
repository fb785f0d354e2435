//! What the derives make of plain structs.
#![deny(warnings, missing_docs, rust_2018_idioms, unreachable_pub)]

mod merge;
