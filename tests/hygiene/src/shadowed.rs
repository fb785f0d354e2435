//! A module that shadows each common name.
//!
//! Here, only the full path leads to the real `Option`. The derives must not need more than that.

#![expect(dead_code, reason = "the names are what matters")]

/// Structs of these names.
macro_rules! structs {
    ($($name:ident)*) => {$(
        #[doc = "Not the standard one."]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        pub(crate) struct $name;
    )*};
}

/// Traits of these names.
macro_rules! traits {
    ($($name:ident)*) => {$(
        #[doc = "Not the standard one."]
        pub(crate) trait $name {}
    )*};
}

/// Modules of these names.
macro_rules! modules {
    ($($name:ident)*) => {$(
        #[doc = "Not the crate."]
        pub(crate) mod $name {}
    )*};
}

/// Macros of these names.
macro_rules! macros {
    ($($name:ident)*) => {$(
        #[expect(unused_macros, reason = "the name is what matters")]
        macro_rules! $name { () => {} }
    )*};
}

structs! { Option Some None Result Ok Err Vec String Box Arc PhantomData Formatter Slot HashMap }
traits! { Default Clone Copy PartialEq Eq Debug Display From Into TryFrom TryInto Send Sync Sized }
traits! { Fn FnOnce FnMut Drop Iterator ToString ToOwned AsRef Serialize Deserialize Serializer }
traits! { Deserializer MapAccess Entity Section Leaf Views Stack Patch Patchable Field Record Key }
modules! { core std alloc serde serde_json sdk hyperstack_sdk hyperstack_derive patch }
macros! { vec matches format write panic assert concat stringify unreachable }

/// An entity.
#[derive(
    ::core::clone::Clone,
    ::core::fmt::Debug,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::sdk::Entity,
    ::sdk::Views,
)]
#[entity(crate = ::sdk, key(id.number: u64))]
#[view(latest, single)]
#[view(top)]
#[view(by_mint, keyed)]
pub struct Round {
    /// A section.
    pub id: Id,
    /// Names.
    pub side: Side,
    /// Names, and every other one.
    pub phase: Phase,
    /// A leaf with named fields.
    pub point: ::core::option::Option<Point>,
    /// A leaf without names.
    pub pair: ::core::option::Option<Pair>,
    /// A newtype.
    pub newtype: ::core::option::Option<Newtype>,
}

/// A section.
#[derive(
    ::core::clone::Clone,
    ::core::fmt::Debug,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::sdk::Section,
)]
#[section(crate = ::sdk)]
pub struct Id {
    /// A number.
    pub number: u64,
    /// A list.
    #[field(append(max = 3))]
    pub list: ::std::vec::Vec<u64>,
    /// With the type's default.
    #[field(default)]
    pub default: u64,
    /// Off the wire.
    #[field(skip)]
    pub skipped: u64,
    /// Someone else's.
    #[field(serde)]
    pub address: ::core::option::Option<::core::net::Ipv4Addr>,
}

/// A closed enum, of names that mean much elsewhere.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::sdk::Leaf,
)]
#[leaf(crate = ::sdk)]
pub enum Side {
    /// Not of `Option`.
    Some,
    /// Not of `Option`.
    None,
    /// Not of `Result`.
    Ok,
    /// Not of `Result`.
    Err,
    /// What a field's type has as an associated type.
    Patch,
    /// What a field's type has as an associated type.
    Rule,
}

/// An open enum.
#[derive(
    ::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq, ::core::cmp::Eq, ::sdk::Leaf,
)]
#[leaf(crate = ::sdk)]
pub enum Phase {
    /// Not of `Option`.
    None,
    /// Anything else.
    #[leaf(other)]
    Some(::std::string::String),
}

/// A struct as a leaf.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::sdk::Leaf,
)]
#[leaf(crate = ::sdk)]
pub struct Point {
    /// A number.
    pub x: u64,
}

/// A tuple as a leaf.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::sdk::Leaf,
)]
#[leaf(crate = ::sdk)]
pub struct Pair(pub u8, pub u8);

/// A newtype as a leaf.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::sdk::Leaf,
)]
#[leaf(crate = ::sdk)]
pub struct Newtype(pub u64);

/// A stack.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::sdk::Stack,
)]
#[stack(crate = ::sdk, url = "wss://ore.example", entities(Round))]
pub struct Ore;
