//! Types that mention the struct, or a name that only looks like it.

use sdk::{Entity, Leaf, Section};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// A section that holds itself, with a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Tree<T> {
    /// A value.
    pub value: T,
    /// The next.
    pub next: Option<Box<Self>>,
    /// More.
    pub children: Vec<Self>,
    /// And more.
    pub by_name: BTreeMap<String, Self>,
}

/// A section that holds itself, and no field that is a parameter alone.
#[derive(Clone, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Chain<T> {
    /// A value.
    pub value: Option<T>,
    /// The next.
    pub next: Option<Box<Self>>,
}

/// An entity that does.
#[derive(Clone, Debug, PartialEq, Eq, Entity)]
#[entity(crate = sdk, key(id: u64))]
pub struct Node<T> {
    /// A number.
    pub id: u64,
    /// A value.
    pub value: T,
    /// More.
    pub children: Vec<Self>,
}

/// A leaf that does.
#[derive(Clone, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct LeafTree<T>(pub T, pub Vec<Self>);

/// Structs of names that are taken above.
pub mod base {
    /// A section.
    #[derive(Clone, Debug, PartialEq, Eq, sdk::Section)]
    #[section(crate = sdk)]
    pub struct Pair<T> {
        /// A value.
        pub value: T,
        /// A list.
        pub list: Vec<T>,
    }

    /// A leaf.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, sdk::Leaf)]
    #[leaf(crate = sdk)]
    pub struct Newtype<T>(pub T);
}

/// A section around another of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Pair<T> {
    /// The other.
    pub inner: base::Pair<T>,
}

/// A leaf around another of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Leaf)]
#[leaf(crate = sdk)]
pub struct Newtype<T>(pub base::Newtype<T>);

/// A parameter that is a word of Rust, off the wire.
#[allow(non_camel_case_types)]
#[derive(Clone, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Raw<r#type> {
    /// A list.
    pub list: Vec<u64>,
    /// What mentions the parameter.
    #[field(skip)]
    pub tag: PhantomData<r#type>,
}

/// A field that is called as the one that stands in for a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Section)]
#[section(crate = sdk)]
pub struct Marked<T> {
    /// A list.
    #[allow(clippy::pub_underscore_fields)]
    pub __t: Vec<u64>,
    /// What mentions the parameter.
    #[field(skip)]
    pub tag: PhantomData<T>,
}

/// Parameters that are called as those of an expansion are.
#[derive(Clone, Debug, PartialEq, Eq, Entity)]
#[entity(crate = sdk, key(t: __T))]
pub struct Underscored<__T, __T0, __A, __D, __M, __S> {
    /// The key.
    pub t: __T,
    /// The others.
    pub others: Vec<(__T0, __A, __D, __M, __S)>,
}
