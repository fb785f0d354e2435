//! The parsed item: what the attributes and the struct say, put together.

mod leaf;
mod record;
mod views;

pub(crate) use leaf::{Leaf, LeafShape, Other, Variant};
pub(crate) use record::{mentions, Field, Record};
pub(crate) use views::Views;
