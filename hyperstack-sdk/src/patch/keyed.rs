//! The key of an entity as a value of its own type: `#[entity(key = "id.round_id")]`.
//!
//! A derive sees the path, and not the types along it. Each struct therefore says what its fields
//! are, by their names' numbers ([`HasField`]), and the type of the key follows. What is wrong with
//! a path is reported by the way of a [`Step`] for each of its fields, where the path is written.

use super::{Entity, Key};
use std::sync::Arc;

/// An entity that says which of its fields is its key. Derived, by `#[entity(key = "..")]`.
///
/// ```
/// use hyperstack_sdk::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Entity)]
/// #[entity(key = "id.round_id")]
/// pub struct OreRound {
///     pub id: RoundId,
///     pub motherlode: Option<f64>,
/// }
///
/// #[derive(Debug, Clone, PartialEq, Section)]
/// pub struct RoundId {
///     pub round_id: u64,
/// }
///
/// fn latest(rounds: &[OreRound]) -> Option<u64> {
///     rounds.iter().map(|round| *round.key()).max()
/// }
/// # let rounds = [4, 2].map(|round_id| OreRound { id: RoundId { round_id }, motherlode: None });
/// # assert_eq!(latest(&rounds), Some(4));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no typed key",
    label = "does not say which of its fields is its key",
    note = "say it beside `#[derive(Entity)]`: `#[entity(key = \"id\")]`"
)]
pub trait Keyed: Entity {
    /// The type of the field.
    type Key: Key;

    /// The field.
    fn key(&self) -> &Self::Key;
}

/// A struct with a field of the name that has the number `NAME`. The lifetime carries nothing, so
/// that a bound by this may be false.
#[doc(hidden)]
pub trait HasField<'x, const NAME: u128> {
    /// The field's type.
    type Type;

    /// The field.
    fn field(&self) -> &Self::Type;
}

/// A type as an associated type, which may be more private than who mentions it.
pub trait Is<'x> {
    /// `Self`.
    type Is;

    /// `self`.
    fn is(&self) -> &Self::Is;
}

impl<T> Is<'_> for T {
    type Is = T;

    fn is(&self) -> &T {
        self
    }
}

macro_rules! pointers {
    ($($pointer:ident)*) => {$(
        impl<'x, const NAME: u128, T: HasField<'x, NAME>> HasField<'x, NAME> for $pointer<T> {
            type Type = T::Type;

            fn field(&self) -> &T::Type {
                (**self).field()
            }
        }
    )*};
}

pointers! { Box Arc }

/// A field on the path of a key, where the compiler checks it. Its methods hide those of
/// [`AnyStep`], of the same names, where the field is an `Option`.
#[derive(Debug)]
pub struct Step<'a, T>(&'a T);

/// The step to a field, by way of a trait: of a field that is not there, which has no type, it is
/// none either, and nothing more is reported.
pub fn step<'a, T: Stepped<'a>>(field: &'a T) -> T::Step {
    field.step()
}

/// What can be a field.
pub trait Stepped<'a> {
    /// The step to it.
    type Step;

    /// The step to it.
    fn step(&'a self) -> Self::Step;
}

impl<'a, T: 'a> Stepped<'a> for T {
    type Step = Step<'a, T>;

    fn step(&'a self) -> Step<'a, T> {
        Step(self)
    }
}

impl<'a, T> Step<'a, Option<T>> {
    /// What the path goes on from.
    pub fn through(self) -> &'a T
    where
        Option<T>: AlwaysThere,
    {
        unreachable!("no `Option` is always there")
    }

    /// Ends the path.
    pub fn end(self)
    where
        Option<T>: AlwaysThere,
    {
    }
}

/// A field on the path of a key that is no `Option`.
pub trait AnyStep<'a, T> {
    /// What the path goes on from.
    fn through(self) -> &'a T;

    /// Ends the path.
    fn end(self)
    where
        T: Key;
}

impl<'a, T> AnyStep<'a, T> for Step<'a, T> {
    fn through(self) -> &'a T {
        self.0
    }

    fn end(self)
    where
        T: Key,
    {
    }
}

/// What no `Option` is.
#[diagnostic::on_unimplemented(
    message = "every row has a key, and an `{Self}` may be none",
    label = "goes through an `Option`",
    note = "make it a field that is always there, or leave out `key`"
)]
pub trait AlwaysThere {}
