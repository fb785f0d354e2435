//! Traits with the method names that an expansion uses.

use sdk::prelude::*;

/// A trait with a method for everything.
pub trait Extension {
    /// Called as a method of `DebugStruct` is.
    fn field(&self);
    /// Called as another.
    fn finish(&self);
    /// Called as another.
    fn finish_non_exhaustive(&self);
    /// Called as a method of `Formatter` is.
    fn debug_struct(&self);
}

impl<T> Extension for T {
    #[inline]
    fn field(&self) {}
    #[inline]
    fn finish(&self) {}
    #[inline]
    fn finish_non_exhaustive(&self) {}
    #[inline]
    fn debug_struct(&self) {}
}

/// A trait of the user's own.
pub trait Merge {
    /// Called as what the prelude's trait hides.
    fn merge(&mut self, other: Self);
}

/// An entity.
#[derive(Clone, Debug, PartialEq, Eq, Entity, Views)]
#[entity(crate = sdk, key(number: u64))]
#[view(latest, single)]
pub struct Round {
    /// A number.
    pub number: u64,
    /// A list.
    pub list: Vec<u64>,
}

impl Merge for Round {
    #[inline]
    fn merge(&mut self, other: Self) {
        self.list.extend(other.list);
    }
}

/// Both in one.
#[must_use]
#[inline]
pub fn both(mut one: Round, other: Round) -> Round {
    one.merge(other);
    one
}

/// A stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Stack)]
#[stack(crate = sdk, url = "wss://ore.example", entities(Round))]
pub struct Ore;
