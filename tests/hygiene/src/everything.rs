//! Each derive, each shape and each key of an attribute, as public as can be.

use sdk::{Entity, Leaf, Section, Stack, Views};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// An entity.
#[derive(Clone, Debug, PartialEq, Entity, Views)]
#[entity(crate = sdk, name = "OreRound", key(id.number: u64), rename_all = "camelCase")]
#[view(latest, single)]
#[view(top, id = "OreRound/top5")]
#[view(by_mint, keyed)]
pub struct Round {
    /// A section.
    pub id: Id,
    /// A float.
    pub best_bet: Option<f64>,
    /// Never sent, null, or a value.
    #[field(rename = "end", alias = "expires")]
    pub expires_at: Option<Option<i64>>,
    /// A list.
    #[field(append(max = 3))]
    pub winners: Vec<String>,
    /// A list that may be null.
    #[field(append(max = 3))]
    pub losers: Option<Vec<String>>,
    /// A number with a default.
    #[field(default = 3)]
    pub slots: u64,
    /// What is off the wire.
    #[field(skip)]
    pub seen: u64,
    /// A type of someone else's.
    #[field(serde)]
    pub address: Option<Ipv4Addr>,
    /// Sections by key.
    pub bets: BTreeMap<u64, Id>,
    /// Names.
    pub side: Side,
    /// Names, and every other one.
    pub phase: Phase,
    /// A leaf with named fields.
    pub point: Option<Point>,
    /// A leaf without names.
    pub pair: Option<Pair>,
    /// A newtype.
    pub slot: Option<Slot>,
    /// Nothing.
    pub nothing: Empty,
    #[field(default)]
    private: u64,
}

/// A section of a few numbers, which could be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk, rename_all = "camelCase")]
pub struct Id {
    /// A number.
    pub number: u64,
    /// Another.
    pub other: Option<u64>,
}

/// A section without fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Empty {}

/// A closed enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk, rename_all = "kebab-case")]
pub enum Side {
    /// One side.
    Long,
    /// The other.
    #[leaf(rename = "SHORT")]
    Short,
}

/// An open enum.
#[derive(Clone, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub enum Phase {
    /// Known.
    Open,
    /// Anything else.
    #[leaf(other)]
    Other(String),
}

/// A struct as a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct Point {
    /// Required.
    pub x: i64,
    /// Not required.
    pub y: Option<i64>,
}

/// A tuple as a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct Pair(pub u8, pub u8);

/// A newtype as a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct Slot(pub u64);

/// A stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Stack)]
#[stack(crate = sdk, name = "ore", url = "wss://ore.example", entities(Round))]
pub struct OreStack;
