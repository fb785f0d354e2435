//! The parsed item: the struct combined with its attributes.

mod leaf;
mod record;
mod stack;
mod ty;
mod views;

pub(crate) use leaf::{Leaf, LeafShape, Other, Payload, Variant, Variants};
pub(crate) use record::{Field, KeyPath, Record};
pub(crate) use stack::{Member, Stack};
pub(crate) use ty::{FieldType, Foreign};
pub(crate) use views::Views;
