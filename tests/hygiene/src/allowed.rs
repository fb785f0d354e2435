//! Lints allowed on a struct are allowed on its generated code.

use sdk::{Entity, Leaf, Section, Views};

/// A struct with names of another language.
#[allow(non_snake_case)]
#[derive(Clone, Debug, PartialEq, Eq, Entity, Views)]
#[entity(crate = sdk)]
#[view(topFive, single)]
pub struct Camel {
    /// A number.
    pub roundId: u64,
    /// A list.
    pub topFive: Vec<u64>,
}

/// A struct with such a name of its own.
#[allow(non_camel_case_types)]
#[derive(Clone, Debug, PartialEq, Eq, Entity, Views)]
#[entity(crate = sdk)]
pub struct ore_round {
    /// A list.
    pub list: Vec<u64>,
}

/// An entity that is deprecated.
#[deprecated]
#[derive(Clone, Debug, PartialEq, Eq, Entity, Views)]
#[entity(crate = sdk, key(id: u64))]
#[view(latest, single)]
pub struct OldRound {
    /// A number.
    pub id: u64,
    /// A list.
    pub list: Vec<u64>,
}

/// A leaf that is deprecated.
#[deprecated]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct OldSlot(pub u64);

/// A struct that may use what is deprecated.
#[allow(deprecated)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct UsesOld {
    /// A slot.
    pub slot: OldSlot,
}
