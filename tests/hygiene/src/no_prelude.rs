//! Without the prelude.

#![no_implicit_prelude]

use ::core::clone::Clone;
use ::core::cmp::{Eq, PartialEq};
use ::core::fmt::Debug;
use ::core::marker::Copy;
use ::core::option::Option;
use ::sdk::{Entity, Leaf, Section, Stack, Views};
use ::std::string::String;
use ::std::vec::Vec;

/// An entity.
#[derive(Clone, Debug, PartialEq, Eq, Entity, Views)]
#[entity(crate = ::sdk, key(id.number: u64))]
#[view(latest, single)]
pub struct Round {
    /// A section.
    pub id: Id,
    /// A leaf.
    pub phase: Phase,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, Section)]
#[section(crate = ::sdk)]
pub struct Id {
    /// A number.
    pub number: u64,
    /// A list.
    #[field(append(max = 3))]
    pub list: Vec<u64>,
    /// With the type's default.
    #[field(default)]
    pub default: Option<u64>,
    /// Off the wire.
    #[field(skip)]
    pub skipped: Option<u64>,
}

/// A leaf.
#[derive(Clone, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = ::sdk)]
pub enum Phase {
    /// Known.
    Open,
    /// Anything else.
    #[leaf(other)]
    Other(String),
}

/// A stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Stack)]
#[stack(crate = ::sdk, url = "wss://ore.example", entities(Round))]
pub struct Ore;
