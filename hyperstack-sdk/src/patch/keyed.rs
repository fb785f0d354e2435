//! Typed entity keys: `#[entity(key = "id.round_id")]`.
//!
//! A derive sees the path, but not the types along it. So each struct implements [`HasField`] for each of its fields,
//! numbered by name, and the compiler finds the key's type. A [`Step`] for each field of the path makes the compiler
//! report errors where the path is written.

use super::{Entity, Key};
use std::fmt::{self, Display};
use std::sync::Arc;

/// An entity with a typed key. Implemented by `#[entity(key = "..")]`.
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
    label = "does not declare its key field",
    note = "declare it below `#[derive(Entity)]`: `#[entity(key = \"id\")]`"
)]
pub trait Keyed: Entity {
    /// The type of the key field.
    type Key: Key;

    /// Returns the key field.
    fn key(&self) -> &Self::Key;
}

/// A struct with a field whose name has the number `NAME`.
///
/// The lifetime is unused. It only makes the compiler accept a bound with this trait that does not hold.
#[doc(hidden)]
pub trait HasField<'x, const NAME: u128> {
    /// The field's type.
    type Type;

    /// Returns the field.
    fn field(&self) -> &Self::Type;
}

/// Stands for the type of a key field in rustdoc, because the derive does not know that type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyFieldType {}

impl Display for KeyFieldType {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Key for KeyFieldType {
    fn parse(_: &str) -> Option<Self> {
        None
    }
}

/// Makes a type an associated type, because a public item may name a private type only that way.
pub trait Is<'x> {
    /// Is `Self`.
    type Is;

    /// Returns `self`.
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

/// A field on the path of a key, for the compiler's checks. If the field is an `Option`, its own methods hide the
/// methods of the same names in [`AnyStep`].
#[derive(Debug)]
pub struct Step<'a, T>(&'a T);

/// Returns the step to a field. It goes through a trait, so that a missing field, which has no type, causes no second
/// error.
pub fn step<'a, T: Stepped<'a>>(field: &'a T) -> T::Step {
    field.step()
}

/// A type with a step: every type.
pub trait Stepped<'a> {
    /// The type of the step.
    type Step;

    /// Returns the step to this field.
    fn step(&'a self) -> Self::Step;
}

impl<'a, T: 'a> Stepped<'a> for T {
    type Step = Step<'a, T>;

    fn step(&'a self) -> Step<'a, T> {
        Step(self)
    }
}

impl<'a, T> Step<'a, Option<T>> {
    /// Returns the value in which the path continues.
    pub fn through(self) -> &'a T
    where
        Option<T>: AlwaysThere,
    {
        unreachable!("`Option` does not implement `AlwaysThere`")
    }

    /// Ends the path.
    pub fn end(self)
    where
        Option<T>: AlwaysThere,
    {
    }
}

/// A field on the path of a key that is not an `Option`.
pub trait AnyStep<'a, T> {
    /// Returns the value in which the path continues.
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

/// Never implemented for an `Option`.
#[diagnostic::on_unimplemented(
    message = "a key cannot be optional, but `{Self}` can be `None`",
    label = "the path goes through an `Option`",
    note = "use a field that is not an `Option`, or remove `key`"
)]
pub trait AlwaysThere {}
