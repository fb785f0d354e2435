//! Deprecated items are derived without warnings.

use sdk::{Leaf, Section};

/// A struct with deprecated fields, each with another attribute.
#[derive(Clone, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Fields {
    /// Plain.
    #[deprecated]
    pub plain: u64,
    /// With a default.
    #[deprecated(note = "use `plain`")]
    #[field(default = 3)]
    pub default: u64,
    /// Off the wire.
    #[deprecated]
    #[field(skip)]
    pub skipped: u64,
    /// A list.
    #[deprecated]
    #[field(append(max = 3))]
    pub list: Vec<u64>,
}

/// A section.
#[deprecated]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Old {
    /// A number.
    pub number: u64,
}

/// A leaf.
#[deprecated]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct OldSlot(pub u64);

/// A leaf.
#[deprecated]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct OldPoint {
    /// A number.
    pub x: u64,
}

/// A leaf with deprecated variants.
#[derive(Clone, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub enum Phase {
    /// Known.
    Open,
    /// Known of old.
    #[deprecated]
    Closed,
    /// Anything else.
    #[deprecated]
    #[leaf(other)]
    Other(String),
}
