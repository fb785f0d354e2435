//! What a type must know to be a field: two traits, [`Field`] for its wire and [`Rule`] for its
//! merge.

use super::context::Context;
use super::error::PatchError;
use serde::{Deserializer, Serializer};
use std::fmt::Debug;

/// What a patch says about one field: nothing, null, or a value.
pub type Slot<P> = Option<Option<P>>;

/// What every entity, section, leaf and field is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an entity",
    note = "entities and what they hold are `Clone + Debug + PartialEq + Send + Sync + 'static`"
)]
pub trait Value: Clone + Debug + PartialEq + Send + Sync + 'static {}

impl<T: Clone + Debug + PartialEq + Send + Sync + 'static> Value for T {}

/// [`Value`], with a lifetime that carries nothing: see [`Field`].
pub trait Part<'x>: Value {}

impl<T: Value> Part<'_> for T {}

/// A kind of field: by the type's own implementation of [`Field`].
#[derive(Debug)]
pub enum Native {}

/// A type that can be a field of an entity, a section or a leaf.
///
/// `Kind` tells the type's own implementation apart from the one that `#[field(serde)]` asks for.
/// The lifetime carries nothing: a bound `for<'x> T: Field<'x>` that mentions it may be false
/// without an error, so that a field of the wrong type is reported once, not by every impl.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field: it is not said how it merges",
    label = "neither a section nor a leaf",
    note = "derive `Section` for it, to merge it field by field",
    note = "or derive `Leaf` for it, to replace it whole",
    note = "or put `#[field(serde)]` on the field, to replace it whole by its serde impls"
)]
pub trait Field<'x, Kind = Native>: Value {
    /// What a patch holds for it.
    type Patch: Value;

    /// How patches merge into it.
    type Rule: Rule<Self, Self::Patch>;

    /// Reads a patch from anything but null.
    ///
    /// # Errors
    /// The deserializer's; the context then holds the path.
    fn decode<'de, D: Deserializer<'de>>(
        deserializer: D,
        cx: &mut Context<'_>,
    ) -> Result<Self::Patch, D::Error>;

    /// Writes a patch.
    ///
    /// # Errors
    /// The serializer's.
    fn encode<S: Serializer>(patch: &Self::Patch, serializer: S) -> Result<S::Ok, S::Error>;
}

/// How patches of type `P` merge into values of type `T`.
///
/// A rule says what to do with a patch; what to do with a whole [`Slot`] follows from that.
pub trait Rule<T, P> {
    /// The value of a field that was never sent.
    fn absent() -> Result<T, PatchError>;

    /// The value that null stands for; `None` where null is an error.
    fn null() -> Option<T> {
        None
    }

    /// The value that null stands for one `Option` further out.
    fn null_inside() -> Option<T> {
        None
    }

    /// A value from a patch alone.
    fn make(patch: P) -> Result<T, PatchError>;

    /// Whether `merge` into `base` (or, without one, `make`) would succeed.
    fn check(base: Option<&T>, patch: &P) -> Result<(), PatchError>;

    /// Merges a patch that `check` has passed, and says whether that changed anything.
    fn merge(value: &mut T, patch: P) -> Result<bool, PatchError>;

    /// Makes `first` mean both, in that order.
    fn then(first: &mut P, second: P);

    /// What `patch` means where nothing is left to merge with.
    fn fresh(patch: P) -> P {
        patch
    }

    /// The least that turns `value` into `later`.
    fn diff(value: &T, later: &T) -> Slot<P>;

    /// What sets `value` whole.
    fn whole(value: &T) -> Slot<P>;

    /// `make` for a slot.
    fn build_slot(slot: Slot<P>) -> Result<T, PatchError> {
        match slot {
            None => Self::absent(),
            Some(None) => Self::null().ok_or_else(PatchError::null::<T>),
            Some(Some(patch)) => Self::make(patch),
        }
    }

    /// `check` for a slot.
    fn check_slot(base: Option<&T>, slot: &Slot<P>) -> Result<(), PatchError> {
        match slot {
            None if base.is_some() => Ok(()),
            None => Self::absent().map(drop),
            Some(None) if Self::null().is_some() => Ok(()),
            Some(None) => Err(PatchError::null::<T>()),
            Some(Some(patch)) => Self::check(base, patch),
        }
    }

    /// `merge` for a slot.
    fn merge_slot(value: &mut T, slot: Slot<P>) -> Result<bool, PatchError>
    where
        T: PartialEq,
    {
        match slot {
            None => Ok(false),
            Some(None) => Ok(replace(value, Self::build_slot(slot)?)),
            Some(Some(patch)) => Self::merge(value, patch),
        }
    }

    /// `then` for slots.
    fn then_slot(first: &mut Slot<P>, second: Slot<P>) {
        let Some(second) = second else { return };
        *first = Some(match (first.take(), second) {
            (Some(Some(mut first)), Some(second)) => {
                Self::then(&mut first, second);
                Some(first)
            }
            (Some(None), Some(second)) => Some(Self::fresh(second)),
            (_, second) => second,
        });
    }
}

/// Puts `later` into `value`, and says whether that changed it.
pub(crate) fn replace<T: PartialEq>(value: &mut T, later: T) -> bool {
    let changed = *value != later;
    if changed {
        *value = later;
    }
    changed
}

/// The rule of scalars, leaves, tuples, arrays and sets: required, and replaced whole.
#[derive(Debug)]
pub enum Whole {}

impl<T: Value> Rule<T, T> for Whole {
    fn absent() -> Result<T, PatchError> {
        Err(PatchError::missing::<T>())
    }

    fn make(patch: T) -> Result<T, PatchError> {
        Ok(patch)
    }

    fn check(_: Option<&T>, _: &T) -> Result<(), PatchError> {
        Ok(())
    }

    fn merge(value: &mut T, patch: T) -> Result<bool, PatchError> {
        Ok(replace(value, patch))
    }

    fn then(first: &mut T, second: T) {
        *first = second;
    }

    fn diff(value: &T, later: &T) -> Slot<T> {
        (value != later).then(|| Some(later.clone()))
    }

    fn whole(value: &T) -> Slot<T> {
        Some(Some(value.clone()))
    }
}
